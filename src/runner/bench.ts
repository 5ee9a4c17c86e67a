// Runs a suite, compares it with its baseline and makes a new one.

import type { Suite } from "../config/suite.js";
import { MmulateError } from "../errors.js";
import { type Baseline, checkComparable, compareCell, differences } from "../stats/baseline.js";
import type { BenchResult, CellVerdict, HostRow } from "../stats/bench.js";
import type { CellResult, Check } from "../stats/report.js";
import { judgeShift, shiftOf } from "../stats/shift.js";
import { baselineOf, readBaseline } from "./baseline-files.js";
import { hostRounds, thisMachine } from "./host-rounds.js";
import { loadCoreModule } from "./module-files.js";
import { planSuite, type SuiteCell, suiteName } from "./plan-suite.js";
import type { RunEnd } from "./run-cells.js";
import type { Runnable } from "./task.js";

export interface SuiteRun {
  readonly suite: Suite;
  /** File of the baseline; undefined = nothing is judged. */
  readonly baseline: string | undefined;
  /** Where a new baseline goes; undefined = none is made. */
  readonly saveTo: string | undefined;
  /** Rounds of host time; 0 = none. */
  readonly host: number;
}

export interface SuiteEnd {
  readonly end: RunEnd;
  readonly result: BenchResult;
  /** The cells, each with a check that it holds its baseline. */
  readonly cells: readonly CellResult[];
  /** The new baseline, if every cell finished. */
  readonly made?: Baseline;
}

/**
 * Runs a suite. Whether it can be compared is found out before the first cell runs.
 * @param runAll runs cells, as many at a time as it likes
 * @throws MmulateError CONFIG when the baseline is of something else, with the difference; INPUT; as `planSuite`
 */
export async function runSuite(
  { suite, baseline: file, saveTo, host: rounds }: SuiteRun,
  runAll: (cells: readonly Runnable[]) => Promise<RunEnd>,
): Promise<SuiteEnd> {
  const planned = await planSuite(suite);
  const baseline = file === undefined ? null : await readBaseline(file);
  if (baseline !== null) {
    checkComparable(
      baseline,
      new Map(planned.map(({ cell, asked }) => [cell.id, asked])),
      file ?? "",
    );
    if (rounds > 0) checkMachine(baseline, file ?? "");
  }
  const end = await runAll(planned.map(({ cell }) => cell));
  const results = end.outcomes.map(({ result }) => result);
  const samples = rounds > 0 ? await sampled(planned, rounds) : new Map<string, number[]>();
  const verdicts = results.map((result) => verdictOf(baseline, result, suite));
  const host = baseline === null || rounds === 0 ? [] : hostRows(baseline, samples, suite);
  const complete = results.length === planned.length;
  return {
    end,
    cells: results.map((result, i) => withCheck(result, verdicts[i])),
    result: {
      suite: suiteName(suite),
      title: suite.title,
      ...(baseline === null ? {} : { baseline: { file: file ?? "", version: baseline.version } }),
      cells: verdicts,
      ...(host.length === 0 ? {} : { host }),
    },
    ...(saveTo !== undefined && complete
      ? { made: baselineOf(suite, planned, results, samples) }
      : {}),
  };
}

/** Times of another machine say nothing about this one. */
function checkMachine({ machine }: Baseline, file: string): void {
  if (machine === undefined) return;
  const [difference] = differences(machine, thisMachine());
  if (difference === undefined) return;
  throw new MmulateError(
    "CONFIG",
    `${file} cannot be compared: its host times are of another machine: ${difference} (leave out --host)`,
  );
}

async function sampled(
  planned: readonly SuiteCell[],
  rounds: number,
): Promise<Map<string, number[]>> {
  const core = await loadCoreModule();
  const samples = new Map<string, number[]>();
  for (const { cell } of planned) {
    samples.set(cell.id, await hostRounds(core, cell, { check: true }, rounds));
  }
  return samples;
}

function verdictOf(baseline: Baseline | null, result: CellResult, { rules }: Suite): CellVerdict {
  const before = baseline?.cells.find(({ id }) => id === result.id);
  if (before !== undefined) return compareCell(before, result, rules);
  return { id: result.id, verdict: "new", judged: [], moved: [], because: [] };
}

function hostRows(
  { cells }: Baseline,
  samples: ReadonlyMap<string, readonly number[]>,
  { threshold }: Suite,
): HostRow[] {
  return cells.flatMap(({ id, host }) => {
    const now = samples.get(id);
    if (host === undefined || now === undefined) return [];
    const shift = shiftOf(host, now);
    return [{ id, ...shift, verdict: judgeShift(shift, threshold) }];
  });
}

/** What reporters make of a comparison: one check more. */
function withCheck(result: CellResult, verdict: CellVerdict | undefined): CellResult {
  if (verdict === undefined || verdict.verdict === "new") return result;
  const ok = !["regressed", "changed"].includes(verdict.verdict);
  const [first] = verdict.judged.filter((each) => each.verdict === "regressed");
  const move = first ?? verdict.moved[0];
  const seen =
    move === undefined ? verdict.verdict : `${move.path}: ${move.before} -> ${move.after}`;
  const check: Check = ok ? { id: "baseline", ok } : { id: "baseline", ok, first: seen };
  return { ...result, checks: [...result.checks, check] };
}
