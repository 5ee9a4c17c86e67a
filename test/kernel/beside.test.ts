// Soft-dirty bits beside the page table: every bit that a fault sets is paid for, and every line that a call goes through.

import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { eventsOf } from "../../src/scenario/counts.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { Player } from "../../src/scenario/player.js";
import { Session } from "../../src/study/session.js";
import { softDirty } from "../../src/tracker/soft-dirty.js";

const PAGES = 2048;

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadCoreModule());
});

/** Bits set and lines passed by each step of a round that writes `count` pages. */
function round(words: string, count: number) {
  const selectors = { arch: "x86-64", kernel: `7.2:memory=64m${words}`, cpu: "plain" };
  const kernel = bootMachine(new Core(module), machineOf(selectors, new Settings()));
  const machine = { kernel, player: new Player(kernel), accessCycles: () => 0 };
  const session = new Session(machine, softDirty, PAGES);
  const step = (work: () => void): readonly [set: number, lines: number, cycles: number] => {
    const before = eventsOf(kernel);
    const time = kernel.clocks.elapsed;
    work();
    const after = eventsOf(kernel);
    const more = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    return [more("beside_set"), more("beside_line"), kernel.clocks.elapsed - time];
  };
  return {
    populated: step(() => session.populate()),
    armed: step(() => session.arm()),
    wrote: step(() => session.write(Array.from({ length: count }, (_, i) => i * 7))),
    collected: step(() => session.collect()),
  };
}

describe("soft-dirty bits beside the page table", () => {
  it("are set by each fault that writes, and passed line by line: 512 entries a line", () => {
    const { populated, armed, wrote, collected } = round(":softDirtyBeside=true", 100);
    expect(populated.slice(0, 2)).toEqual([PAGES, 0]);
    expect(armed.slice(0, 2)).toEqual([0, PAGES / 512]);
    expect(wrote.slice(0, 2)).toEqual([100, 0]);
    // Told by pagemap, then cleared.
    expect(collected.slice(0, 2)).toEqual([0, (2 * PAGES) / 512]);
  });

  it("cost what the profile says, and nothing where they stand in the entries", () => {
    const inside = round("", 100);
    const beside = round(":softDirtyBeside=true", 100);
    expect(inside.wrote.slice(0, 2)).toEqual([0, 0]);
    const { beside_set: set, beside_line: line } = machineOf(
      { arch: "x86-64", kernel: "7.2", cpu: "plain" },
      new Settings(),
    ).kernel.costs.events;
    expect(beside.wrote[2] - inside.wrote[2]).toBe(100 * (set?.cycles ?? 0));
    expect(beside.collected[2] - inside.collected[2]).toBe(8 * (line?.cycles ?? 0));
    expect(set?.cycles).toBeGreaterThan(0);
  });
});
