// Who changes the entries of a VMM's memory: each caller as the lines of a script, over region A of N pages, which are a
// host's base pages, huge ones, or pages of file F.

/** What the guest's memory is to the host. */
export const HOSTS = ["base", "huge", "file"] as const;
export type Host = (typeof HOSTS)[number];
const ANONYMOUS: readonly Host[] = ["base", "huge"];

/** One caller. */
export interface Caller {
  readonly means: string;
  /** Before anything is measured, behind the guest's first writes. */
  readonly prepare: readonly string[];
  /** What is measured. */
  readonly step: readonly string[];
  /** Behind it, before the guest goes on. */
  readonly after: readonly string[];
  /** Whose memory it can be done to. */
  readonly hosts: readonly Host[];
}

const caller = (means: string, ...step: string[]): Caller => ({
  means,
  prepare: [],
  step,
  after: [],
  hosts: HOSTS,
});

/** Callers by name; N stands for the pages, H for half of them. */
export const CALLERS: ReadonlyMap<string, Caller> = new Map([
  [
    "madv-free",
    { ...caller("MADV_FREE of the guest's memory", "madvise A 0 N free"), hosts: ANONYMOUS },
  ],
  ["madv-dontneed", caller("MADV_DONTNEED of half of it (a balloon)", "madvise A 0 H dontneed")],
  ["clear-refs", caller("clear_refs 4 on the VMM", "clear_refs")],
  ["fork", caller("fork of the VMM; the child lives on", "fork c")],
  [
    "fork-exit",
    { ...caller("fork of the VMM; the child exits at once", "fork c"), after: ["exit c"] },
  ],
  [
    "ksm",
    {
      ...caller("KSM merges equal pages", "ksm"),
      prepare: ["madvise A 0 N mergeable"],
      hosts: ["base"],
    },
  ],
  ["swap-out", caller("MADV_PAGEOUT", "madvise A 0 N pageout")],
  ["aging", caller("reclaim looks at all pages for what was used", "reclaim 1")],
  ["idle", caller("idle page tracking marks all pages", "idle A 0 N")],
  ["migration", caller("pages move to other frames", "migrate A 0 N")],
  [
    "khugepaged",
    {
      ...caller("khugepaged makes huge pages", "khugepaged"),
      prepare: ["madvise A 0 N hugepage"],
      hosts: ["base"],
    },
  ],
  ["split", { ...caller("huge pages are split", "split A 0 N"), hosts: ["huge"] }],
  ["numa", caller("NUMA balancing scans all pages", "numa A 0 N")],
  [
    "writeback",
    { ...caller("the file is written back (folio_mkclean)", "fsync F"), hosts: ["file"] },
  ],
  ["mprotect", caller("mprotect to read-only and back", "mprotect A 0 N r", "mprotect A 0 N rw")],
  [
    "uffd-wp",
    {
      ...caller(
        "userfaultfd write-protection (asynchronous) by PAGEMAP_SCAN",
        "scan A 0 N written wp",
      ),
      prepare: ["uffd-register A 0 N wp-async"],
    },
  ],
  [
    "log-protect",
    caller("dirty logging by write-protection: armed, asked", "dirty-log G on", "dirty-log G"),
  ],
  [
    "log-buffer",
    caller(
      "dirty logging by the hardware's log: armed, asked",
      "dirty-log G buffer",
      "dirty-log G",
    ),
  ],
]);
