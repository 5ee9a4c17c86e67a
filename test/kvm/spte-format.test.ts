// Shadow entries are entries of the second stage: what KVM means by its flags, the hardware does, by the manuals in
// straight-line code (test/reference/second-stage.ts).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SECOND_STAGES } from "../../arch/linux/kvm.js";
import { MemorySlot } from "../../src/kvm/spte.js";
import {
  SPTE_ACCESSED,
  SPTE_DIRTY,
  SPTE_HOST_WRITABLE,
  SPTE_HUGE,
  SPTE_PRESENT,
  SPTE_TRACKED,
  SPTE_WRITE,
} from "../../src/kvm/spte-flags.js";
import { spteFormat } from "../../src/kvm/spte-format.js";
import {
  armStage2,
  ept,
  gStage,
  type Memory,
  type Outcome,
  type Tried,
} from "../reference/second-stage.js";
import { Bench } from "./support.js";

const ARCHS = ["x86-64", "arm64", "riscv64"] as const;
type Arch = (typeof ARCHS)[number];

/** The manual's second stage, as KVM sets it up: 4 levels, 4 KiB. */
const HARDWARE: Record<Arch, (memory: Memory, tried: Tried, flags: boolean) => Outcome> = {
  "x86-64": (memory, tried, ad) =>
    ept(memory, 0n, 0n, tried, { ad, xo: true, mbec: false, maxphyaddr: 46 }),
  arm64: (memory, tried, ha) => armStage2(memory, 0n, 0n, tried, { ha, hd: false, ps: 48 }),
  riscv64: (memory, tried, svadu) => gStage(memory, 0n, 0n, tried, { svadu, mxr: false }),
};
/** A table at 4096 times a number. */
const tableAt: Record<Arch, (at: bigint) => bigint> = {
  "x86-64": (at) => (at << 12n) | 0x7n,
  arm64: (at) => (at << 12n) | 0x3n,
  riscv64: (at) => (at << 10n) | 0x1n,
};

async function slotOf(arch: Arch, ad: boolean): Promise<{ bench: Bench; slot: MemorySlot }> {
  const bench = await Bench.boot(undefined, arch);
  bench.run(`mmap A 1024 rw private align=512; kvm G A 0 1024${ad ? "" : " no-ad"}`);
  const [slot] = bench.vm().slots;
  if (slot === undefined) throw new Error("no slot");
  return { bench, slot };
}

/** Flags that KVM's code brings about on a machine; without a flag of the hardware, some come only together. */
function legal(arch: Arch, ad: boolean): number[] {
  const dirtyKept = ad && arch === "x86-64";
  const all = Array.from({ length: 128 }, (_, flags) => flags | SPTE_PRESENT);
  return [...new Set(all)].filter((flags) => {
    const [writes, dirty] = [(flags & SPTE_WRITE) !== 0, (flags & SPTE_DIRTY) !== 0];
    const [old, tracked] = [(flags & SPTE_ACCESSED) === 0, (flags & SPTE_TRACKED) !== 0];
    if (!dirtyKept && writes !== dirty) return false;
    return ad ? !tracked : tracked === old;
  });
}

describe.each(ARCHS)("shadow entries of %s", (arch) => {
  it.each([true, false])("say what KVM's flags say (flags of the hardware: %s)", async (ad) => {
    const { slot } = await slotOf(arch, ad);
    const flagsOf = fc.constantFrom(...legal(arch, ad));
    fc.assert(
      fc.property(flagsOf, fc.nat(2 ** 24 - 1), (flags, frame) => {
        const head = (flags & SPTE_HUGE) !== 0 ? frame & ~511 : frame;
        slot.set(0, flags, head);
        expect(slot.flagsOf(0)).toBe(flags);
        expect(slot.frameOf(0)).toBe(head);
        slot.set(0, 0, 0);
        expect(slot.bitsOf(0)).toBe(0n);
      }),
    );
  });

  it.each([true, false])("let the hardware do what KVM takes for done (flags: %s)", async (ad) => {
    const { slot } = await slotOf(arch, ad);
    for (const flags of legal(arch, ad)) {
      for (const kind of ["read", "write"] as const) {
        slot.set(0, flags, 0x4200);
        const level = (flags & SPTE_HUGE) !== 0 ? 1 : 0;
        const memory = {
          read: (pa: bigint) => {
            const table = Number(pa >> 12n);
            return table === 3 - level ? slot.bitsOf(0) : tableAt[arch](BigInt(table + 1));
          },
        };
        const outcome = HARDWARE[arch](memory, { kind, supervisor: false }, ad);
        const needs = kind === "write" ? SPTE_WRITE : SPTE_PRESENT;
        const allowed = (flags & needs) !== 0 && (flags & SPTE_TRACKED) === 0;
        expect([flags, kind, outcome.code === null]).toEqual([flags, kind, allowed]);
        if (!allowed) continue;
        expect(outcome.pa).toBe(0x4200n << 12n);
        // What it then sets is what KVM reads as accessed and dirty, and nothing else.
        const after = outcome.written.get(BigInt(3 - level) << 12n) ?? slot.bitsOf(0);
        const dirtyKept = ad && arch === "x86-64" && kind === "write";
        slot.update(0, 0, (ad ? SPTE_ACCESSED : 0) | (dirtyKept ? SPTE_DIRTY : 0));
        expect(slot.bitsOf(0)).toBe(after);
      }
    }
  });
});

