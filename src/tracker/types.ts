// What a way of finding written pages is, to a workload that uses one.

import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";

/** Pages [start, end) of a process, which are to be watched. */
export interface Watched {
  readonly kernel: Kernel;
  readonly mm: Mm;
  readonly start: number;
  readonly end: number;
}

/** Pages that writes stumbled over since the last collection, in order. */
export interface Reported {
  readonly segv: readonly number[];
  readonly messages: readonly number[];
}

/** Pages of address space: runs [first, end) that do not meet. */
export type Pages = readonly (readonly [first: number, end: number])[];

/** What changes a page without a store of the process to it. */
export type Change = "discard" | "move";

/** Why a page must be reported; "race" is a store while a collection was in progress, which that one did not tell. */
export type Cause = "write" | Change | "race";

/** One way of finding them. */
export interface Tracker {
  /** One line for help texts. */
  readonly summary: string;
  /**
   * Watches from now on.
   * @throws MmulateError CONFIG where the kernel has no such thing
   */
  arm(watched: Watched): void;
  /** Pages that were written since, and maybe others; watches all of them again. */
  collect(watched: Watched, reported: Reported): Pages;
  /** Bytes that it needs beside what the kernel keeps, to watch so many pages. */
  bufferBytes(pages: number): number;
  /** Changes it does not see, each with the kernel's rule behind that. */
  readonly blindTo?: Readonly<Partial<Record<Cause, string>>>;
  /** New mappings of the process are seen by what it looks at; else their pages count as written. */
  readonly seesNewMappings?: true;
  /** It finds no page at all: what the others are measured against. */
  readonly findsNothing?: true;
}

/** Single pages, in any order, as runs. */
export function runsOf(pages: readonly number[]): Pages {
  const runs: [number, number][] = [];
  for (const page of Float64Array.from(pages).sort()) {
    const last = runs.at(-1);
    if (last !== undefined && page <= last[1]) last[1] = Math.max(last[1], page + 1);
    else runs.push([page, page + 1]);
  }
  return runs;
}

/** How many pages. */
export function countOf(pages: Pages): number {
  return pages.reduce((sum, [first, end]) => sum + end - first, 0);
}

/** A bit for each page, for who is told of pages one by one. */
export function bitmapBytes(pages: number): number {
  return Math.ceil(pages / 8);
}
