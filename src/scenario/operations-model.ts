// Operations that no recording has: what only a model can be asked to do.

import { clearRefs } from "../kernel/clear-refs.js";
import { isLarge, pageFlags } from "../kernel/folio.js";
import { splitFolio } from "../kernel/folio-split.js";
import { foliosOf } from "../kernel/folios-in-range.js";
import { forceWrite } from "../kernel/force-write.js";
import { fork } from "../kernel/fork.js";
import type { Kernel } from "../kernel/kernel.js";
import { endMigration, migrateFolio } from "../kernel/migrate.js";
import type { Mm } from "../kernel/mm.js";
import { hintNuma } from "../kernel/numa-hinting.js";
import { PG_HUGETLB } from "../kernel/page-flags.js";
import { markIdle } from "../kernel/page-idle.js";
import { reclaimPages } from "../kernel/reclaim.js";
import { endWriteback } from "../kernel/swap-device.js";
import { swapOff, swapOnAgain } from "../kernel/swap-off.js";
import { Pte } from "../layout/linux-flags.js";
import {
  type Context,
  notModelled,
  number,
  rangeOf,
  type Shown,
  VALUES,
} from "./operation-context.js";

/** "fail-after=N": the N-th allocation of the fork fails; a later one does not. */
export function forkFailing(kernel: Kernel, mm: Mm, word = ""): ReturnType<typeof fork> {
  if (word === "") return fork(kernel, mm);
  const { exports } = kernel.mmu;
  exports.failAllocation(Number(word.replace("fail-after=", "")));
  const result = fork(kernel, mm);
  exports.failAllocation(0);
  return result;
}

/** The N-th allocation from now on fails, once; 0: none does. */
function doOomAfter(context: Context): Shown {
  context.player.kernel.mmu.exports.failAllocation(number(context, 0));
  return {};
}

/** memory.reclaim: EAGAIN where fewer pages than asked for could be had. */
function doReclaim(context: Context): Shown {
  const wanted = number(context, 0);
  return { errno: reclaimPages(context.player.kernel, wanted) < wanted ? "EAGAIN" : 0 };
}

/** Folios of the present pages, or of those in migration, in a range; a pool's are neither split nor moved here. */
function foliosIn(context: Context, migrating: boolean): Set<number> {
  const { kernel } = context.player;
  const { start, end } = rangeOf(context);
  const heads = foliosOf(kernel, context.process.mm, start, end, migrating);
  return new Set([...heads].filter((head) => (pageFlags(kernel, head) & PG_HUGETLB) === 0));
}

/** Moves pages to other frames; `hold`: they stay on their way. EAGAIN where one could not go. */
function doMigrate(context: Context): Shown {
  const hold = context.operation.words.includes("hold");
  let all = true;
  for (const head of foliosIn(context, false)) {
    if (!migrateFolio(context.player.kernel, head, hold)) all = false;
  }
  return { errno: all ? 0 : "EAGAIN" };
}

function doMigrateEnd(context: Context): Shown {
  for (const head of foliosIn(context, true)) endMigration(context.player.kernel, head);
  return {};
}

/** Page by page, as `write` does, until one cannot be written. */
function doForceWrite(context: Context): Shown {
  const { player, process, index } = context;
  const { start, end } = rangeOf(context);
  for (let page = start; page < end; page++) {
    const value = 1 + (index % VALUES);
    const errno = forceWrite(player.kernel, process.mm, page, value);
    if (errno !== 0) return { errno };
    player.watch?.forced(process, page, value);
  }
  return {};
}

function doClearRefs(context: Context): Shown {
  return { errno: clearRefs(context.player.kernel, context.process.mm, number(context, 0)) };
}

/** split_huge_pages of debugfs: large folios become base pages. EAGAIN where one is held by others. */
function doSplit(context: Context): Shown {
  const { kernel } = context.player;
  kernel.steps.needsAll();
  let all = true;
  for (const head of foliosIn(context, false)) {
    if (isLarge(kernel, head) && !splitFolio(kernel, head)) all = false;
  }
  return { errno: all ? 0 : "EAGAIN" };
}

function doThread({ player, process, operation }: Context): Shown {
  player.threads.make(process, operation, operation.words[0] ?? "");
  return {};
}

/** The thread sleeps until its next operation, and its CPU has nothing else to do. */
function doSleep({ player }: Context): Shown {
  player.kernel.cpus.idle();
  return {};
}

/**
 * The CPU's own dirty bit in read-only entries: what x86 CPUs before shadow stacks did now and then (LINUX
 * asm/pgtable.h, comment of pte_shstk). EINVAL on others: there, pte_none need not look past stray bits either.
 */
function doStrayDirty(context: Context): Shown {
  const { kernel } = context.player;
  const { mask } = kernel.hardware.halves[0].dirty;
  if ((kernel.mmu.linux.filled & mask) !== 0n) return { errno: "EINVAL" };
  const { exports } = kernel.mmu;
  const { start, end } = rangeOf(context);
  const memory = new DataView(exports.memory.buffer);
  for (let page = start; page < end; page++) {
    const slot = exports.findEntry(context.process.mm.root, page, 0) >>> 0;
    const flags = slot === 0 ? 0 : exports.entryFlags(slot);
    if ((flags & (Pte.present | Pte.write | Pte.protnone)) !== Pte.present) continue;
    memory.setBigUint64(slot, memory.getBigUint64(slot, true) | mask, true);
  }
  return {};
}

/** The swap device is through with what it was given. */
function doWritebackEnd({ player }: Context): Shown {
  endWriteback(player.kernel);
  return {};
}

/** One pass of NUMA balancing's scanner. */
function doNuma(context: Context): Shown {
  const { kernel } = context.player;
  if (!kernel.has("numaUpgrades")) throw notModelled(context, "numa (before 6.2)");
  const { start, end } = rangeOf(context);
  hintNuma(kernel, context.process.mm, start, end);
  return {};
}

/** page_idle's bitmap; what is told is how many folios had been used. */
function doIdle(context: Context): Shown {
  const { start, end } = rangeOf(context);
  const used = markIdle(context.player.kernel, context.process.mm, start, end);
  return { data: [[1, used]] };
}

export const MODEL_OPERATIONS: readonly [string, (context: Context) => Shown][] = [
  ["reclaim", doReclaim],
  ["writeback-end", doWritebackEnd],
  ["swapoff", ({ player }) => ({ errno: swapOff(player.kernel) })],
  ["swapon", ({ player }) => ({ errno: swapOnAgain(player.kernel) })],
  ["oom-after", doOomAfter],
  ["clear-refs", doClearRefs],
  ["split", doSplit],
  ["idle", doIdle],
  ["numa", doNuma],
  ["force-write", doForceWrite],
  ["migrate", doMigrate],
  ["migrate-end", doMigrateEnd],
  ["stray-dirty", doStrayDirty],
  ["thread", doThread],
  ["sleep", doSleep],
];