describe("the bits", () => {
  const ALL = SPTE_PRESENT | SPTE_WRITE | SPTE_DIRTY | SPTE_ACCESSED | SPTE_HOST_WRITABLE;

  it.each([
    // R W X, write-back, A, D, SPTE_MMU_PRESENT, EPT_SPTE_HOST_WRITABLE
    ["x86-64", 0x123n << 12n, 0xb37n | (1n << 57n), 0x200n],
    // valid page, Normal, S2AP 11, inner shareable, AF, the first software bit; no dirty flag but the right itself
    ["arm64", 0x123n << 12n, 0x7ffn | (1n << 55n), 0x80n],
    // V R W X U A D, the first software bit
    ["riscv64", 0x123n << 10n, 0x1dfn, 0x84n],
  ] as const)(
    "of a written page on %s, and what goes when it is cleaned",
    async (arch, address, bits, dirty) => {
      const { slot } = await slotOf(arch, true);
      slot.set(7, ALL, 0x123);
      expect(slot.bitsOf(7)).toBe(address | bits);
      const kept = SECOND_STAGES.get(arch)?.dirtyByHardware.value === true;
      slot.update(7, kept ? SPTE_DIRTY : SPTE_DIRTY | SPTE_WRITE);
      expect(slot.bitsOf(7)).toBe(address | (bits & ~dirty));
    },
  );

  it("of a tracked page under EPT without flags: its rights, 54 bits up", async () => {
    const { slot } = await slotOf("x86-64", false);
    slot.set(7, SPTE_PRESENT | SPTE_TRACKED, 0x123);
    expect(slot.bitsOf(7)).toBe((0x123n << 12n) | 0x830n | (0b101n << 54n));
  });

  it("of a guest's page, through faults, logging and aging, are told by `state`", async () => {
    const { bench, slot } = await slotOf("x86-64", true);
    bench.run("gwrite G 0 1");
    expect(slot.bitsOf(0) & 0x307n).toBe(0x307n);
    bench.run("dirty-log G on; dirty-log G get");
    // Logged pages lose the right to write, or dirty alone where the hardware logs.
    expect(slot.bitsOf(0) & 0x202n).toBe(0n);
    bench.run("dirty-log G off; gwrite G 0 1; dirty-log G buffer");
    expect(slot.bitsOf(0) & 0x202n).toBe(0x2n);
    bench.run("gwrite G 0 1");
    expect(slot.bitsOf(0) & 0x202n).toBe(0x202n);
  });

  it("are refused where KVM relies on a flag that no hardware keeps", async () => {
    const { bench } = await slotOf("arm64", true);
    const stage = SECOND_STAGES.get("arm64");
    if (stage === undefined) throw new Error("no stage");
    const wrong = { ...stage, dirtyByHardware: { ...stage.dirtyByHardware, value: true } };
    expect(() => spteFormat(wrong, bench.kernel)).toThrow(
      "second stage of arm64: no hardware keeps dirty",
    );
    // With VTCR_EL2.HD it does: DBM is the right to write, and S2AP[1] is dirty. That is data, too.
    const entry = { ...stage.entry, mode: { ha: true, hd: true }, write: "DBM" };
    const slot = new MemorySlot(0, 0, 8, 512, spteFormat({ ...wrong, entry }, bench.kernel));
    slot.set(0, SPTE_PRESENT | SPTE_WRITE | SPTE_ACCESSED, 0x4200);
    const memory = {
      read: (pa: bigint) => (pa < 0x3000n ? tableAt.arm64((pa >> 12n) + 1n) : slot.bitsOf(0)),
    };
    const tried = { kind: "write", supervisor: false } as const;
    const { code, written } = armStage2(memory, 0n, 0n, tried, { ha: true, hd: true, ps: 48 });
    expect(code).toBeNull();
    slot.update(0, 0, SPTE_DIRTY);
    expect(written).toEqual(new Map([[0x3000n, slot.bitsOf(0)]]));
  });
});
