// riscv64: what one access does, straight from the privileged manual (volume II, chapter "Supervisor-Level ISA"), over
// two raw entries. It shares nothing with `arch/riscv64.ts`, nor with the walker of test/reference. Sections by title:
//
//   TRANSLATION  "Virtual Address Translation Process", steps 3 to 8
//   SV39         "Sv39", Addressing and Memory Protection: bits 63:54; Sv48 and Sv57 are alike
//   SV32         "Sv32", Addressing and Memory Protection: what Sv39 says by reference (U, SUM, A and D, tables)
//   SSTATUS      "Memory Privilege in sstatus Register": MXR and SUM
//   SVNAPOT, SVPBMT, SVRSW  the extensions of these names
//   SCAUSE       "Supervisor Cause Register": 12 fetch, 13 load, 15 store
//
//        63 62  61 60  59 58    54      53            10     9 8 7 6 5 4 3 2 1 0
//   hi:  N  PBMT   RSW'   reserved  PPN ...         lo: PPN  RSW D A G U X W R V

import type { Control, Ending, Entry, Oracle, Shape } from "./combinations.js";

const V = 1 << 0;
const R = 1 << 1;
const W = 1 << 2;
const X = 1 << 3;
const U = 1 << 4;
const A = 1 << 6;
const D = 1 << 7;
/** In the high word. */
const RESERVED = 0x1f << 22;
const RSW60T59 = 3 << 27;
const PBMT = 3 << 29;
const N = 1 << 31;

/** For an access in user (0..2) or supervisor mode (3..5): read, write, fetch. */
export function riscv64Oracle(control: Control, shape: Shape, va: number): Oracle {
  const { sum, mxr, svadu, svnapot, svpbmt, svrsw60t59b } = control;
  const top = shape.level === (Number(control.sv) - 12) / 9 - 1;

  /** SV39: bits that must be 0 in every entry. */
  const always = RESERVED | (svrsw60t59b === true ? 0 : RSW60T59);
  /** SVPBMT and SVNAPOT: only leaves have these; SV32: a table has no D, A or U. */
  const inTables = always | PBMT | N;

  return (table: Entry, leaf: Entry, access: number, ending: Ending): number => {
    const user = access < 3;
    const write = access % 3 === 1;
    const fetch = access % 3 === 2;
    const fault = fetch ? 12 : write ? 15 : 13;
    ending.table = table.lo;
    ending.leaf = leaf.lo;
    ending.pa = 0;

    // TRANSLATION 3 and 4, for the entry above (none above the top level).
    let last = leaf;
    let level = shape.level;
    if (!top) {
      if ((table.lo & V) === 0 || (table.lo & (R | W)) === W) return fault;
      if ((table.lo & (R | X)) !== 0) {
        last = table;
        level++;
      } else if ((table.hi & inTables) !== 0 || (table.lo & (D | A | U)) !== 0) return fault;
    }

    // TRANSLATION 3 and 4, for the leaf; one without rights would point below the last level, or is no case here.
    if ((last.lo & V) === 0 || (last.lo & (R | W)) === W) return fault;
    if ((last.lo & (R | X)) === 0) return fault;
    if ((last.hi & always) !== 0) return fault;
    const type = last.hi & PBMT;
    if (type !== 0 && (svpbmt !== true || type === PBMT)) return fault;
    const range = (last.hi & N) !== 0;
    // SVNAPOT: at level 0 only, and PPN[3:0] = 1000 is all that there is.
    if (range && (svnapot !== true || level > 0 || ((last.lo >>> 10) & 15) !== 8)) return fault;

    // TRANSLATION 5: rights. SV32: U; SSTATUS: SUM is of data accesses, MXR of loads.
    const ofUser = (last.lo & U) !== 0;
    if (user && !ofUser) return fault;
    if (!user && ofUser && (fetch || sum !== true)) return fault;
    if (fetch && (last.lo & X) === 0) return fault;
    if (write && (last.lo & W) === 0) return fault;
    if (!fetch && !write && (last.lo & R) === 0 && mxr !== true) return fault;

    // TRANSLATION 6: PPN[level-1:0] of a superpage is 0.
    const ppn = (last.hi & 0x003f_ffff) * 2 ** 22 + (last.lo >>> 10);
    if (ppn % 2 ** (9 * level) !== 0) return fault;

    // TRANSLATION 7: Svade faults, Svadu sets.
    if (svadu !== true && ((last.lo & A) === 0 || (write && (last.lo & D) === 0))) return fault;
    const after = (last.lo | A | (write ? D : 0)) >>> 0;
    if (last === table) ending.table = after;
    else ending.leaf = after;

    // TRANSLATION 8: the offset comes from the address, with SVNAPOT that in 64 KiB.
    const bytes = range ? 2 ** 16 : 2 ** (12 + 9 * level);
    const address = ppn * 2 ** 12;
    ending.pa = address - (address % bytes) + (va % bytes);
    return -1;
  };
}
