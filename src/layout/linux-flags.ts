// Bits of a flags word (assembly/abi/entry.ts): what the kernel model asks of an entry, by name.

import {
  type AbsentFlag,
  PRESENT_FLAGS,
  PROTECTIONS,
  type PresentFlag,
  type Protection,
} from "../../arch/linux/schema.js";
import { FIRST_FLAG, FLAG_FILLED, FLAG_PRESENT } from "../../assembly/abi/entry.js";

const bitOf = (name: PresentFlag): number => 1 << (FIRST_FLAG + PRESENT_FLAGS.indexOf(name));

/** Flags of a present entry; the last three also of an absent one. */
export const Pte = {
  present: FLAG_PRESENT,
  filled: FLAG_FILLED,
  write: bitOf("write"),
  dirty: bitOf("dirty"),
  young: bitOf("young"),
  special: bitOf("special"),
  protnone: bitOf("protnone"),
  contiguous: bitOf("contiguous"),
  softDirty: bitOf("softDirty"),
  uffdWp: bitOf("uffdWp"),
  exclusive: bitOf("exclusive"),
} as const;

/** Number of a protection, as the core knows it. */
export const PROTECTION_NUMBERS = Object.fromEntries(
  PROTECTIONS.map((name, number) => [name, number]),
) as Readonly<Record<Protection, number>>;

/** Number of a flag among those of a present entry; an absent entry's have the same numbers. */
export function flagNumber(name: PresentFlag | AbsentFlag): number {
  return PRESENT_FLAGS.indexOf(name);
}

/** How many flags there are. */
export const PRESENT_FLAG_COUNT = PRESENT_FLAGS.length;
