// Sentences about trackers that the figures must bear out.

import type { CellResult, StudyClaim } from "../../stats/report.js";
import type { CommandOf } from "../types.js";

/** Times that a real machine took longer for a first write under each tracker than under uffd-async. */
const MEASURED: ReadonlyMap<string, number> = new Map([
  ["mprotect", 3004.05 / 610.7],
  ["uffd-sync", 3831.63 / 610.7],
]);
/** A factor is "about" another within this part of it, as predicted figures of the calibration are. */
const ABOUT = 0.25;

const written = ({ metrics }: CellResult): number => metrics.write_cycles_per_written_page ?? 0;

/** Claims for which the cells that they are about are there. */
export function claimsOf(cells: readonly CellResult[], commandOf: CommandOf): StudyClaim[] {
  return [...MEASURED].flatMap(([tracker, factor]) => {
    const real = `${factor.toFixed(1)} times on a real machine`;
    const asMeasured = { tracker: [tracker, "uffd-async"], order: "ascending", dirty: "1" };
    return [
      ...claim(factorsOf(cells, tracker, wasMeasured), (least, most) => ({
        id: `async-beats-${tracker}-as-measured`,
        text: `Every page written in address order: a first write costs ${timesOf(least, most)} as much under ${tracker} as under uffd-async (${real}).`,
        holds: least > factor * (1 - ABOUT) && most < factor * (1 + ABOUT),
        command: commandOf(asMeasured),
      })),
      ...claim(
        factorsOf(cells, tracker, (cell) => !wasMeasured(cell)),
        (least, most) => ({
          id: `async-beats-${tracker}`,
          text: `Some pages written, or in random order: ${timesOf(least, most)}, not less than that.`,
          holds: least > factor,
          command: commandOf({ tracker: [tracker, "uffd-async"] }),
        }),
      ),
    ];
  });
}

/** What was measured: every page, in address order. */
function wasMeasured({ labels: { order, dirty } }: CellResult): boolean {
  return order === "ascending" && dirty === "1";
}

const timesOf = (least: number, most: number): string =>
  `${least.toFixed(1)} to ${most.toFixed(1)} times`;

function claim(
  times: readonly number[],
  say: (least: number, most: number) => StudyClaim,
): StudyClaim[] {
  return times.length === 0 ? [] : [say(Math.min(...times), Math.max(...times))];
}

/** How many times as much a first write costs as under uffd-async, at every such point that has both. */
function factorsOf(
  cells: readonly CellResult[],
  tracker: string,
  isMeant: (cell: CellResult) => boolean,
): number[] {
  const own = cells.filter((cell) => cell.labels.tracker === tracker && isMeant(cell));
  return own.flatMap((cell) => {
    const other = sibling(cells, cell, "uffd-async");
    return other === undefined ? [] : [written(cell) / written(other)];
  });
}

/** The cell that differs from another in its tracker alone. */
export function sibling(
  cells: readonly CellResult[],
  { labels }: CellResult,
  tracker: string,
): CellResult | undefined {
  return cells.find((cell) =>
    Object.entries(labels).every(
      ([name, value]) => cell.labels[name] === (name === "tracker" ? tracker : value),
    ),
  );
}
