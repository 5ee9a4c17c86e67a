// Sentences about guests that move.

import type { CellResult, StudyClaim } from "../../stats/report.js";
import type { CommandOf } from "../types.js";
import { LIVE_MIGRATION } from "./points.js";

/** Bytes of a page, and of a MB. */
const [PAGE, MB] = [4096, 1e6];
/** Asking the log once more comes on top of what may be left; the part of the limit that is let pass for it. */
const TOLERANCE = 1.25;

type Cells = readonly CellResult[];

const label = ({ labels }: CellResult, name: string): number => Number(labels[name]);
const metric = ({ metrics }: CellResult, name: string): number => metrics[name] ?? 0;

/** Fewer bytes are written than sent. */
const fits = (cell: CellResult): boolean =>
  label(cell, "stores") * PAGE < label(cell, "bandwidth") * MB;

const highest = (cells: Cells, name: string): number =>
  Math.max(...cells.map((cell) => metric(cell, name)));

/** Claims for which there are points. */
export function migrationClaims(cells: Cells, commandOf: CommandOf): (StudyClaim | null)[] {
  const own = cells.filter(({ labels }) => labels.caller === LIVE_MIGRATION);
  const slow = own.filter(fits);
  const fast = own.filter((cell) => !fits(cell));
  return [
    slow.length === 0
      ? null
      : {
          id: "downtime-within-limit",
          text: `A guest that dirties less than the link carries is stopped for no longer than ${TOLERANCE} times the limit, however it is logged: ${highest(slow, "downtime_us").toFixed(0)} microseconds at most, behind ${highest(slow, "rounds")} rounds at most.`,
          holds: slow.every(
            (cell) => metric(cell, "downtime_us") <= TOLERANCE * label(cell, "limit"),
          ),
          command: commandOf({ caller: LIVE_MIGRATION }),
        },
    ...byLog(fast, commandOf),
  ];
}

/** The faster guest: what the log costs slows it down, and so may make it movable. */
function byLog(cells: Cells, commandOf: CommandOf): StudyClaim[] {
  const of = (log: string): Cells => cells.filter(({ labels }) => labels.log === log);
  const archs = new Set(of("buffer").map(({ labels }) => labels.arch));
  const protect = of("protect").filter(({ labels }) => archs.has(labels.arch));
  if (protect.length === 0 || archs.size === 0) return [];
  const [taken, kept] = [protect, of("buffer")];
  return [
    {
      id: "log-buffer-slows-less",
      text: `A guest that dirties more is slowed down by ${highest(taken, "slowdown").toFixed(3)} where writes are logged by faults, by ${highest(kept, "slowdown").toFixed(3)} where the hardware logs them; its downtime is ${highest(taken, "downtime_us").toFixed(0)} and ${highest(kept, "downtime_us").toFixed(0)} microseconds.`,
      holds: highest(kept, "slowdown") < highest(taken, "slowdown"),
      command: commandOf({ caller: LIVE_MIGRATION, log: ["protect", "buffer"] }),
    },
  ];
}
