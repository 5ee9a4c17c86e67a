// Memory under pressure (mm/vmscan.c shrink_folio_list, folio_check_references).
//
//   hand -->  [ folio ][ folio ][ free ][ folio ] ...        one hand over all page frames
//             young?  its entries become old, it stays for one more round
//             else    swap-out.ts: dropped, or to swap
//
// The kernel keeps folios in lists by age; a hand over the frames in order finds nearly the same ones, because frames
// are handed out in order too, and needs no list. Which page of several equally old ones goes is not the kernel's.

import { FRAME_HEAD, FRAME_REFS } from "../../assembly/abi/frames.js";
import { pageFlags } from "./folio.js";
import { frameWord } from "./frame-words.js";
import type { Kernel } from "./kernel.js";
import { clearYoung, mappingsOfFolio } from "./mappings.js";
import { PG_HUGE_ZERO, PG_HUGETLB } from "./page-flags.js";
import { reclaimFolio } from "./swap-out.js";
import { flushFiles } from "./writeback.js";

/** Folios that are taken off the lists, and dealt with, at a time (SWAP_CLUSTER_MAX). */
export const CLUSTER = 32;

/** Rounds after which what is still there cannot be had: one to make pages old, one to take them. */
const ROUNDS = 2;

/**
 * Frees pages, whoever has them.
 * @param wanted pages
 * @returns pages that were freed, fewer if there are no more
 */
export function reclaimPages(kernel: Kernel, wanted: number): number {
  const { exports } = kernel.mmu;
  const before = exports.roomLeft();
  const enough = (): boolean => exports.roomLeft() - before >= wanted;
  turnHand(kernel, enough);
  // Dirty pages of files are left to the flusher, which is woken, and waited for.
  if (!enough() && flushFiles(kernel) > 0) turnHand(kernel, enough);
  const freed = exports.roomLeft() - before;
  if (freed > 0) kernel.reclaimFailures = 0;
  return freed;
}

/** The hand goes over all frames, `ROUNDS` times or until there is enough. */
function turnHand(kernel: Kernel, enough: () => boolean): void {
  const { frames } = kernel.config;
  let left = ROUNDS * frames;
  let taken = 0;
  while (left-- > 0 && !enough()) {
    const frame = kernel.reclaimHand;
    kernel.reclaimHand = frame + 1 < frames ? frame + 1 : 1;
    if (!isInUse(kernel, frame) || wasTouched(kernel, frame)) continue;
    reclaimFolio(kernel, frame);
    if (++taken % CLUSTER === 0) kernel.deferred.settle();
  }
  kernel.deferred.settle();
}

/** The head of a folio that somebody has, and that can go at all. */
function isInUse(kernel: Kernel, frame: number): boolean {
  if (frame === kernel.zeroFrame || frameWord(kernel, frame, FRAME_REFS) === 0) return false;
  if (frameWord(kernel, frame, FRAME_HEAD) !== frame) return false;
  // Huge pages of a pool are on no list of reclaim's, and the huge zero page is nobody's.
  return (pageFlags(kernel, frame) & (PG_HUGE_ZERO | PG_HUGETLB)) === 0;
}

/** folio_referenced: the TLB need not know, the next hand comes late enough. */
function wasTouched(kernel: Kernel, head: number): boolean {
  return clearYoung(kernel, mappingsOfFolio(kernel, head), true);
}

/** MAX_RECLAIM_RETRIES: kswapd tries so often in vain, and sleeps until somebody else gets a page (balance_pgdat). */
const MOST_FAILURES = 16;

/** kswapd, where nothing is half done: before a fault, a system call, a table's part of a fork. */
export function makeRoom(kernel: Kernel): void {
  const left = kernel.mmu.exports.roomLeft();
  const { low, high } = kernel.watermarks;
  if (left >= low || kernel.reclaimFailures >= MOST_FAILURES) return;
  if (reclaimPages(kernel, high - left) === 0) kernel.reclaimFailures++;
}
