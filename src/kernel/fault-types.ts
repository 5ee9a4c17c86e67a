// One page fault, as its handlers see it.

import type { Mm } from "./mm.js";
import type { Vma } from "./vma.js";

/** What became of an attempt. */
export type FaultResult =
  /** The entry is there; the access goes on. */
  | "done"
  /** As done, but it cost I/O. */
  | "major"
  /** The locks were given up for a message to userspace; try again. */
  | "retry"
  /** The same, after I/O. */
  | "major-retry"
  | "oom"
  /** There was no memory, and the process is to die for it. */
  | "killed"
  | "segv"
  | "sigbus";

/** One fault, as its handlers see it. */
export interface Fault {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly page: number;
  readonly write: boolean;
  /** FAULT_FLAG_UNSHARE: the page is to be this mapping's alone, and stays read-only. */
  readonly unshare?: boolean;
}
