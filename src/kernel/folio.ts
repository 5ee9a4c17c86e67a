// Page frames as the kernel sees them: a view of their records (assembly/abi/frames.ts). No object per page.

import {
  FRAME_FLAGS,
  FRAME_INDEX,
  FRAME_MAPS,
  FRAME_OWNER,
  FRAME_REFS,
  FRAME_STAMP,
} from "../../assembly/abi/frames.js";
import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import { PG_ANON, PG_EXCLUSIVE, PIN_BIAS } from "./page-flags.js";

const word = (offset: number) => offset >>> 2;

function read(kernel: Kernel, frame: number, offset: number): number {
  return kernel.mmu.words[kernel.mmu.record(frame) + word(offset)] ?? 0;
}

function write(kernel: Kernel, frame: number, offset: number, value: number): void {
  kernel.mmu.words[kernel.mmu.record(frame) + word(offset)] = value;
}

/** References to a folio. */
export function refsOf(kernel: Kernel, frame: number): number {
  return read(kernel, frame, FRAME_REFS);
}

/** Entries that map a page. */
export function mapsOf(kernel: Kernel, frame: number): number {
  return read(kernel, frame, FRAME_MAPS);
}

/** `PG_*` of a page. */
export function pageFlags(kernel: Kernel, frame: number): number {
  return read(kernel, frame, FRAME_FLAGS);
}

/** Sets and clears flags of a page. */
export function setPageFlags(kernel: Kernel, frame: number, set: number, clear = 0): void {
  write(kernel, frame, FRAME_FLAGS, (pageFlags(kernel, frame) & ~clear) | set);
}

/** What the page holds: the value of its first byte; all others are zero. */
export function stampOf(kernel: Kernel, frame: number): number {
  return read(kernel, frame, FRAME_STAMP);
}

/** A store to the page. */
export function setStamp(kernel: Kernel, frame: number, value: number): void {
  write(kernel, frame, FRAME_STAMP, value);
}

/** Takes references. */
export function getPage(kernel: Kernel, frame: number, count = 1): void {
  write(kernel, frame, FRAME_REFS, refsOf(kernel, frame) + count);
}

/** Drops one reference; the last one frees the page. */
export function putPage(kernel: Kernel, frame: number): void {
  const refs = refsOf(kernel, frame) - 1;
  write(kernel, frame, FRAME_REFS, refs);
  if (refs > 0) return;
  kernel.count(Event.page_free);
  kernel.mmu.exports.freeFrames(frame, 0);
}

/** One entry more, or fewer, maps the page. */
export function addMapping(kernel: Kernel, frame: number, by: 1 | -1): void {
  write(kernel, frame, FRAME_MAPS, mapsOf(kernel, frame) + by);
}

/**
 * A page for anonymous memory, mapped once and exclusive (`folio_add_new_anon_rmap`); 0 = no memory.
 * @param stamp what it holds: 0 for a zeroed page
 */
export function newAnonPage(kernel: Kernel, stamp: number): number {
  const frame = kernel.mmu.exports.allocateFrames(0);
  if (frame === 0) return 0;
  kernel.count(Event.page_alloc);
  write(kernel, frame, FRAME_MAPS, 1);
  write(kernel, frame, FRAME_FLAGS, PG_ANON | PG_EXCLUSIVE);
  write(kernel, frame, FRAME_STAMP, stamp);
  return frame;
}

/** A zeroed page of a shared object, referenced by its page cache; 0 = no memory. */
export function newCachePage(kernel: Kernel, owner: number, index: number): number {
  const frame = kernel.mmu.exports.allocateFrames(0);
  if (frame === 0) return 0;
  kernel.count(Event.page_alloc);
  write(kernel, frame, FRAME_OWNER, owner);
  write(kernel, frame, FRAME_INDEX, index);
  return frame;
}

/** An entry that mapped the page is gone: mapping and reference go (`folio_remove_rmap_pte`, put). */
export function dropMapping(kernel: Kernel, frame: number): void {
  addMapping(kernel, frame, -1);
  putPage(kernel, frame);
}

/** A pin may be among the references (`folio_maybe_dma_pinned`): more references look the same. */
export function maybePinned(kernel: Kernel, frame: number): boolean {
  return refsOf(kernel, frame) >= PIN_BIAS;
}
