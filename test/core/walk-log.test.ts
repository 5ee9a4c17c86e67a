// The walk log: what each step read, decided and left behind; and that it costs nothing when it is off.

import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Access, CLASS_LEAF, CLASS_TABLE, FaultKind } from "../../assembly/abi/stop.js";
import type { StopBlock, WalkStep } from "../../src/core/core.js";
import { ARBITRARY } from "./oracle.js";
import {
  ARCHITECTURE_NAMES,
  accessCode,
  attempt,
  BUILDS,
  type Build,
  type Case,
  coreOf,
  named,
  Player,
  tablesNow,
  typicalLayout,
  withPlainCpu,
} from "./support.js";
import { begin, type Tables } from "./tables.js";

const VA = 0x1234_5678_9000n;
const PA = 0x5_4321_0000n;
const ACCESSED = 0x20n;
const DIRTY = 0x40n;
const RUNS: Record<Build, number> = { release: 500, debug: 150 };

/** What the log says of memory, step after step, beside the memory before the access. */
function replay(before: ReadonlyMap<bigint, bigint>, steps: readonly WalkStep[]) {
  const memory = new Map(before);
  for (const { pa, entry, updated } of steps) {
    expect(memory.get(pa) ?? 0n).toBe(entry);
    if (updated !== entry) memory.set(pa, updated);
  }
  return memory;
}

/** The last step is where the stop block says the walk ended, and why. */
function expectEnd(steps: readonly WalkStep[], stop: StopBlock): void {
  const last = steps.at(-1);
  if (last === undefined) throw new Error("no steps");
  expect(last).toMatchObject({ pa: stop.entryPa, updated: stop.entry, level: stop.level });
  const byType = last.entryClass < CLASS_TABLE ? last.entryClass : FaultKind.None;
  expect(byType || last.fault).toBe(stop.fault);
}

