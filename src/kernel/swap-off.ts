// swapoff: everything comes back (mm/swapfile.c try_to_unuse, unuse_mm, unuse_pte).

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { Event } from "./events.js";
import { addMapping, getPage, newAnonFolio, setStamp } from "./folio.js";
import type { Kernel } from "./kernel.js";
import { waitForFolio } from "./migrate.js";
import type { Mm } from "./mm.js";
import { pageProt } from "./page-prot.js";
import { belongsAt, setIndex } from "./rmap.js";
import { swapInShared } from "./shmem.js";
import {
  addToSwapCache,
  cachedIn,
  contentOf,
  dropUnused,
  freeSlot,
  type Slot,
  SWAP_TYPE,
} from "./swap-device.js";
import type { Vma } from "./vma.js";
import { forEachEntry, NO_HUGE } from "./walk-entries.js";

/**
 * Takes the swap device away.
 * @returns EINVAL where there is none; ENOMEM: what did not come back is still there, and so is the device
 */
export function swapOff(kernel: Kernel): Errno {
  if (!kernel.swapOn) return "EINVAL";
  kernel.steps.needsAll();
  kernel.swapOn = false;
  for (const mm of kernel.mms) {
    if (unuseSpace(kernel, mm)) continue;
    kernel.swapOn = true;
    return "ENOMEM";
  }
  for (const object of kernel.objects.values()) {
    for (let index = 0; index < object.pages; index++) swapInShared(kernel, object, index);
  }
  dropUnused(kernel);
  if (kernel.swap.inUse === 0) return 0;
  kernel.swapOn = true;
  return "ENOMEM";
}

/** The device is there again, empty. EBUSY: it is there already; EINVAL: the machine has none. */
export function swapOnAgain(kernel: Kernel): Errno {
  if (kernel.swap.size === 0) return "EINVAL";
  if (kernel.swapOn) return "EBUSY";
  kernel.swapOn = true;
  return 0;
}

/** unuse_mm. False: no memory. */
function unuseSpace(kernel: Kernel, mm: Mm): boolean {
  const { exports } = kernel.mmu;
  let fits = true;
  for (const vma of mm.vmas.all) {
    if (vma.anonVma === null) continue;
    const visit = (slot: number, page: number): void => {
      const flags = exports.entryFlags(slot);
      if (!fits || flags === 0 || (flags & Pte.present) !== 0) return;
      if (exports.absentType(slot) !== SWAP_TYPE) return;
      fits = unuse(kernel, mm, vma, slot, page);
    };
    forEachEntry(kernel, mm.root, vma.start, vma.end, visit, NO_HUGE);
  }
  return fits;
}

/** unuse_pte: the entry is old and read-only; exclusivity, soft-dirty and uffd-wp come from the swap entry. */
function unuse(kernel: Kernel, mm: Mm, vma: Vma, slot: number, page: number): boolean {
  const { exports } = kernel.mmu;
  const entry = exports.absentOffset(slot);
  const flags = exports.entryFlags(slot);
  const exclusive = (flags & Pte.exclusive) !== 0;
  if (!exclusive && !kernel.pae.reserve(slot)) return false;
  const frame = pageFor(kernel, vma, page, entry);
  if (frame === 0) return false;
  const alone = kernel.pae.mayBeX(frame, 1);
  addMapping(kernel, frame, 1, mm.id);
  const kept = flags & (Pte.softDirty | Pte.uffdWp);
  exports.makeLeaf(slot, 0, frame, pageProt(kernel, vma), kept);
  exports.updateEntry(slot, Pte.young, 0);
  kernel.pae.putX({ mm, page, slot, level: 0, frame }, exclusive && alone);
  freeSlot(kernel, entry);
  return true;
}

/** What the entry stands for, with a reference for it: from the swap cache or read into it; 0 = no memory. */
function pageFor(kernel: Kernel, vma: Vma, page: number, entry: Slot): number {
  if (cachedIn(kernel, entry) !== 0) waitForFolio(kernel, cachedIn(kernel, entry));
  const cached = cachedIn(kernel, entry);
  if (cached !== 0 && belongsAt(kernel, cached, vma, page)) {
    getPage(kernel, cached);
    return cached;
  }
  const frame = newAnonFolio(kernel, 0);
  if (frame === 0) return 0;
  kernel.count(Event.swap_in);
  setStamp(kernel, frame, contentOf(kernel, entry));
  setIndex(kernel, frame, vma, page);
  if (cached !== 0) return frame;
  addToSwapCache(kernel, frame, entry);
  return frame;
}
