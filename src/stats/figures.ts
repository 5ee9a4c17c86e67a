// Every figure of a cell in one list, each by its path in the report's JSON: `counters.walks`,
// `cycles.by.walk`, `metrics.loads_per_walk`, `events.fault`. Reporters and comparisons have no names of
// their own for them.

import type { CellResult } from "./report.js";

export type FigureKind = "cycles" | "metrics" | "counters" | "events";

export interface Figure {
  readonly path: string;
  readonly kind: FigureKind;
  readonly value: bigint | number;
}

function under(
  kind: FigureKind,
  prefix: string,
  values: Readonly<Record<string, bigint | number>>,
): Figure[] {
  return Object.entries(values).map(([name, value]) => ({
    path: `${prefix}.${name}`,
    kind,
    value,
  }));
}

/** Cycles first, then metrics, counters and a script's events, each in the cell's order. */
export function figuresOf({ cycles, metrics, counters, events = {} }: CellResult): Figure[] {
  const { elapsed, work, by } = cycles;
  return [
    ...under("cycles", "cycles", { elapsed, work }),
    ...under("cycles", "cycles.by", by),
    ...under("metrics", "metrics", metrics),
    ...under("counters", "counters", counters),
    ...under("events", "events", events),
  ];
}

/** Counters and events of which less is better, whatever else a run did. Hits, say, are none. */
const LESS: ReadonlySet<string> = new Set([
  "counters.dtlb_l1_miss",
  "counters.itlb_l1_miss",
  "counters.stlb_miss",
  "counters.walks",
  "events.fault",
  "events.page_copy",
  "events.tlb_flush_mm",
  "events.tlb_flush_page",
]);

/** Rates by their names: misses, and what is paid for an access, an instruction, a walk, a page. */
const LESS_RATE =
  /^metrics\.(.*miss_rate|.*cycles_per_.*|.*ns_per_.*|walks_per_.*|loads_per_walk)$/;

/** Whether less of a figure is better. The others only tell what happened. */
export function isBetterSmaller({ path, kind }: Pick<Figure, "path" | "kind">): boolean {
  return kind === "cycles" || LESS.has(path) || LESS_RATE.test(path);
}

/** "cycles", "accesses"...: units where a report of other tools wants one. */
export function unitOf(
  { path, kind }: Pick<Figure, "path" | "kind">,
  units: ReadonlyMap<string, string>,
): string {
  if (kind === "cycles") return "cycles";
  if (kind === "events") return "events";
  if (kind === "metrics") return rateUnit(path);
  return units.get(path.slice("counters.".length)) ?? "events";
}

/** "metrics.ns_per_access" -> "ns/access"; a rate without units is a ratio. */
function rateUnit(path: string): string {
  const match = /(walks|loads|cycles|ns)_per_((?:kilo_)?[a-z]+)/.exec(path);
  return match === null ? "ratio" : `${match[1]}/${(match[2] ?? "").replace("kilo_", "1000 ")}`;
}
