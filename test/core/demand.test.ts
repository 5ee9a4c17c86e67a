// The simple mapper inside the core: what it maps at first touch, and where it gives up.

import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access, FaultKind, Stop } from "../../assembly/abi/stop.js";
import { type CompiledDemand, compilePagePolicy } from "../../src/layout/page-policy.js";
import { fetch, read, run, write } from "./events.js";
import { BUILDS, coreOf, named, typicalLayout } from "./support.js";
import { begin } from "./tables.js";

const X86 = typicalLayout("x86-64");
const ARM = typicalLayout("arm64");
const GIB = 1n << 30n;
const VA = 0x1_2345_6000n;

/** A policy that may hand out `pages` base pages and no more. */
function onlyPages(pages: number): CompiledDemand {
  const demand = compilePagePolicy(X86, "base");
  const [policy] = demand.policies;
  const short = { ...policy, last: policy.first + 4096n * BigInt(pages) - 1n };
  return { ...demand, policies: [short, short] };
}

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  it("maps pages in the order of their first touch, behind all tables", () => {
    begin(core, X86, { demand: compilePagePolicy(X86, "base") });
    const pas = [5n, 3n, 5n, 4n].map((page) => {
      core.translate(page * 4096n + 0x10n, Access.UserRead);
      return core.stopBlock().pa;
    });
    const first = 4n * GIB + 0x10n;
    expect(pas).toEqual([first, first + 0x1000n, first, first + 0x2000n]);
    expect(named(core.counters())).toMatchObject({
      DemandTables: 3n,
      DemandMappings: 3n,
      DemandEntries: 3n,
    });
  });

  it("faults nobody sees: none is counted, and the walk goes on with what was made", () => {
    begin(core, X86, { demand: compilePagePolicy(X86, "base") });
    expect(run(core, [read(VA), write(VA), fetch(VA)])).toBe(3);
    const counters = named(core.counters());
    expect(counters).toMatchObject({ Walks: 1n, WalkLoadsLevel0: 1n, WalkLoadsLevel3: 1n });
    expect(counters.FaultNotPresent).toBeUndefined();
  });

  it("leaves pages clean and young only as the walk itself makes them", () => {
    const tables = begin(core, X86, { demand: compilePagePolicy(X86, "base") });
    core.translate(VA, Access.UserRead);
    expect(core.peek(tables.entryAt(VA, 0)) & 0x60n).toBe(0x20n);
    core.translate(VA + 0x1000n, Access.UserWrite);
    expect(core.peek(tables.entryAt(VA + 0x1000n, 0)) & 0x60n).toBe(0x60n);
  });

  it.each([
    ["2m", 1, 21],
    ["1g", 2, 30],
  ] as const)("maps %s pages, aligned to their size", (pages, level, shift) => {
    const tables = begin(core, X86, { demand: compilePagePolicy(X86, pages) });
    core.translate(VA, Access.UserWrite);
    const size = 1n << BigInt(shift);
    expect(core.stopBlock()).toMatchObject({ level, pageShift: shift });
    expect(core.stopBlock().pa % size).toBe(VA % size);
    expect(core.peek(tables.entryAt(VA, level)) & 0x80n).toBe(0x80n);
  });

  it("aligns its first page where the addresses it hands out start below that size", () => {
    const wide = typicalLayout("arm64", { ds: true, ips: 52, t0sz: 12 });
    begin(core, wide, { demand: compilePagePolicy(wide, "512g") });
    core.translate(VA, Access.UserRead);
    expect(core.stopBlock()).toMatchObject({ pa: (512n * GIB) | VA, pageShift: 39 });
  });

  it("maps an aligned group at once, and marks it contiguous where the architecture can", () => {
    const tables = begin(core, ARM, { demand: compilePagePolicy(ARM, "contiguous") });
    core.translate(VA, Access.UserRead);
    const group = VA & ~0xffffn;
    const entries = Array.from({ length: 16 }, (_, i) =>
      core.peek(tables.entryAt(group + BigInt(i) * 0x1000n, 0)),
    );
    expect(entries.map((entry) => (entry >> 52n) & 1n)).toEqual(Array(16).fill(1n));
    const pages = entries.map((entry) => (entry & 0xffff_ffff_f000n) - 4n * GIB);
    expect(pages).toEqual(Array.from({ length: 16 }, (_, i) => BigInt(i) * 0x1000n));
    expect(named(core.counters())).toMatchObject({ DemandMappings: 1n, DemandEntries: 16n });
    expect(core.peek(tables.entryAt(group - 0x1000n, 0))).toBe(0n);
    expect(core.peek(tables.entryAt(group + 0x1_0000n, 0))).toBe(0n);
  });

  it("maps by the second policy from its address on, to the byte", () => {
    begin(core, X86, { demand: compilePagePolicy(X86, "base,2m@0x40000000") });
    core.translate(GIB - 1n, Access.UserRead);
    expect(core.stopBlock().pageShift).toBe(12);
    core.translate(GIB, Access.UserRead);
    expect(core.stopBlock()).toMatchObject({ pageShift: 21, pa: 8n * GIB });
  });

  it("stops, out of memory, when its addresses are used up", () => {
    begin(core, X86, { demand: onlyPages(2) });
    const records = [0n, 1n, 2n].map((page) => write(page * 4096n));
    expect(run(core, records)).toBe(2);
    const stopped = { code: Stop.OutOfMemory, fault: FaultKind.NotPresent, va: 0x2000n, level: 0 };
    expect(core.stopBlock()).toMatchObject(stopped);
    expect(core.counter(Counter.Writes)).toBe(2n);
    expect(core.counter(Counter.DemandMappings)).toBe(2n);
  });

  it("goes on with what it has mapped after that, and the next fault is a fault again", () => {
    begin(core, X86, { demand: onlyPages(1) });
    run(core, [write(0n)]);
    expect(run(core, [write(0x1000n)])).toBe(0);
    expect(run(core, [write(0n)])).toBe(1);
    core.loadDemand(null);
    run(core, [write(0x1000n)]);
    expect(core.stopBlock().code).toBe(Stop.Fault);
  });

  it("stops with a conflict where a table stands in the way of its large page", () => {
    begin(core, X86, { demand: compilePagePolicy(X86, "base") });
    run(core, [read(VA)]);
    core.loadDemand(compilePagePolicy(X86, "2m"));
    expect(run(core, [read(VA), read(VA + 0x1000n)])).toBe(1);
    expect(core.stopBlock()).toMatchObject({ code: Stop.DemandConflict, level: 0 });
    expect(run(core, [read(VA + (1n << 21n))])).toBe(1);
  });

  it("fills what is not present and nothing else: other faults stop as ever", () => {
    const tables = begin(core, X86, { demand: compilePagePolicy(X86, "base") });
    const readOnly = 0b101n;
    const at = tables.map({ va: VA, pa: 0x5000n, bits: readOnly });
    expect(run(core, [write(VA)])).toBe(0);
    expect(core.stopBlock()).toMatchObject({ code: Stop.Fault, fault: FaultKind.Permission });
    expect(core.peek(at)).toBe(0x5000n | readOnly);
    expect(run(core, [read(1n << 50n)])).toBe(0);
    expect(core.stopBlock().fault).toBe(FaultKind.OutOfRange);
  });

  it("does not fill entries of a table that is not in memory", () => {
    begin(core, X86, { demand: compilePagePolicy(X86, "base") });
    const absent = 1n << 40n;
    core.exports.setRoots(absent, absent);
    expect(core.translate(VA, Access.UserRead)).toBe(false);
    expect(core.stopBlock().code).toBe(Stop.OutOfMemory);
    expect(core.peek(1n << 45n)).toBe(0n);
  });

  it("starts over at its first page when it is loaded anew", () => {
    const demand = compilePagePolicy(X86, "base");
    for (let time = 0; time < 2; time++) {
      begin(core, X86, { demand });
      core.translate(VA, Access.UserRead);
      expect(core.stopBlock().pa).toBe(4n * GIB);
    }
  });

  it("switched off, leaves every fault to the kernel", () => {
    begin(core, X86);
    expect(run(core, [read(VA)])).toBe(0);
    expect(core.stopBlock()).toMatchObject({ code: Stop.Fault, fault: FaultKind.NotPresent });
    expect(core.counter(Counter.DemandTables)).toBe(0n);
  });
});
