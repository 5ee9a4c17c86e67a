// What a cached translation decides alone, and when the tables are asked again: rights, keys, accessed and
// dirty state. Each test changes a table behind the TLB's back and watches who notices.

import { beforeEach, describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access, FaultKind, Stop } from "../../assembly/abi/stop.js";
import { BUILDS, coreOf, invalidatePage, named, typicalLayout } from "./support.js";
import { begin, type Tables } from "./tables.js";

const X86 = typicalLayout("x86-64");
const VA = 0x7000_1000n;
const OTHER_VA = 0x7000_2000n;
const PA = 0x1_2345_6000n;

/** x86-64: P, R/W, U/S, A, D. */
const READ_ONLY = 0b101n;
const WRITABLE = 0b111n;
const ACCESSED = 1n << 5n;
const DIRTY = 1n << 6n;

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, X86);
  });

  const readVa = (va = VA): boolean => core.translate(va, Access.UserRead);
  const writeVa = (va = VA): boolean => core.translate(va, Access.UserWrite);

  describe("the accessed flag", () => {
    it("is set by a walk in every entry it uses, and by no hit", () => {
      const entries = [3, 2, 1, 0].map((level) => tables.entryAt(VA, level));
      const leaf = tables.map({ va: VA, pa: PA });
      readVa();
      for (const at of entries) expect(core.peek(at) & ACCESSED).toBe(ACCESSED);
      expect(core.counter(Counter.AccessedSet)).toBe(4n);

      core.poke(leaf, core.peek(leaf) & ~ACCESSED);
      readVa();
      expect(core.peek(leaf) & ACCESSED).toBe(0n);

      invalidatePage(core, VA);
      readVa();
      expect(core.peek(leaf) & ACCESSED).toBe(ACCESSED);
      expect(core.counter(Counter.AccessedSet)).toBe(5n);
    });

    it("set already is not written again", () => {
      tables.map({ va: VA, pa: PA, bits: WRITABLE | ACCESSED });
      readVa();
      expect(core.counter(Counter.AccessedSet)).toBe(3n);
    });
  });

  describe("the dirty flag", () => {
    it("is set by the walk of a store, without an assist", () => {
      const leaf = tables.map({ va: VA, pa: PA });
      writeVa();
      expect(core.peek(leaf) & DIRTY).toBe(DIRTY);
      expect(named(core.counters())).toMatchObject({ DirtySet: 1n, Walks: 1n });
      expect(core.counter(Counter.DirtyAssist)).toBe(0n);
    });

    it("is set once by the first store through a clean entry, by an assist that counts no walk", () => {
      const leaf = tables.map({ va: VA, pa: PA });
      readVa();
      expect(core.peek(leaf) & DIRTY).toBe(0n);
      for (let i = 0; i < 3; i++) writeVa();
      expect(core.peek(leaf) & DIRTY).toBe(DIRTY);
      const counters = named(core.counters());
      expect(counters).toMatchObject({ DirtyAssist: 1n, DirtySet: 1n, Walks: 1n, DataL1Hit: 3n });
      expect(counters.WalkLoadsLevel0).toBe(1n);
    });

    it("that another processor has set meanwhile costs the assist, but is not set twice", () => {
      const leaf = tables.map({ va: VA, pa: PA });
      readVa();
      core.poke(leaf, core.peek(leaf) | DIRTY);
      writeVa();
      expect(core.counter(Counter.DirtyAssist)).toBe(1n);
      expect(core.counter(Counter.DirtySet)).toBe(0n);
    });

    it("cleared behind a dirty entry stays clear: the entry vouches for it until it is dropped", () => {
      const leaf = tables.map({ va: VA, pa: PA });
      writeVa();
      core.poke(leaf, core.peek(leaf) & ~DIRTY);
      writeVa();
      expect(core.peek(leaf) & DIRTY).toBe(0n);
      invalidatePage(core, VA);
      writeVa();
      expect(core.peek(leaf) & DIRTY).toBe(DIRTY);
    });
  });

  // The assist walks the tables: what it finds there may be a fault, and then the entry is worth nothing.
  describe("a dirty assist", () => {
    it("that finds no page faults as a walk does, and drops the entry", () => {
      const leaf = tables.map({ va: VA, pa: PA });
      readVa();
      core.poke(leaf, 0n);
      expect(writeVa()).toBe(false);
      const found = { code: Stop.Fault, fault: FaultKind.NotPresent, level: 0, fromTlb: false };
      expect(core.stopBlock()).toMatchObject({ ...found, faultCode: 0x6, entryPa: leaf });
      expect(readVa()).toBe(false);
    });

    it("that finds a page made read-only faults for it, though the entry allowed the store", () => {
      tables.map({ va: VA, pa: PA });
      readVa();
      tables.map({ va: VA, pa: PA, bits: READ_ONLY });
      expect(writeVa()).toBe(false);
      const found = { fault: FaultKind.Permission, faultCode: 0x7, fromTlb: false };
      expect(core.stopBlock()).toMatchObject(found);
    });
  });

  describe("a right that an entry lacks", () => {
    const denied = { code: Stop.Fault, fault: FaultKind.Permission, level: 0, fromTlb: true };

    it("is denied by the entry, even if the tables grant it by now; x86-64 then asks the tables", () => {
      tables.map({ va: VA, pa: PA, bits: READ_ONLY });
      readVa();
      tables.map({ va: VA, pa: PA });
      expect(writeVa()).toBe(false);
      expect(core.stopBlock()).toMatchObject({ ...denied, faultCode: 0x7, va: VA });
      expect(core.counter(Counter.Walks)).toBe(1n);
      expect(writeVa()).toBe(true);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });

    it("drops the entry on x86-64 for reads too, and for the faulting page alone", () => {
      tables.map({ va: VA, pa: PA, bits: READ_ONLY });
      tables.map({ va: OTHER_VA, pa: PA });
      readVa();
      readVa(OTHER_VA);
      writeVa();
      const walks = core.counter(Counter.Walks);
      readVa(OTHER_VA);
      expect(core.counter(Counter.Walks)).toBe(walks);
      readVa();
      expect(core.counter(Counter.Walks)).toBe(walks + 1n);
    });

    it("is denied on arm64 until software invalidates: its faults drop nothing", () => {
      tables = begin(core, typicalLayout("arm64"));
      // Valid page, AP[2:1] = 11 (read-only at EL0), AF; no DBM, so that hardware cannot lift it.
      const userReadOnlyAccessed = 0x4c3n;
      tables.map({ va: VA, pa: PA, bits: userReadOnlyAccessed });
      readVa();
      tables.map({ va: VA, pa: PA });
      for (let i = 0; i < 3; i++) {
        expect(writeVa()).toBe(false);
        expect(core.stopBlock()).toMatchObject({ ...denied, faultCode: 0xf });
      }
      invalidatePage(core, VA);
      expect(writeVa()).toBe(true);
    });

    it("is one of six: user and supervisor, reads, writes and fetches are kept apart", () => {
      // SMEP and SMAP are on: to the supervisor a user page is forbidden land.
      tables.map({ va: VA, pa: PA, bits: READ_ONLY | (1n << 63n) });
      const allowed = [0, 1, 2, 3, 4, 5].filter((access) => {
        invalidatePage(core, VA);
        readVa();
        return core.translate(VA, access);
      });
      expect(allowed).toEqual([Access.UserRead]);
    });
  });

  describe("a protection key", () => {
    const KEY_1 = 1n << 59n;
    const WRITE_DISABLE_1 = 0b1000;

    it("that denies a store is reported as the key's doing, from the entry as from a walk", () => {
      tables = begin(core, typicalLayout("x86-64", { pke: true, pkru: WRITE_DISABLE_1 }));
      tables.map({ va: VA, pa: PA, bits: WRITABLE | KEY_1 });
      const byKey = { fault: FaultKind.Key, faultCode: 0x27 };
      expect(writeVa()).toBe(false);
      expect(core.stopBlock()).toMatchObject({ ...byKey, fromTlb: false });
      expect(readVa()).toBe(true);
      expect(writeVa()).toBe(false);
      expect(core.stopBlock()).toMatchObject({ ...byKey, fromTlb: true });
    });

    it("is in the entry: another PKRU is another layout, whose loading flushes", () => {
      tables = begin(core, typicalLayout("x86-64", { pke: true, pkru: WRITE_DISABLE_1 }));
      tables.map({ va: VA, pa: PA, bits: WRITABLE | KEY_1 });
      readVa();
      core.loadLayout(typicalLayout("x86-64", { pke: true, pkru: 0 }));
      expect(writeVa()).toBe(true);
      expect(core.counter(Counter.Walks)).toBe(2n);
    });
  });
});
