// What a scheme of "this anonymous page is exclusive" (PageAnonExclusive) answers, and is told. The kernel model asks
// and tells nothing else, so that a scheme is one file of this folder.
//
//   X(e): the entry e is the only reference to its page among all page tables, and may be made writable, or its page
//         pinned, without a copy. False though it is true costs a copy; true though it is false is a leak.
//
//   event                              hook          today (page.ts)
//   may this page be written, pinned?  isX           flag of the page, of a huge page on its first page
//   a new page is mapped               newX          set n flags
//   nobody else has it, proved         proveX        set one flag
//   fork                               reserve,      pinned and X: must be copied; else clear n flags
//                                      dup, dupRun
//   KSM                                share         clear
//   the entry leaves the tables        takeX         its flag, which is cleared
//   it comes back                      putX          the flag, if it was set
//   a huge mapping is split            split         the first page's flag, on all
//   write-protected, still X           keep, kept    -
//   made writable, being X             madeWritable  -
//   MADV_FREE, KSM clean an entry      cleans        dirty goes
//   is it really dirty?                isDirty       what the entry says
//   entries in one batch or group      mayDiffer     whatever their flags are
//   entries move, tables go            reserve, moveEntry, tablesGo               -
//
// A table that moves as a whole takes along what hangs off it, and a page that is freed loses its flags: nobody is told.
//
// Entries handed to hooks as `Entry` are present, map anonymous pages of private mappings, and lie side by side in one table where
// there are several. The page-table lock is held, so that nothing changes meanwhile; `reserve` is called before it is
// taken, may allocate, and may fail.

import type { Feature } from "../../arch/linux/kernels.js";
import type { Mm } from "../kernel/mm.js";
import type { ProgramCase } from "../layout/entry-program.js";
import type { PaeCosts } from "./costs.js";

/** An entry, or the first of a run: where it is, and what it maps. */
export interface Entry {
  readonly mm: Mm;
  /** Page of address space. */
  readonly page: number;
  readonly slot: number;
  /** 0 = last level. */
  readonly level: number;
  /** Frame that it maps; of a huge page the first. */
  readonly frame: number;
  /** Slots side by side that are one mapping (a contiguous huge page of a pool); left out = 1. */
  readonly slots?: number;
}

/** What memory is asked for. */
export interface Reserved {
  /** Only as far as the table of this slot has any, from which entries will move. */
  readonly from?: number;
  /** The entry in the slot maps a huge page, which may be split later, when nothing may fail. */
  readonly splits?: boolean;
}

/** Hooks of one kernel. */
export interface PaeHooks {
  readonly costs: PaeCosts;
  /** X(e) of a last-level entry follows from what it says and from the flags of its page, a small one. */
  readonly byFlags: boolean;
  /** X(e) stands beside the table: who looks at both without locks must find the entry as it was once more behind that. */
  readonly looksAgain?: boolean;
  /** X(e) is in the entry: who looks at an entry without locks has both with one look. Left out = it is looked up then. */
  readonly inEntry?: true;
  /** X(e). Of a page that is not anonymous: false. */
  isX(slot: number, level: number, frame: number): boolean;
  /** `count` entries map new pages, side by side, that nobody else has. */
  newX(entry: Entry, count: number): void;
  /** Nobody else has the page: it was counted. The entry stays as it is, unless X is kept in it. */
  proveX(entry: Entry): void;
  /** Memory for "not exclusive" of the entries in the table of a slot. False: there is none. */
  reserve(slot: number, what?: Reserved): boolean;
  /**
   * fork: the page will be mapped by the child's entry in `to` as well; the caller write-protects and copies the entry
   * afterwards. False: it may be pinned, and must be copied instead.
   */
  dup(entry: Entry, to: number): boolean;
  /** fork's program went over `count` entries, by `forkCases`. */
  dupRun(slot: number, to: number, count: number): void;
  /** KSM: the entry is about to be write-protected for good; nobody has pinned its page. */
  share(entry: Entry): void;
  /** Pins without locks go by their second look at the entry, and not by write_protect_seq; left out = by both. */
  readonly trustsEntry?: boolean;
  /** Folios in migration are locked against fork, which ends the migration first. */
  readonly waitsForMigration: boolean;
  /** A page of a folio, of which `count` come back together from swap, may be exclusive whatever the others are. */
  mayBeX(frame: number, count: number): boolean;
  /** A folio, by its head, becomes folios of one page. */
  splitFolio(head: number, frames: readonly number[]): void;
  /** The entry is about to become a migration or swap entry: X(e), which goes with it. */
  takeX(entry: Entry): boolean;
  /** Such an entry maps a page again, `exclusive` by what it said. */
  putX(entry: Entry, exclusive: boolean): void;
  /** A table takes the place of a huge entry, or of what stood for one: slots of both. */
  tableFrom(upper: number, table: number): void;
  /** `count` last-level entries, from `parts` on, take the place of a huge one that was exclusive or not. */
  split(parts: Entry, count: number, exclusive: boolean): void;
  /** A present entry with these flags is about to be changed, and may lose the right to write: what `kept` is told. */
  keep(slot: number, level: number, flags: number): number;
  /** It was changed, and is as exclusive as before. */
  kept(slot: number, level: number, kept: number): void;
  /** The entry, being X, was given the right to write without a write. */
  madeWritable(slot: number, level: number): void;
  /** Flags that go where an entry with these flags is made clean. */
  cleans(flags: number): number;
  /** The page was written through the entry, or what stood for it, since it was clean. */
  isDirty(flags: number, frame: number): boolean;
  /** Flags in which entries of a batch, or a contiguous group, may differ from one with these flags. */
  mayDiffer(flags: number): number;
  /** Flags in which entries that fork copies together may differ from one with these flags. */
  dupMayDiffer(flags: number): number;
  /** An entry, present or not, has moved to another slot of its level. */
  moveEntry(from: number, to: number): void;
  /** Tables below `root` are freed by `free`, in [first, end). */
  tablesGo(root: number, first: number, end: number, free: () => number): number;
}

/** A case of a program: which present entries, what becomes of them, and of the flags of their frames (`PG_*`). */
export interface PaeCase extends Pick<ProgramCase, "all" | "none" | "clear" | "set"> {
  readonly frameClear?: number;
  readonly frameSet?: number;
}

/** Where a scheme cannot show what today's does, though both are right. */
export interface PaeRule {
  readonly name: string;
  readonly because: string;
  /** Operations of a script of which one must have come before ("madvise free": verb and advice). */
  readonly after: readonly string[];
  /** What the kernel must have for it. */
  readonly feature?: Feature;
  /** Only where faults, and not the CPU, make entries dirty. */
  readonly softwareDirty?: true;
}

/** A scheme. */
export interface PaeScheme<Kernel> {
  readonly name: string;
  readonly title: string;
  /** It needs a bit of present entries (`Pte.exclusive`). */
  readonly ownBit?: boolean;
  /** X can be asked of a page, without its entry: who unpins it can check that it still holds. */
  readonly fromPage?: true;
  /** What fork does to entries of small anonymous pages that are not pinned; the first case that fits (ADR 0020). */
  readonly forkCases: readonly PaeCase[];
  /** What clear_refs does to them; left out: it write-protects whatever is there. */
  readonly clearCases?: readonly PaeCase[];
  /** Where it must differ from today's; left out: nowhere. */
  readonly rules?: readonly PaeRule[];
  /** Hooks of one kernel. */
  readonly hooks: (kernel: Kernel) => PaeHooks;
}
