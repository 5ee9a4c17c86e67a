// What a shared mapping maps (mm/shmem.c has its rules: shmem.ts).

/** The memory behind a MAP_SHARED | MAP_ANONYMOUS mapping and its descendants. */
export interface SharedObject {
  /** Tells objects apart in frame records; at least 1. */
  readonly id: number;
  /** Top table of its page cache. */
  readonly root: number;
  /** Pages it has room for. */
  readonly pages: number;
  /** VMAs that map it. */
  users: number;
}
