// An entry in words: "page write dirty", "zero page", "marker uffd-wp", "swap 3 offset 17", "none".

import type { CoreExports } from "../core/instantiate.js";
import { MARKER_GUARD, MARKER_POISONED, MARKER_UFFD_WP, SWP_PTE_MARKER } from "../kernel/absent.js";
import { Pte } from "../layout/linux-flags.js";

const FLAGS: readonly (readonly [string, number])[] = [
  ["write", Pte.write],
  ["dirty", Pte.dirty],
  ["young", Pte.young],
  ["soft-dirty", Pte.softDirty],
  ["uffd-wp", Pte.uffdWp],
  ["protnone", Pte.protnone],
  ["contiguous", Pte.contiguous],
  ["exclusive", Pte.exclusive],
];

const MARKERS: readonly (readonly [string, number])[] = [
  ["uffd-wp", MARKER_UFFD_WP],
  ["poisoned", MARKER_POISONED],
  ["guard", MARKER_GUARD],
];

function names(list: readonly (readonly [string, number])[], word: number): string {
  return list
    .filter(([, bit]) => (word & bit) !== 0)
    .map(([name]) => ` ${name}`)
    .join("");
}

/** An entry: its flags in words, and the frame it maps; 0 = none. */
export interface DescribedEntry {
  readonly text: string;
  readonly frame: number;
}

/** The entry of a level (0 = the last; above it, entries map huge pages) in a slot. */
export function describeEntry(core: CoreExports, slot: number, level: number): DescribedEntry {
  const flags = core.entryFlags(slot);
  if (flags === 0) return { text: "none", frame: 0 };
  if (level > 0 && core.isTable(slot, level)) return { text: "table", frame: 0 };
  if ((flags & (Pte.present | Pte.special)) === Pte.present) {
    const kind = level === 0 ? "page" : "huge page";
    return { text: kind + names(FLAGS, flags), frame: core.entryFrame(slot, level) };
  }
  return { text: textOf(core, slot, flags), frame: 0 };
}

function textOf(core: CoreExports, slot: number, flags: number): string {
  if ((flags & Pte.present) !== 0) return `zero page${names(FLAGS, flags)}`;
  const type = core.absentType(slot);
  const offset = core.absentOffset(slot) >>> 0;
  if (type === SWP_PTE_MARKER) return `marker${names(MARKERS, offset)}`;
  return `swap ${type} offset ${offset}${names(FLAGS, flags)}`;
}
