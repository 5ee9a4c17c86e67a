// Linux's layouts against its helpers (linux-oracle.ts), exhaustively over the bits that helpers keep apart.

import { beforeAll, describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../../arch/index.js";
import { defineLinuxLayout, LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { MmulateError } from "../../src/errors.js";
import { compileLayout } from "../../src/layout/compile.js";
import { PROTECTION_NUMBERS, Pte } from "../../src/layout/linux-flags.js";
import { type CompiledLinuxLayout, compileLinuxLayout } from "../../src/layout/linux-layout.js";
import { LAYOUT_NAMES, type MmMachine, mmMachine, peek, poke } from "../core/mm-support.js";
import { HELPERS, PROTS } from "./linux-oracle.js";

const hex = (value: bigint) => `0x${value.toString(16)}`;

/** Names of a flags word. */
function names(word: number): string[] {
  return Object.entries(Pte)
    .filter(([, flag]) => (word & flag) !== 0)
    .map(([name]) => name);
}

it("covers every layout", () => {
  expect([...HELPERS.keys()].sort()).toEqual([...LAYOUT_NAMES].sort());
});

describe.each(LAYOUT_NAMES)("%s", (name) => {
  const helpers = HELPERS.get(name);
  if (helpers === undefined) throw new Error("no helpers");
  const entries = helpers.legal();
  let machine: MmMachine;
  beforeAll(async () => {
    machine = await mmMachine(name);
  });

  /** Collects what differs; a failure shows the first few, by name. */
  function differences(check: (entry: bigint) => string | null): string[] {
    const found: string[] = [];
    for (const entry of entries) {
      const difference = check(entry);
      if (difference !== null && found.length < 5) found.push(`${hex(entry)}: ${difference}`);
    }
    return found;
  }

  it("tells the flags of every entry as the helpers do", () => {
    const found = differences((entry) => {
      poke(machine.mmu, machine.slot, entry);
      const told = names(machine.mmu.exports.entryFlags(machine.slot)).sort();
      const tests = Object.entries(helpers.test).filter(([, test]) => test(entry));
      const want = ["present", "filled", ...tests.map(([flag]) => flag)].sort();
      return told.join() === want.join() ? null : `is ${told.join()}, should be ${want.join()}`;
    });
    expect(found).toEqual([]);
  });

  it("finds the frame of every entry, inverted or not", () => {
    const base = machine.mmu.linux.frameBase >> 12n;
    const found = differences((entry) => {
      poke(machine.mmu, machine.slot, entry);
      const frame = machine.mmu.exports.entryFrame(machine.slot, 0) >>> 0;
      const want = Number(BigInt.asUintN(32, helpers.pfn(entry) - base));
      return frame === want ? null : `frame ${frame}, should be ${want}`;
    });
    expect(found).toEqual([]);
  });

  const changes = (["set", "clear"] as const).flatMap((how) =>
    Object.keys(helpers[how]).map((flag) => [how, flag] as const),
  );
  it.each(changes)("%ss %s as the helper does", (how, flag) => {
    const word = Pte[flag as keyof typeof Pte];
    const found = differences((entry) => {
      poke(machine.mmu, machine.slot, entry);
      const flags = machine.mmu.exports.updateEntry(
        machine.slot,
        how === "clear" ? word : 0,
        how === "set" ? word : 0,
      );
      const is = peek(machine.mmu, machine.slot);
      const want = helpers[how][flag]?.(entry) ?? -1n;
      if (is !== want) return `becomes ${hex(is)}, should be ${hex(want)}`;
      const told = machine.mmu.exports.entryFlags(machine.slot);
      return flags === told ? null : `returned ${names(flags).join()}, is ${names(told).join()}`;
    });
    expect(found).toEqual([]);
  });

  it.each(PROTS)("gives any entry the protection %s as pte_modify does", (prot) => {
    const found = differences((entry) => {
      poke(machine.mmu, machine.slot, entry);
      machine.mmu.exports.protectEntry(machine.slot, PROTECTION_NUMBERS[prot]);
      const is = peek(machine.mmu, machine.slot);
      const want = helpers.modify(entry, prot);
      return is === want ? null : `becomes ${hex(is)}, should be ${hex(want)}`;
    });
    expect(found).toEqual([]);
  });

  it.each(PROTS)("makes a leaf with protection %s bit for bit", (prot) => {
    const { mmu, slot } = machine;
    mmu.exports.makeLeaf(slot, 0, 5, PROTECTION_NUMBERS[prot], 0);
    expect(hex(peek(mmu, slot))).toBe(hex(helpers.leaf((mmu.linux.frameBase >> 12n) + 5n, prot)));
    expect(mmu.exports.entryFrame(slot, 0)).toBe(5);
  });

  it("takes entries for none as pte_none does", () => {
    for (let n = 0; n < 64; n++) {
      const entry = 1n << BigInt(n);
      poke(machine.mmu, machine.slot, entry);
      const none = machine.mmu.exports.entryFlags(machine.slot) === 0;
      expect([n, none]).toEqual([n, helpers.none(entry)]);
    }
  });

  it("takes entries for present as pte_present does", () => {
    for (let n = 0; n < 64; n++) {
      const entry = 1n << BigInt(n);
      poke(machine.mmu, machine.slot, entry);
      const present = (machine.mmu.exports.entryFlags(machine.slot) & Pte.present) !== 0;
      expect([n, present]).toEqual([n, helpers.present(entry) && !helpers.none(entry)]);
    }
  });

  it.each([0, 1, 5, 24, 31])(
    "writes swap entries of type %i bit for bit, and reads them",
    (type) => {
      const { mmu, slot } = machine;
      for (const offset of [0, 1, 0x1234, 0xffff_ffff]) {
        mmu.exports.makeAbsent(slot, type, offset, 0);
        expect(hex(peek(mmu, slot))).toBe(hex(helpers.swap(type, BigInt(offset))));
        expect(mmu.exports.absentType(slot)).toBe(type);
        expect(mmu.exports.absentOffset(slot) >>> 0).toBe(offset);
      }
    },
  );

  it("keeps the flags of swap entries in their own bits", () => {
    const { mmu, slot } = machine;
    const plain = helpers.swap(3, 77n);
    for (const flag of ["softDirty", "uffdWp", "exclusive"] as const) {
      const mask = helpers.swapFlags[flag] ?? 0n;
      mmu.exports.makeAbsent(slot, 3, 77, Pte[flag]);
      expect(hex(peek(mmu, slot)), flag).toBe(hex(plain | mask));
      const told = names(mmu.exports.entryFlags(slot));
      expect(told).toEqual(mask === 0n ? ["filled"] : ["filled", flag]);
      mmu.exports.updateEntry(slot, Pte[flag], 0);
      expect(hex(peek(mmu, slot)), flag).toBe(hex(plain));
    }
  });

  it("compiles to what it did", async () => {
    await expect(drawn(machine.mmu.linux)).toMatchFileSnapshot(`../golden/linux/${name}.txt`);
  });
});

/** A compiled layout as text. */
function drawn(linux: CompiledLinuxLayout): string {
  const replace = (_: string, value: unknown) => (typeof value === "bigint" ? hex(value) : value);
  return `${JSON.stringify(linux, replace, 1)}\n`;
}

describe("a Linux layout", () => {
  const x86 = ARCHITECTURES.get("x86-64");
  const arm64 = ARCHITECTURES.get("arm64");
  const linux = LINUX_LAYOUTS.get("x86-64-7.0");
  if (x86 === undefined || arm64 === undefined || linux === undefined) throw new Error("missing");

  const refusal = (call: () => unknown): string => {
    try {
      call();
    } catch (error) {
      if (error instanceof MmulateError && error.code === "DESCRIPTOR") return error.message;
      throw error;
    }
    throw new Error("it was accepted");
  };

  it("of another architecture is refused", () => {
    const layout = compileLayout(arm64, arm64.typical.values);
    expect(refusal(() => compileLinuxLayout(linux, arm64, layout))).toBe(
      "x86-64-7.0 is a layout of x86-64, not of arm64",
    );
  });

  it("that names a field which neither side has is refused by its name", () => {
    const layout = compileLayout(x86, x86.typical.values);
    const young = { tests: [{ YOUTH: 1 }], set: [], clear: [], cite: "LINUX none" };
    const wrong = defineLinuxLayout({ ...linux, flags: { ...linux.flags, young } });
    expect(refusal(() => compileLinuxLayout(wrong, x86, layout))).toBe(
      'x86-64-7.0 has no field "YOUTH"',
    );
  });

  it("with a value that does not fit its field is refused", () => {
    const layout = compileLayout(x86, x86.typical.values);
    const young = { tests: [{ A: 2 }], set: [], clear: [], cite: "LINUX none" };
    const wrong = defineLinuxLayout({ ...linux, flags: { ...linux.flags, young } });
    expect(refusal(() => compileLinuxLayout(wrong, x86, layout))).toBe(
      "x86-64-7.0: A = 2 does not fit",
    );
  });
});
