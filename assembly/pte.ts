// One entry, through the compiled layout: its class, the address it holds, the page it maps.
//
// Functions take the address of a level (`LEVEL_*` words) or of a half (`HALF_*` words).

import {
  HALF_TYPE_SHIFT,
  HALF_TYPES,
  LEVEL_ADDRESS_SHIFT,
  LEVEL_FORBIDDEN,
  LEVEL_GROUP_MASK,
  LEVEL_GROUP_SHIFT,
  LEVEL_GROUP_VALUE,
  LEVEL_HIGH_ADDRESS,
  LEVEL_HIGH_SHIFT,
  LEVEL_LEAF_ADDRESS,
  LEVEL_LEAF_FORBIDDEN_COUNT,
  LEVEL_LEAF_RESERVED,
  LEVEL_PAGE_MASK,
  LEVEL_TABLE_ADDRESS,
  LEVEL_TABLE_FORBIDDEN_COUNT,
  LEVEL_TABLE_RESERVED,
} from "./abi/layout";
import { CLASS_TABLE } from "./abi/stop";
import { PAGE_OF_DATA } from "./tlb";

/** `CLASS_TABLE`, `CLASS_LEAF`, or the fault kind that the entry's type bits raise. */
export function classOf(half: u32, level: u32, entry: u64): u32 {
  const type = <u32>(entry >> load<u32>(half, HALF_TYPE_SHIFT)) & 0xff;
  return load<u8>(half + HALF_TYPES + (level << 8) + type);
}

/** True when the entry sets a reserved bit or has a forbidden form. */
export function isMalformed(level: u32, entry: u64, entryClass: u32): bool {
  const forms: u32 = level + LEVEL_FORBIDDEN;
  const ofTables = load<u32>(level, LEVEL_TABLE_FORBIDDEN_COUNT);
  return entryClass == CLASS_TABLE
    ? (entry & load<u64>(level, LEVEL_TABLE_RESERVED)) != 0 || hasForm(forms, ofTables, entry)
    : (entry & load<u64>(level, LEVEL_LEAF_RESERVED)) != 0 ||
        hasForm(forms + ofTables * 16, load<u32>(level, LEVEL_LEAF_FORBIDDEN_COUNT), entry);
}

function hasForm(forms: u32, count: u32, entry: u64): bool {
  const end = forms + count * 16;
  for (let form = forms; form < end; form += 16) {
    if ((entry & load<u64>(form)) == load<u64>(form, 8)) return true;
  }
  return false;
}

function highAddress(level: u32, entry: u64): u64 {
  return (entry & load<u64>(level, LEVEL_HIGH_ADDRESS)) << load<u32>(level, LEVEL_HIGH_SHIFT);
}

/** Address of the next table. */
export function tableAddress(level: u32, entry: u64): u64 {
  const low = entry & load<u64>(level, LEVEL_TABLE_ADDRESS);
  return (low << load<u32>(level, LEVEL_ADDRESS_SHIFT)) | highAddress(level, entry);
}

/** Address of the page that a leaf maps. */
export function leafAddress(level: u32, entry: u64): u64 {
  const low = entry & load<u64>(level, LEVEL_LEAF_ADDRESS);
  return (low << load<u32>(level, LEVEL_ADDRESS_SHIFT)) | highAddress(level, entry);
}

/** Puts an address into the address fields of a table entry or leaf (`field` tells which). */
export function encodeAddress(level: u32, field: u64, address: u64): u64 {
  const low = (address >> load<u32>(level, LEVEL_ADDRESS_SHIFT)) & field;
  const high =
    (address >> load<u32>(level, LEVEL_HIGH_SHIFT)) & load<u64>(level, LEVEL_HIGH_ADDRESS);
  return low | high;
}

/** log2 bytes of the contiguous group that a leaf belongs to, 0 where it belongs to none. */
export function groupShiftOf(level: u32, entry: u64): u32 {
  const shift = load<u32>(level, LEVEL_GROUP_SHIFT);
  if (shift == 0) return 0;
  const hit = (entry & load<u64>(level, LEVEL_GROUP_MASK)) == load<u64>(level, LEVEL_GROUP_VALUE);
  return hit ? shift : 0;
}

/** The table of an entry that has nothing in the high address field. */
export function lowTable(level: u32, entry: u64): u64 {
  return (entry & load<u64>(level, LEVEL_TABLE_ADDRESS)) << load<u32>(level, LEVEL_ADDRESS_SHIFT);
}

/** The page of such a leaf. */
export function lowAddress(level: u32, entry: u64): u64 {
  return (entry & load<u64>(level, LEVEL_LEAF_ADDRESS)) << load<u32>(level, LEVEL_ADDRESS_SHIFT);
}

/** Of the page at `address`, mapped at a level, the base page in which `va` lies. */
export function pageOf(level: u32, address: u64, va: u64): u64 {
  return (address | (va & ~load<u64>(level, LEVEL_PAGE_MASK))) & PAGE_OF_DATA;
}
