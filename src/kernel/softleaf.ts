// Migration entries: what stands in a page table while the page behind it is on its way to another frame
// (include/linux/swapops.h; arch/linux/softleaf.ts has the types).
//
//   offset:  | dirty | young | frame ........ |      young and dirty of the entry that was there

import { SOFTLEAF_TYPES } from "../../arch/linux/softleaf.js";
import { Pte } from "../layout/linux-flags.js";
import type { Kernel } from "./kernel.js";

const READ = SOFTLEAF_TYPES.migrationRead.type;
const READ_EXCLUSIVE = SOFTLEAF_TYPES.migrationReadExclusive.type;
const WRITE = SOFTLEAF_TYPES.migrationWrite.type;

const YOUNG = 1 << 29;
const DIRTY = 1 << 30;
const FRAME_MASK = YOUNG - 1;

/** A migration entry, read. */
export interface Migrating {
  /** Frame of the page that is on its way; the head's for an upper entry. */
  readonly frame: number;
  readonly write: boolean;
  readonly exclusive: boolean;
  /** `Pte.young`, `Pte.dirty`, `Pte.softDirty`, `Pte.uffdWp`. */
  readonly kept: number;
}

/** Reads the migration entry in a slot; null = it holds none. */
export function migratingIn(kernel: Kernel, slot: number, flags: number): Migrating | null {
  if (flags === 0 || (flags & Pte.present) !== 0) return null;
  const { exports } = kernel.mmu;
  const type = exports.absentType(slot);
  if (type !== READ && type !== READ_EXCLUSIVE && type !== WRITE) return null;
  const offset = exports.absentOffset(slot);
  const kept =
    (flags & (Pte.softDirty | Pte.uffdWp)) |
    ((offset & YOUNG) !== 0 ? Pte.young : 0) |
    ((offset & DIRTY) !== 0 ? Pte.dirty : 0);
  const write = type === WRITE;
  return { frame: offset & FRAME_MASK, write, exclusive: write || type === READ_EXCLUSIVE, kept };
}

/** Writes a migration entry. */
export function setMigrating(kernel: Kernel, slot: number, entry: Migrating): void {
  const { frame, write, exclusive, kept } = entry;
  const type = write ? WRITE : exclusive ? READ_EXCLUSIVE : READ;
  const young = (kept & Pte.young) !== 0 ? YOUNG : 0;
  const dirty = (kept & Pte.dirty) !== 0 ? DIRTY : 0;
  const { exports } = kernel.mmu;
  exports.clearEntry(slot);
  exports.makeAbsent(slot, type, frame | young | dirty, kept & (Pte.softDirty | Pte.uffdWp));
}

/** fork, mprotect: takes rights from a migration entry. False: it is none. */
export function weakenMigrating(
  kernel: Kernel,
  slot: number,
  flags: number,
  keepExclusive: boolean,
): boolean {
  const entry = migratingIn(kernel, slot, flags);
  if (entry === null) return false;
  const exclusive = entry.exclusive && keepExclusive;
  if (entry.write || exclusive !== entry.exclusive) {
    setMigrating(kernel, slot, { ...entry, write: false, exclusive });
  }
  return true;
}
