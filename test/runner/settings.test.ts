import { describe, expect, it } from "vitest";
import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { CPUS } from "../../arch/cpus/index.js";
import { parseSetting } from "../../src/config/setting.js";
import type { Cell } from "../../src/runner/cell.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { leavesOf, valueAt } from "../../src/runner/profile-path.js";
import { runCell } from "../../src/runner/run-cell.js";

const settingsOf = (texts: readonly string[]) => texts.map((text) => parseSetting(text));

/** The one cell of a workload under settings. */
function planned(set: readonly string[], over: { cpu?: string; arch?: string } = {}): Cell {
  const { cpu = "plain", arch = "x86-64" } = over;
  const [cell] = planRun({
    inputs: [{ path: "chase", format: "auto", accesses: "all", split: true }],
    archs: [arch],
    cpus: [cpu],
    pages: ["base"],
    settings: settingsOf(set),
  });
  if (cell === undefined) throw new Error("no cell");
  return cell;
}

/** The one cell of a script under settings. */
function script(set: readonly string[]) {
  const [cell] = planScripts({
    inputs: [{ path: "s.scn", text: "mmap A 4 rw private\nwrite A 0 4\n" }],
    archs: ["x86-64"],
    kernels: ["7.2:swap=false"],
    cpus: ["plain"],
    settings: settingsOf(set),
  });
  if (cell === undefined) throw new Error("no cell");
  return cell;
}

describe("a number of the CPU profile", () => {
  it.each([
    ["cpu.tlb.data.L1D.entries=16", ["tlb", "data", 0, "entries"]],
    ["cpu.tlb.data.0.entries=16", ["tlb", "data", 0, "entries"]],
    ["cpu.walkCaches.1.entries=16", ["walkCaches", 1, "entries"]],
    ["cpu.costs.walkLoad=16", ["costs", "walkLoad", "cycles"]],
    ["cpu.costs.walkLoad.cycles=16", ["costs", "walkLoad", "cycles"]],
    ["cpu.costs.walkStart=16", ["costs", "walkStart", "cycles"]],
  ] as [string, (string | number)[]][])(
    "%s is changed, and no longer has a source",
    (set, path) => {
      let at: unknown = planned([set]).own?.cpu;
      const [last, ...back] = [...path].reverse();
      for (const step of back.reverse()) at = (at as Record<string | number, unknown>)[step];
      expect(at).toMatchObject({ [last ?? ""]: 16, cite: "USER --set", confidence: "choice" });
    },
  );

  it("leaves the profile that ships as it is", () => {
    const before = JSON.stringify(CPUS.get("plain"));
    planned(["cpu.costs.walkLoad=1"]);
    expect(JSON.stringify(CPUS.get("plain"))).toBe(before);
  });

  it("counts in the result: a dearer load makes walks dearer, by that much", async () => {
    const core = await loadCoreModule();
    const run = async (cycles: number) => {
      const cell = planned([`cpu.costs.walkLoad=${cycles}`]);
      return (await runCell(core, cell)).result;
    };
    const [cheap, dear] = [await run(10), await run(30)];
    expect(dear.counters).toEqual(cheap.counters);
    expect(dear.cycles.by.walk).toBe(3n * (cheap.cycles.by.walk ?? 0n));
    expect(dear.config.set).toEqual({ "cpu.costs.walkLoad": 30 });
  });

  it("has each path that is listed, with the value that stands there", () => {
    for (const profile of CPUS.values()) {
      for (const path of leavesOf(profile)) {
        expect(["number", "string", "boolean"], path).toContain(typeof valueAt(profile, path));
      }
    }
  });
});

describe("parameters by path", () => {
  it("of the architecture, of a workload, of the kernel and of costs", () => {
    expect(planned(["mode.granule=64"], { arch: "arm64" }).mode.granule).toBe(64);
    expect(planned(["workload.pages=77"]).input).toMatchObject({ parameters: { pages: 77 } });
    const { kernel } = script(["kernel.hwDirty=false", "costs.syscall=7"]).machine;
    expect([kernel.hwDirty, kernel.swap, kernel.version]).toEqual([false, false, "7.2"]);
    expect(kernel.costs.events.syscall).toEqual({
      cycles: 7,
      cite: "USER --set",
      confidence: "choice",
    });
    expect(kernel.costs.events.fault).toEqual(DEFAULT_COSTS.events.fault);
    expect(script(["kernel.version=6.12"]).machine.kernel.version).toBe("6.12");
  });
});

describe("what cannot be set is refused", () => {
  it.each([
    ["cpu.costs.walkLod=1", 'no cell has such a setting; did you mean "cpu.costs.walkLoad"?'],
    ["cpu.tlb.data.L9.entries=1", "no cell has such a setting"],
    ["cpu.name=x", "no cell has such a setting"],
    ["cpu.costs=1", "no cell has such a setting"],
    ["costs.syscall=1", "these cells have workload.*, mode.*, cpu.*"],
    ["mode.granule=4", "no cell has such a setting"],
    ["cpu.costs.walkLoad=dear", "a number is allowed"],
    ["cpu.tlb.data.L1D.entries=17", "cpu tlb.data.0: entries / ways, the number of sets, is not a"],
    ["workload.pages=0", "pages=0: whole numbers from 1 to"],
  ])("%s", (set, why) => {
    expect(() => planned([set])).toThrow(why);
  });

  it.each([
    ["costs.syscal=1", 'no cell has such a setting; did you mean "costs.syscall"?'],
    ["costs.syscall=-1", "cycles from 0 on are allowed"],
    ["costs.clockMHz=0", "MHz from 1 on are allowed"],
    ["kernel.hwdirty=true", 'did you mean "kernel.hwDirty"?'],
    ["kernel.hwDirty=1", "hwDirty is true or false"],
    ["workload.pages=4", "no cell has such a setting"],
  ])("%s, of a script", (set, why) => {
    expect(() => script([set])).toThrow(why);
  });
});
