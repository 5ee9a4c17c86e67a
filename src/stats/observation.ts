// What an operation of a script shows, and what a run of a script says about it: result types only.

/** What the tables and the records of frames hold of a page; what does not hold is left out. None: {}. */
export interface EntryState {
  /** The entry: writable, dirty, young, soft-dirty, uffd-wp, of a contiguous group, PROT_NONE. */
  readonly w?: number;
  readonly d?: number;
  readonly y?: number;
  readonly sd?: number;
  readonly wp?: number;
  readonly cont?: number;
  readonly none?: number;
  /** Its level, where it is not the last. */
  readonly level?: number;
  /** PageAnonExclusive: of the page, or in the swap entry. */
  readonly x?: number;
  /** An entry that maps nothing: a page in swap, or a marker. */
  readonly swap?: number;
  readonly marker?: number;
  /** log2 of the folio's pages; the frame, numbered as they appear (0: a zero page). */
  readonly order?: number;
  readonly frame?: number;
  /** References to the folio, and entries that map the page. */
  readonly refs?: number;
  readonly mapped?: number;
  /** Shadow entries of machines that map the page: r, w, d, a, h(uge), t(racked) for each. */
  readonly spte?: string;
}

/** One entry of a recording; fields that an operation does not have are left out. */
export interface Observation {
  readonly op: string;
  readonly errno: string | 0;
  readonly minflt: number | null;
  readonly majflt?: number;
  readonly segv?: readonly number[];
  readonly wpfault?: readonly number[];
  /** Model only: processes that the OOM killer ended. */
  readonly killed?: readonly string[];
  /** Of `meanwhile`: it came behind the operation, not in the middle of it. */
  readonly waited?: true;
  readonly data?: readonly (readonly [number, number | null])[];
  readonly ranges?: readonly (readonly [number, number])[];
  readonly vmas?: readonly (readonly [number, number, string, string])[];
  readonly pages?: readonly (readonly [number, string])[];
  /** Runs of pages alike in all but their frames, which follow each other. */
  readonly state?: readonly (readonly [number, EntryState])[];
}

/** Entries side by side that one rule changed alike. */
export interface EntryStep {
  /** "P", or the child's name; "object 1" for the page cache of shared memory. */
  readonly owner: string;
  /** The region, and its first and last page; of an object or of what no region holds: a page number alone. */
  readonly region: string;
  readonly first: number;
  readonly last: number;
  readonly before: string;
  readonly after: string;
  /** Frames that each page's entry mapped before and after, numbered as they appear; 0 = none. */
  readonly frames: readonly (readonly [number, number])[];
  /** The event it belongs to, and the kernel's function with its file, or the manual's section. */
  readonly rule: string;
  readonly cite: string;
}

/** What happened in an operation. */
export interface Narration {
  readonly steps: readonly EntryStep[];
  readonly events: Readonly<Record<string, number>>;
}
