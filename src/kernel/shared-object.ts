// What a shared mapping maps: anonymous memory (mm/shmem.c; shmem.ts), or a file (mm/filemap.c; file.ts).

/** The memory behind a MAP_SHARED mapping: of MAP_ANONYMOUS, which descendants share, or of a file. */
export interface SharedObject {
  /** Tells objects apart in frame records; at least 1. */
  readonly id: number;
  /** Top table of its page cache. */
  readonly root: number;
  /** Pages it has room for. */
  readonly pages: number;
  /** VMAs that map it. */
  users: number;
  /** Null = anonymous memory, which goes with its last VMA, and to swap; a file's pages go to the disk. */
  readonly file: FileStore | null;
}

/** Where pages of a file come from, and go to when they are written back. */
export interface FileStore {
  readonly name: string;
  /** What each page holds on the disk: the value of its first byte. */
  readonly disk: Uint32Array;
}
