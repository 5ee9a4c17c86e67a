// Huge pages in scripts, beyond what was recorded: "mmap A 512 rw private huge=2m" from a pool, "hugepages 2m 8", which
// sets how many the pool holds (nr_hugepages); "khugepaged", one pass of the daemon;
// "split-deferred", the shrinker of folios that are mapped only in part.

import { splitDeferred } from "../kernel/deferred-split.js";
import { type HugePool, resizePool, wholePages } from "../kernel/hugetlb-pool.js";
import type { Kernel } from "../kernel/kernel.js";
import { runKhugepaged } from "../kernel/khugepaged.js";
import { shiftOf } from "../layout/page-policy.js";
import { type Context, number, type Shown, word } from "./operation-context.js";

function poolOf({ hugePools }: Kernel, shift: number): HugePool | undefined {
  return hugePools.find((pool) => pool.shift === shift);
}

/** log2 bytes of what "huge=2m" among the words says; null = no such word. */
export function hugeShift({ operation }: Context): number | null {
  const option = operation.words.find((each) => each.startsWith("huge="));
  return option === undefined ? null : shiftOf(option.slice("huge=".length));
}

/** Pages that a mapping gets: whole huge ones, where there are such. */
export function mappedPages({ player }: Context, pages: number, shift: number | null): number {
  const pool = shift === null ? undefined : poolOf(player.kernel, shift);
  return pool === undefined ? pages : wholePages(pool, pages);
}

/** The machine has no file for a size that its tables have no leaf for. */
export function doHugepages(context: Context): Shown {
  const { kernel } = context.player;
  const pool = poolOf(kernel, shiftOf(word(context, 0)));
  if (pool === undefined) return { errno: "ENOENT" };
  resizePool(pool, kernel.mmu.exports, number(context, 1));
  return {};
}

export function doSplitDeferred({ player }: Context): Shown {
  player.kernel.steps.needsAll();
  splitDeferred(player.kernel);
  return {};
}

export function doKhugepaged({ player }: Context): Shown {
  runKhugepaged(player.kernel);
  return {};
}
