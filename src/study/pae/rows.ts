// Figures side by side, with the ratio to today's scheme. Many points are summed up: for each machine over all
// workloads, and for each workload over all machines; the cells of the report have them one by one.

import { PAE_SCHEMES } from "../../pae/index.js";
import type { CellResult, StudyRow } from "../../stats/report.js";

const TODAY = "page";
/** Most points that are shown one by one. */
const MOST_ROWS = 100;

type Labels = Readonly<Record<string, string>>;
type Figures = Readonly<Record<string, number>>;

/** Figures of which the largest counts, not the sum. */
const LARGEST = ["meta_bytes", "fork_longest", "mmap_lock_longest", "table_lock_longest"];
/** Figures that others are made from. */
const PARTS = ["fork_batches", "fork_batched", "protected", "protected_clean"];

/** Rows of all points, or of their sums. */
export function rowsOf(rounds: readonly CellResult[]): StudyRow[] {
  if (rounds.length <= MOST_ROWS) return withRatios(rounds);
  const varied = (name: string): boolean => new Set(rounds.map((r) => r.labels[name])).size > 1;
  const overWorkloads = varied("workload") ? summed(rounds, ["workload"]) : [];
  const overMachines = varied("arch") || varied("folio") ? summed(rounds, ["arch", "folio"]) : [];
  return withRatios([...overWorkloads, ...overMachines]);
}

interface Point {
  readonly labels: Labels;
  readonly metrics: Figures;
}

/** Points that differ in nothing but these labels, taken together. */
function summed(points: readonly Point[], over: readonly string[]): Point[] {
  const all = Object.fromEntries(over.map((name) => [name, "all"]));
  const found = new Map<string, Point>();
  for (const { labels, metrics } of points) {
    const common = { ...labels, ...all };
    const key = JSON.stringify(common);
    const known = found.get(key)?.metrics ?? {};
    found.set(key, { labels: common, metrics: added(known, metrics) });
  }
  return [...found.values()];
}

function added(known: Figures, more: Figures): Figures {
  const names = Object.keys(more);
  return Object.fromEntries(
    names.map((name) => {
      const [a, b] = [known[name] ?? 0, more[name] ?? 0];
      return [name, LARGEST.includes(name) ? Math.max(a, b) : a + b];
    }),
  );
}

function withRatios(points: readonly Point[]): StudyRow[] {
  return points.map(({ labels, metrics }) => {
    const same = JSON.stringify({ ...labels, pae: TODAY });
    const today = points.find(
      (each) => each.labels.pae === TODAY && JSON.stringify(each.labels) === same,
    );
    return { keys: labels, metrics: shown(labels.pae ?? TODAY, metrics, today?.metrics) };
  });
}

const share = (part = 0, all = 0): number => (all === 0 ? 0 : part / all);

/** What a row shows. */
function shown(pae: string, metrics: Figures, today: Figures | undefined): Figures {
  const { cycles = 0, swapped_out: swapped = 0 } = metrics;
  const against: Figures =
    today === undefined
      ? {}
      : {
          cycles_ratio: share(cycles, today.cycles),
          extra_swap_writes: swapped - (today.swapped_out ?? 0),
        };
  const plain = Object.entries(metrics).filter(([name]) => !PARTS.includes(name));
  return {
    ...against,
    ...Object.fromEntries(plain),
    fork_mean: share(metrics.fork_batched, metrics.fork_batches),
    clean_share: share(metrics.protected_clean, metrics.protected),
    unpin_check: PAE_SCHEMES.get(pae)?.fromPage === true ? 1 : 0,
  };
}
