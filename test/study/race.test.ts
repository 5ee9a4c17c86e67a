// Writers that go on while a collector asks: whatever the interleaving, only trackers that read and clear in two calls
// lose pages, and of those the oracle says so.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { Player } from "../../src/scenario/player.js";
import { judge } from "../../src/study/judge.js";
import { type Collected, Session } from "../../src/study/session.js";
import { TRACKERS } from "../../src/tracker/index.js";
import type { Tracker } from "../../src/tracker/types.js";

/** Four page tables of base pages. */
const PAGES = 2048;
const LOSES = ["soft-dirty", "soft-dirty-scan", "uffd-async-sd"];
const EXACT = ["mprotect", "uffd-sync", "uffd-async", "hw-log", "hw-sweep"];

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadCoreModule());
});

function start(
  arch: string,
  tracker: Tracker,
  cpus: number,
  costs: Settings = new Settings(),
): Session {
  const selectors = { arch, kernel: "7.2:memory=64m", cpu: "plain" };
  const kernel = bootMachine(new Core(module), machineOf(selectors, costs, { cpus }));
  const machine = { kernel, player: new Player(kernel), accessCycles: () => 0 };
  const session = new Session(machine, tracker, PAGES);
  session.populate();
  session.arm();
  return session;
}

/** Collects; at each step others may write, whose pages are drawn. */
function collectAgainst(session: Session, steps: readonly (readonly number[])[]): Collected {
  let step = 0;
  const { machine, process, written, writers } = session;
  return session.collect(() => {
    const pages = [...(steps[step++] ?? [])];
    const next = (): (() => void) | undefined => {
      const page = pages.shift();
      if (page === undefined) return undefined;
      return () => {
        machine.player.touch(process, session.start + page, 1);
        written.writeDuring(session.start + page);
      };
    };
    writers.write(next, 0);
  });
}

const page = fc.nat(PAGES - 1);
const round = fc.record({
  before: fc.array(page, { maxLength: 12 }),
  during: fc.array(fc.array(page, { maxLength: 4 }), { maxLength: 6 }),
});

describe.each(["x86-64", "arm64"])("on %s", (arch) => {
  it.each(EXACT)("%s loses nothing, wherever others write between its steps", (name) => {
    const tracker = TRACKERS.get(name) as Tracker;
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 3 }), (rounds) => {
        const session = start(arch, tracker, 3);
        const collected = rounds.map(({ before, during }) => {
          session.write(before);
          return collectAgainst(session, during);
        });
        collected.push(session.collect());
        const { falseNegatives, check } = judge(tracker, collected);
        expect([falseNegatives, check.ok]).toEqual([0, true]);
      }),
      { numRuns: 4 },
    );
  });
});

it.each(LOSES)(
  "%s loses what is written behind the read of its table, and says by which rule",
  (name) => {
    const tracker = TRACKERS.get(name) as Tracker;
    const session = start("x86-64", tracker, 2);
    // Behind the first table's read: page 3 was looked at, page 1500 was not.
    const first = collectAgainst(session, [[3, 1500]]);
    const { falseNegatives, rules, check } = judge(tracker, [first, session.collect()]);
    expect([falseNegatives, rules, check.ok]).toEqual([1, [tracker.blindTo?.race], true]);
    expect(first.pages).toEqual([[session.start + 1500, session.start + 1501]]);
  },
);

describe("threads on CPUs of their own", () => {
  it("write at the same time, the earliest first; the collector waits for all", () => {
    const session = start("x86-64", TRACKERS.get("none") as Tracker, 4);
    const { clocks } = session.machine.kernel;
    const begun = clocks.elapsed;
    const { cycles } = session.write([0, 1, 2, 3, 4, 5], 1000);
    expect(cycles).toBe(0);
    expect([0, 1, 2].map((cpu) => clocks.of(cpu) - begun)).toEqual([2000, 2000, 2000]);
    session.collect();
    expect(clocks.of(3) - begun).toBe(2000);
  });

  it("on one CPU nobody goes on beside the collector", () => {
    const session = start("x86-64", TRACKERS.get("soft-dirty") as Tracker, 1);
    expect(session.writers.parallel).toBe(false);
    let asked = 0;
    session.collectAmong(() => asked++, 1000);
    expect(asked).toBe(0);
  });

  it("a flush by interrupt reaches those that write, one by broadcast nobody", () => {
    const ipis = (arch: string): number => {
      const session = start(arch, TRACKERS.get("uffd-async") as Tracker, 4);
      session.write([1, 2, 3]);
      return session.collect().spent.events.ipi ?? 0;
    };
    expect(ipis("x86-64")).toBe(3);
    expect(ipis("arm64")).toBe(0);
  });

  it("a fault beside clear_refs waits until that is over (PGWALK_WRLOCK)", () => {
    const costs = new Settings([
      { path: "costs.clear_entry", value: "40", from: "--set" },
      { path: "costs.trap", value: "100", from: "--set" },
    ]);
    const session = start("x86-64", TRACKERS.get("soft-dirty") as Tracker, 2, costs);
    const { clocks } = session.machine.kernel;
    const begun = clocks.of(0);
    session.collectAmong(() => 7, 10);
    // The store that came beside the clearing went on behind it.
    expect(clocks.of(0) - begun).toBeGreaterThan(PAGES * 40);
    expect(clocks.waited).toBeGreaterThan(0);
  });
});
