// What the points say together: rows; per caller, whether it clears dirty at all; claims.

import type { CellResult, StudyVerdict } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { claimsOf } from "./claims.js";

/** Rows of the points that ran, verdicts on callers and on what could not run, and claims. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const ran = cells.filter(({ found }) => found?.refused === undefined);
  const refused = cells
    .filter(({ found }) => found?.refused !== undefined)
    .map(({ labels, found }) => ({
      keys: labels,
      result: String(found?.refused),
      command: commandOf(labels),
    }));
  return {
    rows: ran.map(({ labels, metrics }) => ({ keys: labels, metrics })),
    verdicts: [...callerVerdicts(ran, commandOf), ...policyVerdicts(ran, commandOf), ...refused],
    claims: claimsOf(ran, commandOf),
  };
}

const distinct = (cells: readonly CellResult[], key: string): string[] => [
  ...new Set(cells.map(({ labels }) => labels[key] ?? "")),
];

const sum = (cells: readonly CellResult[], metric: string): number =>
  cells.reduce((total, { metrics }) => total + (metrics[metric] ?? 0), 0);

/** How often each caller clears D and W of pages that stay: the question of the thread. */
function callerVerdicts(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  return distinct(cells, "caller").map((caller) => {
    const own = cells.filter(({ labels }) => labels.caller === caller);
    const pages = own.reduce((total, { labels }) => total + Number(labels.pages), 0);
    const part = (metric: string): string => `${((100 * sum(own, metric)) / pages).toFixed(0)} %`;
    return {
      keys: { caller },
      result: `clears dirty of ${part("host_dirty_cleared")} of the pages that stay mapped, write of ${part("host_write_cleared")}`,
      command: commandOf({ caller }),
    };
  });
}

function policyVerdicts(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  return distinct(cells, "mmuPolicy").map((mmuPolicy) => {
    const own = cells.filter(({ labels }) => labels.mmuPolicy === mmuPolicy);
    const lost = sum(own, "lost");
    const windows = sum(own, "clean_host_after_step") + sum(own, "clean_host_after_writes");
    const exits = sum(own, "read_exits") + sum(own, "write_exits");
    return {
      keys: { mmuPolicy },
      result: `${lost === 0 ? "loses nothing" : `breaks ${lost} rules`}; ${exits} exits behind all steps; ${windows} pages writable over a clean host entry`,
      command: commandOf({ mmuPolicy }),
    };
  });
}
