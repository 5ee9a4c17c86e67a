// Faults on swap entries (mm/memory.c do_swap_page).

import { Pte } from "../layout/linux-flags.js";
import { foldRun } from "./contpte.js";
import { Event } from "./events.js";
import type { Fault, FaultResult } from "./fault-types.js";
import {
  addMapping,
  getPage,
  headOf,
  newAnonFolio,
  orderOf,
  pageFlags,
  putPage,
  refsOf,
  setPageFlags,
  setStamp,
  stampOf,
} from "./folio.js";
import type { Kernel } from "./kernel.js";
import { waitForFolio } from "./migrate.js";
import { PG_DIRTY, PG_KSM, PG_SWAPCACHE, PG_WRITEBACK } from "./page-flags.js";
import { pageProt, tracksSoftDirty } from "./page-prot.js";
import { belongsAt, setIndex } from "./rmap.js";
import {
  addToSwapCache,
  cachedIn,
  contentOf,
  freeSlot,
  freeSwap,
  type Slot,
  SWAP_TYPE,
  usersOf,
} from "./swap-device.js";
import { middleOrders } from "./thp.js";
import { VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import { writeFault } from "./write-fault.js";

/** What came in for an entry. */
interface SwappedIn {
  /** Frame of the page that the fault is about. */
  readonly frame: number;
  /** First page of address space, and pages, that it is mapped to. */
  readonly first: number;
  readonly count: number;
  readonly major: boolean;
  /** Fresh, and not in the swap cache: nobody else can have it. */
  readonly fresh: boolean;
  /** A copy of what the swap cache has. */
  readonly copied: boolean;
}

/** A fault on the swap entry in `slot`. */
export function swapFault(kernel: Kernel, fault: Fault, slot: number, flags: number): FaultResult {
  const { exports } = kernel.mmu;
  const entry = exports.absentOffset(slot);
  // What the entry says may be taken back below.
  const mayShare = (flags & Pte.exclusive) === 0 || kernel.config.swapDevice === "stable";
  if (mayShare && !kernel.pae.reserve(slot)) return "oom";
  const swapped = bringIn(kernel, fault, slot, entry);
  if (swapped === null) return "oom";
  const head = headOf(kernel, swapped.frame);
  giveSlotsUp(kernel, fault, slot, swapped);
  const exclusive =
    (pageFlags(kernel, head) & PG_KSM) === 0 &&
    isAlone(kernel, swapped, flags) &&
    mayChange(kernel, head) &&
    kernel.pae.mayBeX(swapped.frame, swapped.count);
  const written = mapIn(kernel, fault, slot, swapped, exclusive);
  putPage(kernel, head);
  if (!fault.write || written) return swapped.major ? "major" : "done";
  const result = writeFault(kernel, fault, slot, exports.entryFlags(slot));
  if (!swapped.major) return result;
  return result === "retry" ? "major-retry" : result === "done" ? "major" : result;
}

/**
 * Exclusive by the entry's bit; or fresh, and by-passing the cache; or found to be alone. From 7.0 on every page
 * goes through the cache, and leaves it only once it is mapped: the bit alone decides.
 */
function isAlone(kernel: Kernel, { frame, fresh, copied }: SwappedIn, flags: number): boolean {
  if (copied || (flags & Pte.exclusive) !== 0) return true;
  return !kernel.has("swapCacheFreedEarly") && (fresh || refsOf(kernel, frame) === 1);
}

/**
 * A page that a device is writing must not be written to, where the device wants it stable: it comes in as if others
 * had it, and the next write copies it.
 */
function mayChange(kernel: Kernel, head: number): boolean {
  return (pageFlags(kernel, head) & PG_WRITEBACK) === 0 || kernel.lacks("stable-pages");
}

/** From the swap cache, or read. The caller gets one reference. */
function bringIn(kernel: Kernel, fault: Fault, slot: number, entry: Slot): SwappedIn | null {
  if (cachedIn(kernel, entry) !== 0) waitForFolio(kernel, cachedIn(kernel, entry));
  const cached = cachedIn(kernel, entry);
  const { page } = fault;
  if (cached !== 0) return fromCache(kernel, fault, cached);
  kernel.count(Event.swap_in);
  const alone = usersOf(kernel, entry) === 1;
  const { swapDevice = "sync" } = kernel.config;
  // With one user, a page from a synchronous device does without the cache.
  const uncached = alone && swapDevice === "sync";
  const large = uncached ? largestOrder(kernel, fault, slot, entry) : 0;
  // Without memory for a large folio, a page of its own will do.
  const whole = large > 0 ? newAnonFolio(kernel, large) : 0;
  const head = whole || newAnonFolio(kernel, 0);
  if (head === 0) return null;
  const count = whole === 0 ? 1 : 2 ** large;
  const index = page % count;
  for (let i = 0; i < count; i++) setStamp(kernel, head + i, contentOf(kernel, entry - index + i));
  setIndex(kernel, head, fault.vma, page - index);
  if (!uncached) addToSwapCache(kernel, head, entry);
  return {
    frame: head + index,
    first: page - index,
    count,
    major: true,
    fresh: uncached,
    copied: false,
  };
}

/** What the swap cache has; a copy of it where its own place is another (ksm_might_need_to_copy). */
function fromCache(kernel: Kernel, { vma, page }: Fault, cached: number): SwappedIn | null {
  const found = { first: page, count: 1, major: false };
  if (belongsAt(kernel, cached, vma, page)) {
    getPage(kernel, cached);
    return { ...found, frame: cached, fresh: false, copied: false };
  }
  const frame = newAnonFolio(kernel, 0);
  if (frame === 0) return null;
  kernel.count(Event.page_copy);
  setStamp(kernel, frame, stampOf(kernel, cached));
  setIndex(kernel, frame, vma, page);
  return { ...found, frame, fresh: true, copied: true };
}

/** alloc_swap_folio, can_swapin_thp: all entries of the folio's place hold slots side by side, uncached. */
function largestOrder(kernel: Kernel, { vma, page }: Fault, slot: number, entry: Slot): number {
  if (vma.uffd !== null || !kernel.has("swapsInFolios")) return 0;
  const found = middleOrders(kernel, vma, page).find((order) => {
    const count = 2 ** order;
    const index = page % count;
    if ((entry - index) % count !== 0) return false;
    return allHere(kernel, slot - 8 * index, entry - index, count);
  });
  return found ?? 0;
}

function allHere(kernel: Kernel, slot: number, entry: Slot, count: number): boolean {
  const { exports } = kernel.mmu;
  const flags = exports.entryFlags(slot);
  const zero = contentOf(kernel, entry) === 0;
  for (let i = 0; i < count; i++) {
    const at = slot + 8 * i;
    const same = exports.entryFlags(at) === flags && exports.absentType(at) === SWAP_TYPE;
    if (!same || exports.absentOffset(at) !== entry + i) return false;
    if (cachedIn(kernel, entry + i) !== 0 || (contentOf(kernel, entry + i) === 0) !== zero)
      return false;
  }
  return true;
}

/**
 * The entries give their slots up. Then a page that nobody else has leaves the cache: for a write, so that it is
 * seen to be alone, and always from 7.0 on (`should_try_to_free_swap`).
 */
function giveSlotsUp(kernel: Kernel, fault: Fault, slot: number, swapped: SwappedIn): void {
  const { exports } = kernel.mmu;
  const { frame, first, count } = swapped;
  for (let i = 0; i < count; i++) {
    freeSlot(kernel, exports.absentOffset(slot + 8 * (i - (fault.page - first))));
  }
  const head = headOf(kernel, frame);
  const flags = pageFlags(kernel, head);
  if ((flags & PG_SWAPCACHE) === 0) return;
  const pages = 2 ** orderOf(kernel, head);
  const alone = (flags & PG_KSM) === 0 && refsOf(kernel, head) === 1 + pages;
  if (!kernel.has("swapCacheFreedEarly") && !(fault.write && alone)) return;
  if (freeSwap(kernel, head)) setPageFlags(kernel, head, PG_DIRTY);
}

/** Maps what came in; true: already writable and dirty for this write. */
function mapIn(
  kernel: Kernel,
  fault: Fault,
  slot: number,
  { frame, first, count }: SwappedIn,
  exclusive: boolean,
): boolean {
  const { exports } = kernel.mmu;
  const { mm, page } = fault;
  const index = page - first;
  let written = false;
  if (count > 1) getPage(kernel, frame, count - 1);
  getPage(kernel, frame);
  for (let i = 0; i < count; i++) {
    const at = slot + 8 * (i - index);
    const flags = exports.entryFlags(at);
    const set = bitsOf(kernel, fault, flags, exclusive);
    exports.makeLeaf(at, 0, frame - index + i, pageProt(kernel, fault.vma), set);
    if ((set & Pte.uffdWp) !== 0) exports.updateEntry(at, Pte.write, 0);
    addMapping(kernel, frame - index + i, 1, mm.id);
    const mapped = { mm, page: first + i, slot: at, level: 0, frame: frame - index + i };
    kernel.pae.putX(mapped, exclusive);
    if (i === index) written = (set & Pte.write) !== 0 && (set & Pte.dirty) !== 0;
  }
  if (count > 1) foldRun(kernel, slot - 8 * index, first, frame - index, count);
  return written;
}

/** Soft-dirty and uffd-wp come from the entry; an exclusive page is writable unless someone wants to see writes. */
function bitsOf(kernel: Kernel, { vma, write }: Fault, flags: number, exclusive: boolean): number {
  const kept = Pte.young | (flags & (Pte.softDirty | Pte.uffdWp));
  if (!exclusive || (vma.flags & VM_WRITE) === 0) return kept;
  const watched =
    ((flags & Pte.uffdWp) !== 0 && (vma.flags & VM_UFFD_WP) !== 0) ||
    (tracksSoftDirty(kernel, vma) && (flags & Pte.softDirty) === 0);
  if (!kernel.has("swapInWritable")) return write ? kept | Pte.write | kernel.written : kept;
  if (watched) return kept;
  return kept | Pte.write | (write ? kernel.written : 0);
}
