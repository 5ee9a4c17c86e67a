// A run in parts on several machines: every machine plans the whole run and runs each n-th cell of it, so that
// long cells, which often stand beside each other, are spread. `merge` puts the parts in order again.

import { MmulateError } from "../errors.js";
import type { Report, Shard } from "../stats/report.js";

/**
 * Reads "i/n".
 * @param cells of the whole run
 * @throws MmulateError USAGE when it has another form
 */
export function parseShard(text: string, cells: number): Shard {
  const [, i = "", n = ""] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  const [index, of] = [Number(i), Number(n)];
  if (index < 1 || index > of) {
    throw new MmulateError("USAGE", `--shard ${text}: 1/N to N/N is allowed, as in 2/4`);
  }
  return { index, of, cells };
}

/** The cells of a part; there may be none. */
export function cellsOfShard<T>(cells: readonly T[], { index, of }: Shard): T[] {
  return cells.filter((_, at) => at % of === index - 1);
}

/**
 * Joins the reports of all parts of a run: what the whole run would have reported.
 * @param parts in any order, each with the name it has in messages
 * @throws MmulateError INPUT when they are not the parts of one run, or not all, or not whole
 */
export function mergeShards(parts: readonly (readonly [name: string, report: Report])[]): Report {
  const [first] = parts;
  if (first === undefined) throw new MmulateError("USAGE", "no report to merge");
  const [, base] = first;
  const whole = shardOf(first);
  const seen = new Map<number, string>();
  for (const part of parts) {
    const [name, report] = part;
    const { index } = shardOf(part);
    const difference = differenceOf(base, report);
    if (difference !== null) {
      throw new MmulateError("INPUT", `${name} is of another run than ${first[0]}: ${difference}`);
    }
    const twin = seen.get(index);
    if (twin !== undefined) {
      throw new MmulateError("INPUT", `${name} and ${twin} are both part ${index} of ${whole.of}`);
    }
    seen.set(index, name);
  }
  checkComplete(parts, whole, seen);
  const order = <T extends { readonly id: string }>(lists: readonly (readonly T[])[]): T[] =>
    lists.flat().sort((a, b) => Number(a.id) - Number(b.id));
  const failures = order(parts.map(([, { failures: list = [] }]) => list));
  const hosts = parts.map(([, { host }]) => host?.cells ?? []);
  const { shard: _, host: had, failures: __, cells: ___, ...head } = base;
  return {
    ...head,
    cells: order(parts.map(([, { cells }]) => cells)),
    ...(failures.length === 0 ? {} : { failures }),
    ...(had === undefined ? {} : { host: { cells: order(hosts) } }),
  };
}

function shardOf([name, { shard }]: readonly [string, Report]): Shard {
  if (shard !== undefined) return shard;
  throw new MmulateError("INPUT", `${name} is no part of a run (--shard i/n --json makes one)`);
}

/** What tells two runs apart, in words; null = they are parts of one. */
function differenceOf(one: Report, other: Report): string | null {
  const rows: [string, unknown, unknown][] = [
    ["version", one.version, other.version],
    ["parts", one.shard?.of, other.shard?.of],
    ["cells", one.shard?.cells, other.shard?.cells],
    ["config", one.config, other.config],
  ];
  for (const [what, left, right] of rows) {
    const [a, b] = [JSON.stringify(left), JSON.stringify(right)];
    if (a !== b) return `${what} ${b} is not ${a}`;
  }
  return null;
}

function checkComplete(
  parts: readonly (readonly [string, Report])[],
  { of, cells }: Shard,
  seen: ReadonlyMap<number, string>,
): void {
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !seen.has(index));
  if (missing.length > 0) {
    throw new MmulateError("INPUT", `parts ${missing.join(", ")} of ${of} are missing`);
  }
  for (const [name, report] of parts) {
    const { index } = report.shard ?? { index: 0 };
    const due = Array.from({ length: cells }, (_, at) => at).filter((at) => at % of === index - 1);
    const have = report.cells.length + (report.failures?.length ?? 0);
    if (have !== due.length) {
      throw new MmulateError(
        "INPUT",
        `${name} holds ${have} of its ${due.length} cells: it was interrupted`,
      );
    }
  }
}
