// What get_user_pages finds in the page tables, and the faults it takes until it finds what it wants (mm/gup.c
// follow_page_pte, can_follow_write_common, gup_must_unshare, faultin_page).

import { Pte } from "../layout/linux-flags.js";
import type { Errno } from "./errno.js";
import { kernelFault } from "./fault.js";
import { pageFlags } from "./folio.js";
import { hugetlbSlot, isHugetlb } from "./hugetlb.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { PG_ANON } from "./page-flags.js";
import { tracksSoftDirty } from "./page-prot.js";
import type { Held } from "./steps.js";
import { isCow, VM_ACCESS_FLAGS, VM_SHARED, VM_UFFD_WP, VM_WRITE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { leafAt } from "./walk-entries.js";

/** What is wanted of a page: flags of get_user_pages. */
export interface Wanted {
  /** FOLL_WRITE. */
  readonly write: boolean;
  /** FOLL_FORCE: written to whatever the mapping allows, if it is private. */
  readonly force?: boolean;
  /** FOLL_PIN | FOLL_LONGTERM, which must be able to rely on the page. */
  readonly pin?: boolean;
  /** FOLL_HONOR_NUMA_FAULT: an entry that NUMA balancing made inaccessible is not followed. */
  readonly honorsNuma?: boolean;
}

/** The frame; or what is missing: a fault for it, or one that unshares it. */
export type Followed = number | "fault" | "unshare";

const NO_LOCKS: Held = { call: "pin", mm: null, table: false, folio: false };

/** Looks a page up. */
export function followPage(kernel: Kernel, mm: Mm, vma: Vma, page: number, want: Wanted): Followed {
  const { exports } = kernel.mmu;
  const leaf = leafAt(kernel, mm.root, page);
  if (leaf === null) return "fault";
  const { slot, level, first } = leaf;
  const flags = exports.entryFlags(slot);
  if ((flags & Pte.present) === 0) return "fault";
  if ((flags & Pte.protnone) !== 0 && want.force !== true && !mayFollowNone(kernel, vma, want)) {
    return "fault";
  }
  const mapped = exports.entryFrame(slot, level);
  const writable = (flags & Pte.write) !== 0;
  const exclusive = (): boolean => {
    // Of a huge page of a pool the first page says it (PageAnonExclusive), and so does its first entry.
    const head = isHugetlb(vma) ? hugetlbSlot(kernel, mm, vma, page) : slot;
    const frame = head === slot ? mapped : exports.entryFrame(head, level);
    return isExclusive(kernel, head, level, frame);
  };
  if (want.write && !writable) {
    if (want.force !== true || !mayForce(kernel, vma, flags, exclusive)) return "fault";
  }
  if (!writable && mustUnshare(kernel, vma, flags, mapped, exclusive, want)) return "unshare";
  return mapped + (page - first);
}

/** Nothing is held by a pin without locks: what the entry says it has seen; what stands elsewhere it looks up behind that. */
function isExclusive(kernel: Kernel, slot: number, level: number, frame: number): boolean {
  const { pae, steps, mmu } = kernel;
  const seen = pae.isX(slot, level, frame);
  if (!steps.walking) return seen;
  steps.pass("pin-looked", NO_LOCKS);
  if (pae.inEntry === true) return seen;
  const same = mmu.exports.entryFrame(slot, level) === frame;
  return pae.isX(slot, level, frame) && (same || pae.looksAgain !== true);
}

/** gup_can_follow_protnone: the mapping is accessible, and the access need not be seen. */
function mayFollowNone(kernel: Kernel, vma: Vma, { honorsNuma }: Wanted): boolean {
  if ((vma.flags & VM_ACCESS_FLAGS) === 0) return false;
  return honorsNuma !== true && kernel.has("gupFollowsHinted");
}

/** A forced write to a read-only entry: of a page that is this mapping's alone, where nobody watches writes. */
function mayForce(kernel: Kernel, vma: Vma, flags: number, exclusive: () => boolean): boolean {
  if ((vma.flags & (VM_SHARED | VM_WRITE)) !== 0) return false;
  if ((flags & Pte.special) !== 0 || !exclusive()) return false;
  if (tracksSoftDirty(kernel, vma) && (flags & Pte.softDirty) === 0) return false;
  return (flags & Pte.uffdWp) === 0 || (vma.flags & VM_UFFD_WP) === 0;
}

/**
 * A page that is only read must not be replaced later by a write of the process itself: an anonymous one must be
 * exclusive, and (from 6.2) no other may be pinned for long where writes copy.
 */
function mustUnshare(
  kernel: Kernel,
  vma: Vma,
  flags: number,
  frame: number,
  exclusive: () => boolean,
  { write, pin }: Wanted,
): boolean {
  if (write || pin !== true) return false;
  const anon = (flags & Pte.special) === 0 && (pageFlags(kernel, frame) & PG_ANON) !== 0;
  if (anon) return !exclusive();
  return kernel.has("longtermUnshares") && isCow(vma.flags);
}

/** Takes faults until the page can be followed. */
export function faultIn(kernel: Kernel, mm: Mm, page: number, want: Wanted): Errno {
  for (;;) {
    const followed = lookUp(kernel, mm, page, want);
    if (typeof followed === "number") return 0;
    const isThere = (): boolean => typeof lookUp(kernel, mm, page, want) === "number";
    const unshare = followed === "unshare";
    const result = kernelFault(kernel, mm, page, { ...want, unshare }, isThere);
    if (result === "oom") return "ENOMEM";
    if (result !== "done") return "EFAULT";
  }
}

function lookUp(kernel: Kernel, mm: Mm, page: number, want: Wanted): Followed {
  const vma = mm.vmas.at(page);
  return vma === null ? "fault" : followPage(kernel, mm, vma, page, want);
}
