// arm64: what one access does, straight from the Arm ARM (DDI 0487, chapter D8: D8.3 formats, D8.4 permissions,
// D8.5 access flag and dirty state; ESR_EL1 for the codes), over two raw entries. It shares nothing with
// `arch/arm64.ts`, nor with the walker of test/reference.
//
//   page:  54  53  52   51  47..12  10 7   6   1 0      table: 62:61   60       59       47..12 1 0
//          UXN PXN Cont DBM address AF AP2 AP1 1 VALID         APTable UXNTable PXNTable address 1 VALID
//
// Where a permission fault leaves open whether hardware sets the access flag, the choice of docs/sources.md
// stands: it does not.

import type { Control, Ending, Entry, Oracle, Shape } from "./combinations.js";

const VALID = 1 << 0;
const TYPE = 1 << 1;
const AP1 = 1 << 6;
const AP2 = 1 << 7;
const AF = 1 << 10;
/** In the high word. */
const DBM = 1 << 19;
const CONT = 1 << 20;
const PXN = 1 << 21;
const UXN = 1 << 22;
const PXN_TABLE = 1 << 27;
const UXN_TABLE = 1 << 28;
const AP_TABLE_NO_EL0 = 1 << 29;
const AP_TABLE_READ_ONLY = 1 << 30;

/** ESR_EL1, fault status codes at level 0; the level is added. */
const ADDRESS_SIZE = 0x00;
const TRANSLATION = 0x04;
const ACCESS_FLAG = 0x08;
const PERMISSION = 0x0c;

/** D8.3.1 without TCR.DS: which levels have blocks (64 KiB granules: level 1 with 52-bit addresses only). */
const BLOCK_LEVELS: Readonly<Record<number, readonly number[]>> = {
  4: [1, 2],
  16: [2],
  64: [1, 2],
};
/** D8.7.1: entries of a contiguous group, by level from the last. */
const GROUPS: Readonly<Record<number, readonly number[]>> = {
  4: [16, 16, 16],
  16: [128, 32],
  64: [32, 32],
};

/** For an access at EL0 (0..2) or EL1 (3..5): read, write, fetch. */
export function arm64Oracle(control: Control, shape: Shape, va: number): Oracle {
  const { ha, wxn, pan, hpd0: hpd } = control;
  const granule = Number(control.granule);
  const hd = ha === true && control.hd === true;
  const level = 3 - shape.level;
  const pageShift = 10 + Math.log2(granule);
  const pageBytes = 2 ** (pageShift + (pageShift - 3) * shape.level);
  const group = GROUPS[granule]?.[shape.level] ?? 1;
  const outputHigh = 2 ** (Number(control.ips) - 32);

  /** D8.2.2: bits 47:IPS of an address; with 64 KiB granules 51:48 stand in bits 15:12. */
  const exceeds = (entry: Entry): boolean =>
    (entry.hi & 0xffff) >= outputHigh || (granule === 64 && (entry.lo & 0xf000) !== 0);

  return (table: Entry, leaf: Entry, access: number, ending: Ending): number => {
    const el0 = access < 3;
    const write = access % 3 === 1;
    const fetch = access % 3 === 2;
    ending.table = table.lo;
    ending.leaf = leaf.lo;
    ending.pa = 0;

    // The table above, where there is one.
    const top = level === 0 || (granule === 64 && level === 1);
    if (!top) {
      if ((table.lo & VALID) === 0) return TRANSLATION + level - 1;
      if (exceeds(table)) return ADDRESS_SIZE + level - 1;
    }
    const limits = top || hpd === true ? 0 : table.hi;

    // The leaf: translation, address size, access flag, permission, in this order.
    if ((leaf.lo & VALID) === 0) return TRANSLATION + level;
    const page = level === 3 && (leaf.lo & TYPE) !== 0;
    const block = level < 3 && BLOCK_LEVELS[granule]?.includes(level) === true;
    if (!page && !block) return TRANSLATION + level;
    if (exceeds(leaf)) return ADDRESS_SIZE + level;
    if ((leaf.lo & AF) === 0 && ha !== true) return ACCESS_FLAG + level;

    // D8.4.1: data, then execution.
    const readOnly = (leaf.lo & AP2) !== 0 && !(hd && (leaf.hi & DBM) !== 0);
    const writable = !readOnly && (limits & AP_TABLE_READ_ONLY) === 0;
    const atEl0 = (leaf.lo & AP1) !== 0 && (limits & AP_TABLE_NO_EL0) === 0;
    let allowed: boolean;
    if (fetch && el0) {
      allowed = (leaf.hi & UXN) === 0 && (limits & UXN_TABLE) === 0;
      if (wxn === true && atEl0 && writable) allowed = false;
    } else if (fetch) {
      allowed = (leaf.hi & PXN) === 0 && (limits & PXN_TABLE) === 0 && !(atEl0 && writable);
      if (wxn === true && writable) allowed = false;
    } else {
      allowed = el0 ? atEl0 : !(pan === true && atEl0);
      if (write && !writable) allowed = false;
    }
    if (!allowed) return PERMISSION + level;

    // D8.5: access flag and dirty state; D8.7.1: the address in a group comes from the VA.
    let after = leaf.lo | (ha === true ? AF : 0);
    if (write && hd && (leaf.hi & DBM) !== 0) after &= ~AP2;
    ending.leaf = after >>> 0;
    const bytes = (leaf.hi & CONT) === 0 ? pageBytes : pageBytes * group;
    const address = (leaf.hi & 0xffff) * 2 ** 32 + ((leaf.lo & 0xffff_f000) >>> 0);
    ending.pa = address - (address % bytes) + (va % bytes);
    return -1;
  };
}
