// x86-64: what one access does, straight from the SDM (vol. 3, chapter "Paging": 4.5.4, 4.6, 4.7, 4.8), over two
// raw entries. It shares nothing with `arch/x86-64.ts`, nor with the walker of test/reference.
//
//        63 62   59 58  52 51      M M-1        12 11 9 8 7  6 5  3  2   1  0
//   hi:  XD key     ign.   reserved  address ...   lo:  G PS D A    U/S RW P
//
// Where the SDM leaves it open which accessed flags a faulting access sets (4.8), the choice of docs/sources.md
// stands: those of tables passed on the way, not that of the entry that maps the page.

import type { Control, Ending, Entry, Oracle, Shape } from "./combinations.js";

const P = 1 << 0;
const RW = 1 << 1;
const US = 1 << 2;
const A = 1 << 5;
const D = 1 << 6;
const PS = 1 << 7;
/** In the high word. */
const XD = 1 << 31;

/** Levels above the last: PDE, PDPTE, PML4E. */
const PDE = 1;
const PDPTE = 2;

/** For an access in user (0..2) or supervisor mode (3..5): read, write, fetch. */
export function x8664Oracle(control: Control, shape: Shape, va: number): Oracle {
  const { wp, nx, smep, smap, ac, pke, pkru, pse1g } = control;
  const reservedHigh = reservedAbove(Number(control.maxphyaddr)) | (nx === true ? 0 : XD);
  const pageBytes = 2 ** (12 + 9 * shape.level);
  const isLastLevel = shape.level === 0;
  const top = shape.level === Number(control.levels) - 1;

  /** 4.5.4: does a present entry set a reserved bit? */
  const hasReservedBit = (entry: Entry, level: number, maps: boolean): boolean => {
    if ((entry.hi & reservedHigh) !== 0) return true;
    if (level === 0 || (entry.lo & PS) === 0) return false;
    if (level > PDPTE || (level === PDPTE && pse1g !== true)) return true;
    // Bits 20:13 of a 2 MiB page, 29:13 of a 1 GiB page.
    const low = level === PDE ? 0x001f_e000 : 0x3fff_e000;
    return maps && (entry.lo & low) !== 0;
  };

  return (table: Entry, leaf: Entry, access: number, ending: Ending): number => {
    const user = access < 3;
    const write = access % 3 === 1;
    const fetch = access % 3 === 2;
    ending.table = table.lo;
    ending.leaf = leaf.lo;
    ending.pa = 0;

    // 4.7: W/R, U/S, and I/D where NXE or SMEP makes fetches a kind of their own.
    let code =
      (write ? 2 : 0) | (user ? 4 : 0) | (fetch && (nx === true || smep === true) ? 16 : 0);

    // The entry above (none above the top level).
    if (!top) {
      if ((table.lo & P) === 0) return code;
      if (hasReservedBit(table, shape.level + 1, false)) return code | 9;
      ending.table = (table.lo | A) >>> 0;
    }
    // The entry that maps the page.
    if ((leaf.lo & P) === 0) return code;
    if (hasReservedBit(leaf, shape.level, true)) return code | 9;

    // 4.6: rights of both, and the key of the leaf.
    const userPage = (leaf.lo & US) !== 0 && (top || (table.lo & US) !== 0);
    const writable = (leaf.lo & RW) !== 0 && (top || (table.lo & RW) !== 0);
    const executable = nx !== true || ((leaf.hi & XD) === 0 && (top || (table.hi & XD) === 0));
    let allowed = true;
    if (user && !userPage) allowed = false;
    if (user && write && !writable) allowed = false;
    if (!user && write && wp === true && !writable) allowed = false;
    if (fetch && !executable) allowed = false;
    if (!user && fetch && smep === true && userPage) allowed = false;
    if (!user && !fetch && smap === true && ac !== true && userPage) allowed = false;
    if (pke === true && userPage && !fetch) {
      const bits = (Number(pkru) >>> (2 * ((leaf.hi >>> 27) & 15))) & 3;
      const denied = (bits & 1) !== 0 || ((bits & 2) !== 0 && write && (user || wp === true));
      if (denied) {
        allowed = false;
        code |= 32;
      }
    }
    if (!allowed) return code | 1;

    // 4.8, and the address: that of the page, and the offset in it.
    ending.leaf = (leaf.lo | A | (write ? D : 0)) >>> 0;
    const low = isLastLevel
      ? leaf.lo & 0xffff_f000
      : leaf.lo & (shape.level === PDE ? 0xffe0_0000 : 0xc000_0000);
    ending.pa = (leaf.hi & 0x000f_ffff) * 2 ** 32 + (low >>> 0) + (va % pageBytes);
    return -1;
  };
}

/** 4.5.4: bits 51:MAXPHYADDR, in the high word. */
function reservedAbove(maxphyaddr: number): number {
  return maxphyaddr >= 52 ? 0 : 0x000f_ffff & ~(2 ** (maxphyaddr - 32) - 1);
}
