// Accessed and dirty state that software keeps: the access that finds a flag clear faults, and sets nothing.
//
// arm64 without TCR.HA does so for its access flag, before it looks at permissions. No shipped architecture
// does so for dirty state, or after the permission check; riscv64 without Svadu will. The layout is x86-64's
// with the policy replaced: data is all that differs.

import { beforeEach, describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import type { CompiledHalf, CompiledLayout } from "../../src/layout/compiled.js";
import { BUILDS, coreOf, typicalLayout } from "./support.js";
import { begin, type Tables } from "./tables.js";

const VA = 0x4000_1000n;
const PA = 0x5000n;
const READ_ONLY = 0b101n;
const WRITABLE = 0b111n;
const ACCESSED = 1n << 5n;
const DIRTY = 1n << 6n;

/** x86-64 whose software keeps A and D; `first`: A is asked for before the rights. */
function softwareKept(first: boolean): CompiledLayout {
  const x86 = typicalLayout("x86-64");
  const change = (half: CompiledHalf): CompiledHalf => ({
    ...half,
    tableSet: 0n,
    accessed: { ...half.accessed, by: "fault" },
    dirty: { ...half.dirty, by: "fault" },
    accessedBeforePermission: first,
  });
  return { ...x86, halves: [change(x86.halves[0]), change(x86.halves[1])] };
}

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, softwareKept(false));
  });

  const faultOf = (access: Access): FaultKind =>
    core.translate(VA, access) ? FaultKind.None : core.stopBlock().fault;

  it("an access through a clear A faults and leaves it clear, until software sets it", () => {
    const leaf = tables.map({ va: VA, pa: PA, bits: WRITABLE });
    expect(faultOf(Access.UserRead)).toBe(FaultKind.AccessFlag);
    expect(faultOf(Access.UserRead)).toBe(FaultKind.AccessFlag);
    expect(core.peek(leaf)).toBe(PA | WRITABLE);
    core.poke(leaf, PA | WRITABLE | ACCESSED);
    expect(faultOf(Access.UserRead)).toBe(FaultKind.None);
    expect(core.counter(Counter.FaultAccessFlag)).toBe(2n);
    expect(core.counter(Counter.AccessedSet)).toBe(0n);
  });

  it("a store through a clear D faults and leaves it clear; reads and fetches go through", () => {
    const leaf = tables.map({ va: VA, pa: PA, bits: WRITABLE | ACCESSED });
    expect(faultOf(Access.UserWrite)).toBe(FaultKind.Dirty);
    expect(faultOf(Access.UserRead)).toBe(FaultKind.None);
    expect(faultOf(Access.UserFetch)).toBe(FaultKind.None);
    expect(core.peek(leaf)).toBe(PA | WRITABLE | ACCESSED);
    expect(core.counter(Counter.FaultDirty)).toBe(1n);
    expect(core.counter(Counter.DirtySet)).toBe(0n);
  });

  it("a store through a clean TLB entry asks the tables: it faults, or finds D set by software", () => {
    const leaf = tables.map({ va: VA, pa: PA, bits: WRITABLE | ACCESSED });
    faultOf(Access.UserRead);
    expect(faultOf(Access.UserWrite)).toBe(FaultKind.Dirty);
    expect(core.stopBlock().fromTlb).toBe(false);
    faultOf(Access.UserRead);
    core.poke(leaf, PA | WRITABLE | ACCESSED | DIRTY);
    expect(faultOf(Access.UserWrite)).toBe(FaultKind.None);
    expect(core.counter(Counter.DirtyAssist)).toBe(2n);
  });

  it("A set and D set are all that a store wants", () => {
    tables.map({ va: VA, pa: PA, bits: WRITABLE | ACCESSED | DIRTY });
    expect(faultOf(Access.UserWrite)).toBe(FaultKind.None);
    expect(core.counter(Counter.DirtyAssist)).toBe(0n);
  });

  describe("where an access lacks the right as well as the flags", () => {
    it.each([
      ["after the rights", false, FaultKind.Permission],
      ["before the rights", true, FaultKind.AccessFlag],
    ])("A, asked for %s, decides the fault accordingly", (_, first, fault) => {
      tables = begin(core, softwareKept(first));
      tables.map({ va: VA, pa: PA, bits: READ_ONLY });
      expect(faultOf(Access.UserWrite)).toBe(fault);
    });

    it("the right comes before D, and A before D", () => {
      tables.map({ va: VA, pa: PA, bits: READ_ONLY | ACCESSED });
      expect(faultOf(Access.UserWrite)).toBe(FaultKind.Permission);
      tables.map({ va: VA, pa: PA, bits: WRITABLE });
      expect(faultOf(Access.UserWrite)).toBe(FaultKind.AccessFlag);
    });
  });
});
