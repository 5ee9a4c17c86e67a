// What proposals collide with; and the core as a second witness of what a free bit is.

import { describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../../arch/index.js";
import type { Proposal } from "../../arch/linux/bits-schema.js";
import { defineLinuxLayout, LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import type { Finding } from "../../src/entry-bits.js";
import { absentEntry, hardwareBit } from "../../src/layout/collision-rules.js";
import { checkLayout, checkProposal, checkWishes } from "../../src/layout/collisions.js";
import { compileLayout } from "../../src/layout/compile.js";
import { compileLinuxLayout } from "../../src/layout/linux-layout.js";
import { proposedLayout } from "../../src/layout/proposed-layout.js";
import { wishesOf } from "../../src/layout/wishes.js";
import { coreOf } from "../core/support.js";
import { begin } from "../core/tables.js";
import { BOOK_NAMES, kernelNamed, kernelsOf, sourceOf } from "./bit-sources.js";

function proposalNamed(name: string): Proposal {
  const proposal = PROPOSALS.get(name);
  if (proposal === undefined) throw new Error(`no proposal ${name}`);
  return proposal;
}

const check = (proposal: Proposal) =>
  checkProposal(proposal, sourceOf(proposal.architecture), kernelsOf(proposal.architecture));

const PBHA = "PBHA (FEAT_HPDS2 with TCR_EL1.HWUnn)";
const AIE = "AttrIndx3 (FEAT_AIE with TCR2_EL1.AIE)";
const POE = "POIndex (FEAT_S1POE with TCR2_EL1.POE)";
const WORKS = "works";
const SAID = "works if bit 63 stays software's (said from 6.11 on)";
/** Linux switches POE on from 6.12. */
const OVERLAY = [
  `works, but not with ${PBHA}`,
  `works, but not with ${POE} or ${PBHA}`,
  `works, but not with ${POE} or ${PBHA}`,
];
const BIT59 = `works, but not with ${PBHA} or ${AIE}`;

/** By kernel, oldest first. */
const VERDICTS: Record<string, readonly string[]> = {
  "arm64-soft-dirty-63": [SAID, WORKS, WORKS],
  "arm64-soft-dirty-rfc": [SAID, "collides with SWP_OFFSET", "collides with SWP_OFFSET"],
  "arm64-soft-dirty-57": ["collides with DEVMAP", "collides with DEVMAP", WORKS],
  "arm64-soft-dirty-59": [BIT59, BIT59, BIT59],
  "arm64-soft-dirty-60": OVERLAY,
  "arm64-soft-dirty-61": OVERLAY,
  "arm64-soft-dirty-62": OVERLAY,
  "arm64-soft-dirty-shares-58": ["collides with PROT_NONE, SWP_TYPE", WORKS, WORKS],
  "arm64-soft-dirty-swap-5": ["collides with SWP_TYPE", WORKS, WORKS],
  "arm64-soft-dirty-swap-4": ["collides with SWP_TYPE", WORKS, WORKS],
  "arm64-soft-dirty-swap-63": [SAID, WORKS, WORKS],
  "arm64-soft-dirty-swap-11": [
    "collides with SWP_OFFSET",
    "collides with nG=0",
    "collides with nG=0",
  ],
  "arm64-soft-dirty-no-swap": [SAID, WORKS, WORKS],
  "x86-64-exclusive-57": ["collides with DEVMAP", "collides with DEVMAP", WORKS],
  "arm64-exclusive-57": ["collides with DEVMAP", "collides with DEVMAP", WORKS],
  "arm64-exclusive-63": [SAID, WORKS, WORKS],
  // DEVMAP came with 6.11 and went with 6.17.
  "riscv64-exclusive-9": [WORKS, WORKS, "collides with DEVMAP", WORKS, WORKS],
  "ppc64-exclusive-11": ["collides with DEVMAP", WORKS],
  "loongarch64-exclusive-59": [
    "works, but not with PFN headroom (physical addresses above 48 bits)",
  ],
};

describe("proposals", () => {
  it("are all judged here", () => {
    expect([...PROPOSALS.keys()]).toEqual(Object.keys(VERDICTS));
  });

  it.each(Object.entries(VERDICTS))("%s: by kernel %j", (name, verdicts) => {
    const { kernels } = check(proposalNamed(name));
    expect(kernels.map(({ verdict }) => verdict)).toEqual(verdicts);
    expect(kernels.map(({ collides }) => collides)).toEqual(
      verdicts.map((verdict) => verdict.startsWith("collides")),
    );
  });

  it("s390x has no bit for PageAnonExclusive: each of the eight collides", () => {
    const base = proposalNamed("ppc64-exclusive-11");
    for (let present = 0; present < 8; present++) {
      const { kernels } = check({ ...base, architecture: "s390x", base: "s390x-7.0", present });
      expect(kernels.map(({ collides }) => collides)).toEqual([true]);
    }
  });
});

describe("a rule", () => {
  const base = proposalNamed("arm64-soft-dirty-63");
  const on = (change: Partial<Proposal>, layout = "arm64-7.0"): Finding[] => {
    const proposal = { ...base, ...change };
    return checkProposal(proposal, sourceOf("arm64"), [kernelNamed(layout)]).kernels.flatMap(
      ({ findings }) => findings,
    );
  };
  const of = (findings: readonly Finding[], rule: Finding["rule"]) =>
    findings
      .filter((finding) => finding.rule === rule)
      .map(({ verdict, owner }) => [verdict, owner]);

  it("of software bits finds the field", () => {
    expect(of(on({ present: 55 }), "software bit")).toEqual([["collides", "DIRTY"]]);
    expect(of(on({}), "software bit")).toEqual([["fine", undefined]]);
  });

  it("of hardware finds fields, address and features", () => {
    expect(of(on({ present: 51 }), "hardware")).toEqual([["collides", "DBM"]]);
    expect(of(on({ present: 20 }), "hardware")).toEqual([["collides", "address"]]);
    expect(of(on({ present: 48 }), "hardware")).toEqual([["collides", "LPA2"]]);
  });

  it("of huge pages finds what only they have", () => {
    expect(of(on({ present: 16 }), "huge page")).toEqual([["collides", "nT"]]);
    const loong = { ...base, architecture: "loongarch64", present: 60 };
    const [kernel] = check(loong).kernels;
    expect(of(kernel?.findings ?? [], "huge page")).toEqual([["collides", "PRESENT_INVALID"]]);
  });

  it("of absent entries finds fields, marks of presence, and no bit at all", () => {
    const { absent: _, ...without } = base;
    expect(of(on({ absent: 2 }), "absent entry")).toEqual([["collides", "SWP_EXCLUSIVE"]]);
    expect(of(on({ absent: 0 }), "absent entry")).toEqual([["collides", "VALID=0"]]);
    const [kernel] = checkProposal(without, sourceOf("arm64"), [kernelNamed("arm64-7.0")]).kernels;
    expect(of(kernel?.findings ?? [], "absent entry")).toEqual([["cost", undefined]]);
    expect(of(on({ purpose: "exclusive", absent: undefined }), "absent entry")).toEqual([
      ["fine", undefined],
    ]);
  });

  it("of migration entries counts the bits of the offset", () => {
    const texts = on({ absent: 61 }).filter(({ rule }) => rule === "migration entry");
    expect(texts.map(({ text }) => text.includes("49 bits of offset"))).toEqual([true]);
  });

  it("of PROT_NONE finds the marks of the form", () => {
    expect(of(on({ present: 58 }, "arm64-6.8"), "PROT_NONE")).toEqual([["collides", "PROT_NONE"]]);
    expect(of(on({ present: 11 }), "PROT_NONE")).toEqual([["collides", "nG"]]);
    expect(of(on({}), "PROT_NONE")).toEqual([["fine", undefined]]);
  });

  it("of pte_modify finds what a change of protection overwrites", () => {
    expect(of(on({ present: 53 }), "pte_modify")).toEqual([["collides", "PXN"]]);
    expect(of(on({}), "pte_modify")).toEqual([["fine", undefined]]);
  });

  it("of contiguous folding and flushes speaks where there is such a thing", () => {
    expect(of(on({}), "contiguous folding")).toEqual([["cost", undefined]]);
    expect(of(on({}), "flush")).toEqual([["fine", undefined]]);
    expect(of(on({ present: 60 }), "flush")).toEqual([["cost", undefined]]);
    const [, , kernel] = check(proposalNamed("x86-64-exclusive-57")).kernels;
    expect(of(kernel?.findings ?? [], "contiguous folding")).toEqual([]);
    expect(of(kernel?.findings ?? [], "flush")).toEqual([["fine", undefined]]);
  });
});

it.each(BOOK_NAMES)("no layout of %s contradicts itself", (name) => {
  for (const linux of kernelsOf(name)) {
    expect(checkLayout(sourceOf(name), linux).verdict, linux.name).toBe("works");
  }
});

it("a layout with two fields in one bit contradicts itself", () => {
  const linux = kernelNamed("arm64-7.0");
  const [field] = linux.present;
  if (field === undefined) throw new Error("no field");
  const twice = { ...linux, present: [...linux.present, { ...field, name: "AGAIN" }] };
  expect(checkLayout(sourceOf("arm64"), twice)).toMatchObject({
    collides: true,
    verdict: `collides with AGAIN, ${field.name}`,
  });
});

const wishFor = (present: number, absent?: number) =>
  ({ present, absent, purpose: "softDirty", cite: "LINUX test" }) as const;

describe.each(["x86-64-7.0", "arm64-7.0"])("a bit that is free under %s", (layout) => {
  const linux = kernelNamed(layout);
  const source = sourceOf(linux.architecture);
  const descriptor = ARCHITECTURES.get(linux.architecture);
  const whole = LINUX_LAYOUTS.get(layout);
  if (descriptor === undefined || whole === undefined) throw new Error("missing");
  const hardware = compileLayout(descriptor, descriptor.typical.values);
  const bits = Array.from({ length: 64 }, (_, bit) => bit);

  it("changes no access on the core", () => {
    const core = coreOf("release");
    const tables = begin(core, hardware);
    const va = 0x7000_1000n;
    const at = tables.map({ va, pa: 0x8000_0000n });
    const entry = core.peek(at);
    const seen = (value: bigint) =>
      [0, 1, 2, 3, 4, 5].map((access) => {
        core.poke(at, value);
        core.exports.flushAll();
        const through = core.translate(va, access);
        const { pa, faultCode } = core.stopBlock();
        return `${through} ${pa} ${faultCode} ${core.peek(at) ^ value}`;
      });
    const plain = seen(entry);
    const [open, visible] = [true, false].map((wanted) =>
      bits.filter((bit) => {
        const found = hardwareBit({ wish: wishFor(bit), source, linux });
        return found.every(({ verdict }) => verdict !== "collides") === wanted;
      }),
    );
    for (const bit of open ?? [])
      expect(seen(entry ^ (1n << BigInt(bit))), `bit ${bit}`).toEqual(plain);
    expect(open?.length).toBeGreaterThanOrEqual(7);
    // The check can fail: most bits that are the CPU's do change an access.
    const changed = (visible ?? []).filter(
      (bit) => seen(entry ^ (1n << BigInt(bit))).join() !== plain.join(),
    );
    expect(changed.length).toBeGreaterThan(30);
  });

  it("in a swap entry makes it neither present, nor another type or offset", () => {
    const compiled = compileLinuxLayout(whole, descriptor, hardware);
    const isPresent = (entry: bigint) =>
      compiled.present.some(({ mask, value }) => (entry & mask) === value);
    const [free, taken] = [true, false].map((wanted) =>
      bits.filter((absent) => {
        const found = absentEntry({ wish: wishFor(63, absent), source, linux });
        return found.every(({ verdict }) => verdict === "fine") === wanted;
      }),
    );
    const disturbs = (bit: number) => {
      const mask = 1n << BigInt(bit);
      return isPresent(mask) || (mask & (compiled.type | compiled.offset)) !== 0n;
    };
    expect((free ?? []).filter(disturbs)).toEqual([]);
    expect((taken ?? []).filter(disturbs).length).toBeGreaterThan(55);
  });
});

describe("what a layout adds to another", () => {
  const base = LINUX_LAYOUTS.get("arm64-7.0");
  if (base === undefined) throw new Error("missing");

  it.each([...PROPOSALS.values()].filter(({ base: name }) => name === "arm64-7.0"))(
    "is what the proposal $name wanted",
    (proposal) => {
      const layout = defineLinuxLayout(proposedLayout(proposal, base));
      const { present, absent, purpose, cite, confidence } = proposal;
      const field = purpose === "softDirty" ? "SOFT_DIRTY" : "EXCLUSIVE";
      expect(wishesOf(layout, base)).toEqual([
        { name: field, present, absent, purpose, cite, confidence },
      ]);
    },
  );

  it("is judged field by field", () => {
    const added = (name: string, bit: number, of: "present" | "absent") => ({
      name,
      bits: [bit, bit] as [number, number],
      of,
      means: "a test",
      cite: "LINUX none",
    });
    const layout = defineLinuxLayout({
      ...base,
      name: "mine",
      fields: [
        ...base.fields,
        added("MINE", 57, "present"),
        added("YOURS", 55, "present"),
        added("SWP_MINE", 11, "absent"),
      ],
    });
    const wishes = wishesOf(layout, base);
    expect(wishes.map(({ name, present, absent }) => [name, present, absent])).toEqual([
      ["MINE", 57, 11],
      ["YOURS", 55, undefined],
    ]);
    const checked = { name: "mine", title: "mine", architecture: "arm64", cite: "LINUX none" };
    const { kernels } = checkWishes(checked, wishes, sourceOf("arm64"), [kernelNamed("arm64-7.0")]);
    expect(kernels.map(({ verdict }) => verdict)).toEqual(["collides with nG=0, DIRTY"]);
    expect(kernels[0]?.findings.every(({ text }) => /^(MINE|YOURS): /.test(text))).toBe(true);
  });

  it("is nothing, of the same layout", () => {
    expect(wishesOf(base, base)).toEqual([]);
  });
});
