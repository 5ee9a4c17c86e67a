// Guests whose second stage is walked, as `mmulate run --second-stage` has them.

import { describe, expect, it } from "vitest";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun, type RunRequest } from "../../src/runner/plan.js";
import { runCell } from "../../src/runner/run-cell.js";
import type { CellResult } from "../../src/stats/report.js";

interface Asked extends Partial<RunRequest> {
  readonly input?: string;
}

const plan = ({ input = "uniform:pages=65536:accesses=2000:warmup=0", ...asked }: Asked) =>
  planRun({
    inputs: [{ path: input, format: "auto", accesses: "all", split: true }],
    archs: ["x86-64"],
    cpus: ["bare"],
    pages: ["base"],
    ...asked,
  });

async function results(asked: Asked): Promise<CellResult[]> {
  const done: CellResult[] = [];
  for (const cell of plan(asked)) done.push((await runCell(await loadCoreModule(), cell)).result);
  return done;
}

const perWalk = (cells: readonly CellResult[]) =>
  cells.map(({ metrics }) => metrics.references_per_walk);

describe("a guest whose second stage is walked", () => {
  it("reads n·m + n + m entries for a walk that finds nothing cached", async () => {
    expect(perWalk(await results({ secondStages: ["4k", "2m", "1g", "4k:levels=5"] }))).toEqual([
      24, 19, 14, 29,
    ]);
    const five = await results({ archs: ["x86-64:levels=5"], secondStages: ["4k:levels=5"] });
    expect(perWalk(five)).toEqual([35]);
    const risc = await results({ archs: ["riscv64"], secondStages: ["4k", "64k", "1g:sv=39"] });
    expect(perWalk(risc)).toEqual([24, 24, 9]);
    const arm = await results({ archs: ["arm64"], secondStages: ["4k", "64k", "4k:ipa=40"] });
    expect(perWalk(arm)).toEqual([24, 24, 19]);
  });

  it("crosses page sizes: entries of TLBs are of the smaller", async () => {
    const [small, both, contiguous] = await Promise.all([
      results({ archs: ["arm64"], pages: ["2m"], secondStages: ["4k"] }),
      results({ archs: ["arm64"], pages: ["2m"], secondStages: ["2m"] }),
      results({ archs: ["arm64"], pages: ["2m"], secondStages: ["64k"] }),
    ]);
    expect(perWalk([...small, ...both, ...contiguous])).toEqual([19, undefined, 19]);
    // 256 MiB: 128 pages of 2 MiB fit the TLBs, 4,096 groups and 65,536 base pages do not.
    const walks = [small, both, contiguous].map(([cell]) => Number(cell?.counters.walks));
    const [least, some = 0, most] = [walks[1], walks[2], walks[0]];
    expect(least).toBe(0);
    expect(some).toBeGreaterThan(1000);
    expect(most).toBeGreaterThan(some);
  });

  it("counts what is right beside the machine that is nobody's guest", async () => {
    const [native, guest] = await results({ cpus: ["golden-cove"], secondStages: ["none", "4k"] });
    expect(native?.labels.secondStage).toBe("none");
    expect(native?.config.secondStage).toBeUndefined();
    expect(guest?.config.secondStage).toMatchObject({ pages: "4k", mode: { levels: 4 } });
    for (const cell of [native, guest]) {
      expect(cell?.checks.filter(({ ok }) => !ok)).toEqual([]);
    }
    // The same entries of the guest's own tables are read; what the host's cost comes on top.
    expect(guest?.counters.walks).toBe(native?.counters.walks);
    expect(native?.cycles.by.nested).toBeUndefined();
    const lines = Object.entries(guest?.counters ?? {})
      .filter(([name]) => name.startsWith("nested_from_"))
      .reduce((sum, [, count]) => sum + count, 0n);
    expect(lines).toBe(guest?.counters.second_stage_loads);
    expect(lines).toBeGreaterThan(0n);
  });

  it("keeps as much of the second stage as the CPU's profile says", async () => {
    const asked = { cpus: ["plain"], secondStages: ["4k"] };
    const path = "cpu.secondStage.pages.entries";
    const [none] = await results({ ...asked, settings: [{ path, value: "0", from: "--set" }] });
    const [usual] = await results(asked);
    expect(none?.counters.second_stage_page_hits).toBeUndefined();
    expect(usual?.counters.second_stage_page_hits).toBeGreaterThan(0n);
    expect(usual?.counters.second_stage_loads ?? 0n).toBeLessThan(
      none?.counters.second_stage_loads ?? 0n,
    );
  });

  it("is a machine like any other to traces that come again: the same figures", async () => {
    const chase = { input: "chase:pages=4096:passes=1", secondStages: ["2m"] };
    expect(await results(chase)).toEqual(await results(chase));
  });

  it.each([
    [{ secondStages: ["3k"] }, 'pages "3k": x86-64-ept maps base, thp, contiguous or one of 4k'],
    [{ secondStages: ["4k:levels=6"] }, "x86-64-ept: levels = 6, but 4, 5 is allowed"],
    [{ secondStages: ["4k:level=5"] }, 'no parameter "level"; did you mean "levels"?'],
    [{ secondStages: ["4k:5"] }, '"4k:5": "5" is not PARAMETER=VALUE (as in 4k:levels=5)'],
    [{ secondStages: ["4k,2m@0x40000000"] }, "one size for all of a guest is allowed"],
    [
      { cpus: ["golden-cove"], nested: "4k", secondStages: ["4k"] },
      "a guest's second stage is walked, or approximated (nested): not both",
    ],
  ])("refuses %o", (asked, message) => {
    expect(() => plan(asked)).toThrow(message);
  });
});