describe.each(BUILDS)("on the %s build", (build) => {
  const player = new Player(coreOf(build), withPlainCpu);
  const { core } = player;

  describe("a 4-level walk of x86-64", () => {
    const machine = coreOf(build);
    const layout = typicalLayout("x86-64");
    let tables: Tables;

    beforeEach(() => {
      tables = begin(machine, layout);
      machine.exports.enableLog(true);
    });

    it("logs an entry a level, before and after its A bit was set", () => {
      tables.map({ va: VA, pa: PA });
      const entries = [3, 2, 1, 0].map((level) => tables.entryAt(VA, level));
      const before = entries.map((at) => machine.peek(at));
      machine.translate(VA, Access.UserRead);
      const steps = machine.walkSteps();
      expect(steps.map(({ pa }) => pa)).toEqual(entries);
      expect(steps.map(({ level }) => level)).toEqual([3, 2, 1, 0]);
      expect(steps.map(({ entry }) => entry)).toEqual(before);
      expect(steps.map(({ updated }) => updated)).toEqual(before.map((e) => e | ACCESSED));
      expect(steps.map(({ entryClass }) => entryClass)).toEqual([
        CLASS_TABLE,
        CLASS_TABLE,
        CLASS_TABLE,
        CLASS_LEAF,
      ]);
      expect(steps.every(({ fault }) => fault === FaultKind.None)).toBe(true);
    });

    it("logs the rights of the leaf, one bit an access, and none for tables", () => {
      tables.map({ va: VA, pa: PA });
      machine.translate(VA, Access.UserRead);
      // SMEP and SMAP are on, so that a user page is the user's alone.
      const user = (1 << Access.UserRead) | (1 << Access.UserWrite) | (1 << Access.UserFetch);
      expect(machine.walkSteps().map(({ rights }) => rights)).toEqual([0, 0, 0, user]);
    });

    it("logs restrictions where they are in force: below the entry that restricts", () => {
      tables.map({ va: VA, pa: PA });
      const middle = tables.entryAt(VA, 2);
      machine.poke(middle, machine.peek(middle) & ~2n);
      machine.translate(VA, Access.UserWrite);
      const [first, second, third, leaf] = machine.walkSteps();
      expect([first?.restrictions, second?.restrictions]).toEqual([0, 0]);
      expect(third?.restrictions).not.toBe(0);
      expect(leaf).toMatchObject({
        restrictions: third?.restrictions,
        fault: FaultKind.Permission,
      });
      expect((leaf?.rights ?? 0) & (1 << Access.UserWrite)).toBe(0);
      expect(leaf?.updated).toBe(leaf?.entry);
    });

    it("ends at the entry that is not present", () => {
      const at = tables.entryAt(VA, 1);
      machine.translate(VA, Access.UserRead);
      const steps = machine.walkSteps();
      expect(steps).toHaveLength(3);
      const notPresent = { pa: at, entry: 0n, updated: 0n, entryClass: FaultKind.NotPresent };
      expect(steps.at(-1)).toMatchObject(notPresent);
    });

    it("starts below the table that a walk cache spares", () => {
      tables.map({ va: VA, pa: PA });
      tables.map({ va: VA + 0x1000n, pa: PA });
      machine.translate(VA, Access.UserRead);
      machine.translate(VA + 0x1000n, Access.UserRead);
      expect(machine.walkSteps().map(({ level }) => level)).toEqual([0]);
    });

    it("logs the whole walk of a dirty assist, with the D bit it set", () => {
      tables.map({ va: VA, pa: PA });
      machine.translate(VA, Access.UserRead);
      machine.translate(VA, Access.UserWrite);
      const steps = machine.walkSteps();
      expect(steps.map(({ level }) => level)).toEqual([3, 2, 1, 0]);
      const leaf = steps.at(-1);
      expect((leaf?.updated ?? 0n) ^ (leaf?.entry ?? 0n)).toBe(DIRTY);
    });

    it("is empty for an access that a TLB answers, or that is refused before the walk", () => {
      tables.map({ va: VA, pa: PA });
      machine.translate(VA, Access.UserRead);
      machine.translate(VA, Access.UserRead);
      expect(machine.walkSteps()).toEqual([]);
      machine.translate(VA | (1n << 50n), Access.UserRead);
      expect(machine.stopBlock().fault).toBe(FaultKind.OutOfRange);
      expect(machine.walkSteps()).toEqual([]);
    });

    it("is forgotten by a reset, and when it is switched off", () => {
      tables.map({ va: VA, pa: PA });
      machine.translate(VA, Access.UserRead);
      machine.exports.enableLog(false);
      expect(machine.walkSteps()).toEqual([]);
      machine.exports.flushAll();
      machine.translate(VA, Access.UserRead);
      expect(machine.walkSteps()).toEqual([]);
    });
  });

  describe.each(ARCHITECTURE_NAMES)("the log of any walk of %s", (arch) => {
    it("tells every change of memory, in order, and where the walk ended", () => {
      core.exports.enableLog(true);
      fc.assert(
        fc.property(ARBITRARY[arch](), (drawn) => {
          player.prepare(drawn);
          const before = new Map(drawn.tables);
          core.translate(drawn.access.va, accessCode(drawn.access));
          const steps = core.walkSteps();
          const after = replay(before, steps);
          expect(tablesNow(core, drawn.tables)).toEqual(after);
          if (steps.length > 0) expectEnd(steps, core.stopBlock());
          const levels = steps.map(({ level }) => level);
          expect(levels).toEqual(levels.map((_, i) => (levels[0] ?? 0) - i));
        }),
        { numRuns: RUNS[build] },
      );
    });

    /** All that an access leaves behind. */
    function traceOf(drawn: Case, log: boolean) {
      core.exports.enableLog(log);
      const outcome = player.play(drawn);
      const again = attempt(core, drawn);
      return { outcome, again, stop: core.stopBlock(), counters: named(core.counters()) };
    }

    it("changes nothing else: outcome, counters and stop block are the same without it", () => {
      fc.assert(
        fc.property(ARBITRARY[arch](), (drawn) => {
          const logged = traceOf(drawn, true);
          expect(traceOf(drawn, false)).toEqual(logged);
          expect(core.walkSteps()).toEqual([]);
        }),
        { numRuns: RUNS[build] },
      );
    });
  });
});
