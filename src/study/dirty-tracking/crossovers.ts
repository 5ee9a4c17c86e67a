// From which part of dirty pages on one tracker is cheaper than another: writing, collecting and copying, for each
// page of the heap, between the parts that were run a straight line.

import type { CellResult, StudyVerdict } from "../../stats/report.js";
import type { CommandOf } from "../types.js";
import { PARAMETERS } from "./parameters.js";

/** Behind that the two are the same. */
const MOST = 0.99;

type Curve = readonly (readonly [dirty: number, cycles: number])[];

/** Verdicts on every pair of trackers whose order changes. */
export function crossovers(rounds: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  return [...groupsOf(rounds)].flatMap(([name, curves]) => {
    const keys = JSON.parse(name) as Record<string, string>;
    const names = [...curves.keys()];
    return names.flatMap((one, i) =>
      names.slice(i + 1).flatMap((other) =>
        crossings(curves.get(one) ?? [], curves.get(other) ?? []).map(({ at, before }) => {
          const [less, more] = before < 0 ? [one, other] : [other, one];
          const percent = (at * 100).toFixed(at < 0.1 ? 1 : 0);
          return {
            keys: told(keys),
            result: `above ${percent} % dirty ${more} is cheaper than ${less}, below it dearer`,
            command: commandOf({ ...keys, tracker: [one, other] }),
          };
        }),
      ),
    );
  });
}

/** What is not as it is where nothing is said; workload and kernel always. */
function told(keys: Readonly<Record<string, string>>): Record<string, string> {
  const own = ([name, value]: [string, string]): boolean => {
    const usual = name === "kernel" ? undefined : PARAMETERS[name]?.values;
    return usual?.length !== 1 || usual[0] !== value;
  };
  return Object.fromEntries(Object.entries(keys).filter(own));
}

/** Curves of trackers, by what else tells points apart. */
function groupsOf(rounds: readonly CellResult[]): Map<string, Map<string, Curve>> {
  const groups = new Map<string, Map<string, Curve>>();
  for (const { labels, metrics } of rounds) {
    const { tracker = "", dirty = "", ...others } = labels;
    if (tracker === "none") continue;
    const name = JSON.stringify(others);
    const curves = groups.get(name) ?? new Map<string, Curve>();
    groups.set(name, curves);
    const points = [...(curves.get(tracker) ?? [])];
    points.push([Number(dirty), metrics.round_cycles_per_page ?? 0]);
    curves.set(
      tracker,
      points.sort(([a], [b]) => a - b),
    );
  }
  return groups;
}

/** Where two curves of the same points cross; `before`: their difference on the left. */
function crossings(one: Curve, other: Curve): { at: number; before: number }[] {
  const differences = one.map(
    ([dirty, cycles], i) => [dirty, cycles - (other[i]?.[1] ?? 0)] as const,
  );
  return differences.slice(1).flatMap(([right, after], i) => {
    const [left, before] = differences[i] ?? [0, 0];
    const at = left + ((right - left) * before) / (before - after);
    return before * after < 0 && at < MOST ? [{ at, before }] : [];
  });
}
