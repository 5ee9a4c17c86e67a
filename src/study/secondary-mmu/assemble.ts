// What the points say together: rows; per caller, whether it clears dirty at all; claims.

import type { CellResult, StudyVerdict } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { claimsOf } from "./claims.js";
import { LIVE_MIGRATION } from "./points.js";

/** Rows of the points that ran, verdicts on callers and on what could not run, and claims. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const ran = cells.filter(({ found }) => found?.refused === undefined);
  const moves = ran.filter(({ labels }) => labels.caller === LIVE_MIGRATION);
  const steps = ran.filter((cell) => !moves.includes(cell));
  const refused = cells
    .filter(({ found }) => found?.refused !== undefined)
    .map(({ labels, found }) => ({
      keys: labels,
      result: String(found?.refused),
      command: commandOf(labels),
    }));
  return {
    rows: ran.map(({ labels, metrics }) => ({ keys: labels, metrics })),
    verdicts: [
      ...callerVerdicts(steps, commandOf),
      ...policyVerdicts(steps, commandOf),
      ...migrationVerdicts(moves, commandOf),
      ...refused,
    ],
    claims: claimsOf(ran, commandOf),
  };
}

const distinct = (cells: readonly CellResult[], key: string): string[] => [
  ...new Set(cells.map(({ labels }) => labels[key] ?? "")),
];

const sum = (cells: readonly CellResult[], metric: string): number =>
  cells.reduce((total, { metrics }) => total + (metrics[metric] ?? 0), 0);

/** How often each caller clears D and W of pages that had it, and stay: the question of the thread. */
function callerVerdicts(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  return distinct(cells, "caller").flatMap((caller) => {
    const all = cells.filter(({ labels }) => labels.caller === caller);
    return distinct(all, "host").map((host) => {
      const own = all.filter(({ labels }) => labels.host === host);
      return {
        keys: { caller, host },
        result:
          sum(own, "host_dirty") === 0
            ? "leaves no page mapped that was dirty"
            : `clears dirty of ${part(own, "host_dirty")}, write of ${part(own, "host_write")} of the pages that had it and stay mapped`,
        command: commandOf({ caller, host }),
      };
    });
  });
}

/** "50 % (x86-64 alone)". */
function part(cells: readonly CellResult[], flag: string): string {
  const cleared = sum(cells, `${flag}_cleared`);
  const had = Math.max(1, sum(cells, flag));
  const percent = `${((100 * cleared) / had).toFixed(0)} %`;
  const archs = distinct(cells, "arch");
  const where = archs.filter(
    (arch) =>
      sum(
        cells.filter(({ labels }) => labels.arch === arch),
        `${flag}_cleared`,
      ) > 0,
  );
  const some = where.length > 0 && where.length < archs.length;
  return some ? `${percent} (${where.join(", ")} alone)` : percent;
}

/** What each log makes of a guest that moves. */
function migrationVerdicts(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  return distinct(cells, "log").map((log) => {
    const own = cells.filter(({ labels }) => labels.log === log);
    const range = (name: string, digits: number): string => {
      const values = own.map(({ metrics }) => metrics[name] ?? 0);
      return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
    };
    return {
      keys: { caller: LIVE_MIGRATION, log },
      result: `${range("rounds", 0)} rounds; downtime ${range("downtime_us", 0)} microseconds; slowdown ${range("slowdown", 3)}`,
      command: commandOf({ caller: LIVE_MIGRATION, log }),
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
