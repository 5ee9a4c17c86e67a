// What the plain memory model (plain-memory.ts) knows of a page, and what advice makes of it.

/** Memory that several mappings see. */
export interface PlainObject {
  readonly pages: number;
  readonly values: Map<number, number>;
}

/** What a mapping of a file says: its name, how many pages it has, and the first one that is mapped. */
export interface PlainFile {
  readonly name: string;
  readonly pages: number;
  readonly first: number;
}

export interface PlainPage {
  readable: boolean;
  writable: boolean;
  readonly object: PlainObject | null;
  readonly index: number;
  /** Of a private page. */
  value: number;
  /** MADV_FREE: it may read as zero until it is written again. */
  mayBeZero: boolean;
  guard: boolean;
  notForked: boolean;
  wipedOnFork: boolean;
  /** Base pages of the huge page of a pool that it is part of; 1 = none. */
  readonly huge: number;
  /** Frames that devices hold pinned for it: what the process writes to the page, they must see. */
  pins: readonly number[];
}

/** Pages that a length means: whole huge ones. */
export function whole(page: PlainPage | undefined, pages: number): number {
  const { huge } = page ?? { huge: 1 };
  return Math.ceil(pages / huge) * huge;
}

/** Given up: another page comes in its place, which no device has. */
export const GONE: Partial<PlainPage> = { value: 0, mayBeZero: false, pins: [] };

/** By advice; all other changes nothing that can be read. */
export const ADVICE: ReadonlyMap<string, Partial<PlainPage>> = new Map([
  ["dontfork", { notForked: true }],
  ["dofork", { notForked: false }],
  ["wipeonfork", { wipedOnFork: true }],
  ["dontneed", GONE],
  ["free", { mayBeZero: true }],
  ["guard_install", { ...GONE, guard: true }],
  ["guard_remove", { guard: false }],
]);
/** Shared mappings, and those of huge pages of a pool, refuse these. */
export const PRIVATE_ONLY: ReadonlySet<string> = new Set(["free", "wipeonfork"]);
