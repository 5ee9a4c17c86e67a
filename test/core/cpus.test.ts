// Several CPUs in one instance, and records held in linear memory beside the batch buffer.

import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { plain } from "../../arch/cpus/plain.js";
import { Counter } from "../../assembly/abi/counters.js";
import { Control, EventKind } from "../../assembly/abi/event.js";
import { Access, FaultKind, Stop } from "../../assembly/abi/stop.js";
import type { Core } from "../../src/core/core.js";
import { compileCpu } from "../../src/layout/cpu.js";
import { batchOf, control, fetch, read, run, write } from "./events.js";
import { BUILDS, type Build, coreOf, invalidatePage, named, typicalLayout } from "./support.js";
import { Tables } from "./tables.js";

const X86 = typicalLayout("x86-64");
const CPU = compileCpu(plain, X86);
const VA = 0x40_0000n;
const FRAME = 0x12_3456_7000n;
const PAGES = 200;

/** P, R/W, U/S, A, D: no walk has anything to update. */
const SETTLED = 0b1100111n;
const RUNS: Record<Build, number> = { release: 100, debug: 40 };

const onCpu = (number: number): bigint => control(EventKind.Cpu, BigInt(number));

/** A machine with so many CPUs, all with the same tables. */
function beginWith(core: Core, cpus: number, held = 0): Tables {
  core.loadLayout(X86);
  core.loadCpu(CPU, cpus, held);
  core.loadDemand(null);
  core.reset(true);
  const tables = new Tables(core, X86);
  for (let number = cpus - 1; number >= 0; number--) {
    core.exports.selectCpu(number);
    tables.activate();
  }
  for (let page = 0n; page < PAGES; page++) {
    tables.map({ va: VA + page * 4096n, pa: FRAME + page * 4096n, bits: SETTLED });
  }
  // Every way to the pages is walked once, so that no table has an A bit left to set.
  core.translate(VA, Access.UserRead);
  core.exports.flushAll();
  return tables;
}

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  describe("a CPU record", () => {
    let before: BigUint64Array;

    beforeEach(() => {
      beginWith(core, 3);
      before = core.counters();
    });

    const since = (counter: Counter): bigint => core.counter(counter) - (before[counter] ?? 0n);

    it("gives the records behind it to that CPU, which has TLBs of its own", () => {
      const records = [read(VA), onCpu(2), read(VA), onCpu(0), read(VA), onCpu(2), read(VA)];
      expect(run(core, records)).toBe(records.length);
      expect(since(Counter.Walks)).toBe(2n);
      expect(since(Counter.DataL1Hit)).toBe(2n);
      expect(since(Counter.AddressSum)).toBe(4n * FRAME);
    });

    it("lasts over batches until another one, or a reset", () => {
      run(core, [read(VA), onCpu(1)]);
      run(core, [read(VA)]);
      expect(since(Counter.Walks)).toBe(2n);
      run(core, [onCpu(0), read(VA)]);
      expect(since(Counter.Walks)).toBe(2n);
    });

    it.each([3n, 4n, 2n ** 32n, 2n ** 61n - 1n])(
      "of CPU %s, which is not there, is a bad record",
      (number) => {
        run(core, [onCpu(1), read(VA)]);
        expect(run(core, [control(EventKind.Cpu, number)])).toBe(0);
        expect(core.stopBlock().code).toBe(Stop.BadRecord);
        run(core, [read(VA)]);
        expect(since(Counter.DataL1Hit)).toBe(1n);
      },
    );

    it("is undone by a reset: CPU 0 runs then", () => {
      run(core, [onCpu(2)]);
      core.reset(true);
      const tables = new Tables(core, X86);
      tables.activate();
      tables.map({ va: VA, pa: FRAME });
      expect(run(core, [read(VA), onCpu(0), read(VA)])).toBe(3);
      expect(core.counter(Counter.Walks)).toBe(1n);
    });

    it("leaves mode, context and tables to each CPU", () => {
      const supervisor = control(EventKind.Mode, 1n);
      expect(run(core, [supervisor, onCpu(1), read(VA), onCpu(0), read(VA)])).toBe(4);
      expect(core.stopBlock()).toMatchObject({ code: Stop.Fault, access: Access.SupervisorRead });

      const own = new Tables(core, X86);
      own.map({ va: VA, pa: FRAME + 0x80_0000n });
      core.exports.selectCpu(2);
      own.activate();
      core.exports.setContext(9);
      core.translate(VA, Access.UserRead);
      expect(core.stopBlock().pa).toBe(FRAME + 0x80_0000n);
      core.exports.selectCpu(1);
      core.translate(VA, Access.UserRead);
      expect(core.stopBlock().pa).toBe(FRAME);
    });

    it("a page invalidated on one CPU is still cached on the others; a flush forgets all", () => {
      run(core, [read(VA), onCpu(1), read(VA)]);
      invalidatePage(core, VA);
      run(core, [read(VA), onCpu(0), read(VA)]);
      expect(since(Counter.Walks)).toBe(3n);
      core.exports.flushAll();
      run(core, [read(VA), onCpu(1), read(VA)]);
      expect(since(Counter.Walks)).toBe(5n);
    });
  });

  // Where tables have nothing left to update, CPUs do not notice each other: a stream over several of them
  // counts what its parts count that each CPU runs alone.
  it("CPUs in turns count what they count one after the other", () => {
    const access = fc
      .record({
        make: fc.constantFrom(read, write, fetch),
        page: fc.oneof(fc.bigInt(0n, 9n), fc.bigInt(0n, BigInt(PAGES - 1))),
      })
      .map(({ make, page }) => make(VA + page * 4096n));
    const stream = fc.array(fc.tuple(fc.nat(2), access), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(stream, (accesses) => {
        beginWith(core, 3);
        const records = accesses.flatMap(([number, record]) => [onCpu(number), record]);
        expect(run(core, records)).toBe(records.length);
        const together = named(core.counters());

        beginWith(core, 3);
        for (const number of [0, 1, 2]) {
          const own = accesses.filter(([of]) => of === number).map(([, record]) => record);
          run(core, [onCpu(number), ...own]);
        }
        expect(named(core.counters())).toEqual(together);
      }),
      { numRuns: RUNS[build] },
    );
  });

  it("loading CPUs forgets memory and translations", () => {
    const tables = beginWith(core, 1);
    core.translate(VA, Access.UserRead);
    core.loadCpu(CPU);
    tables.activate();
    expect(core.translate(VA, Access.UserRead)).toBe(false);
    expect(core.stopBlock()).toMatchObject({ fault: FaultKind.NotPresent, level: 3 });
  });

  it("more CPUs than memory holds are refused", () => {
    expect(() => core.loadCpu(CPU, 100_000)).toThrow(expect.objectContaining({ code: "MEMORY" }));
  });

  describe("held records", () => {
    const COUNT = 100_000;
    const records = Array.from({ length: COUNT }, (_, i) => {
      const va = VA + BigInt((i * 37) % PAGES) * 4096n + BigInt(i % 512) * 8n;
      return i % 7 === 0 ? write(va) : i % 11 === 0 ? fetch(va) : read(va);
    });

    function hold(held: readonly bigint[]): void {
      beginWith(core, 1, held.length);
      core.heldEvents(held.length).set(batchOf(held));
    }

    it("run as those of batches do, in any number", () => {
      hold(records);
      expect(core.runHeld(0, COUNT)).toBe(COUNT);
      const held = named(core.counters());
      beginWith(core, 1);
      for (let at = 0; at < COUNT; at += 50_000) run(core, records.slice(at, at + 50_000));
      expect(named(core.counters())).toEqual(held);
      expect(held.Reads).toBeDefined();
    });

    it("stop and go on by their own index", () => {
      const stopping = records.with(70_000, control(EventKind.Control, BigInt(Control.Map)));
      hold(stopping);
      expect(core.runHeld(10, COUNT - 10)).toBe(69_990);
      expect(core.stopBlock().code).toBe(Stop.Control);
      expect(core.runHeld(70_001, 10)).toBe(10);
    });

    it.each([2 ** 29, 2 ** 29 - 1, 2 ** 40])("more than memory holds are refused: %d", (count) => {
      expect(() => core.loadCpu(CPU, 1, count)).toThrow(
        expect.objectContaining({ code: "MEMORY" }),
      );
    });

    it("are room for one record as for none", () => {
      hold([read(VA)]);
      expect(core.runHeld(0, 0)).toBe(0);
      expect(core.runHeld(0, 1)).toBe(1);
    });

    it("outlive a reset of simulated memory", () => {
      hold(records);
      core.reset(true);
      core.exports.newTable(0, 3);
      expect(core.heldEvents(COUNT)).toEqual(batchOf(records));
    });
  });
});
