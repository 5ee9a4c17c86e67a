// riscv64: what varies in an access test: Sv39 with all shapes, Sv48 where it differs, user and supervisor.
//
// An entry above the last level is a leaf where R or X is on, and else a pointer. So superpages come as two shapes,
// readable ones and those that can only be executed; and R and X among the bits of a table make a superpage of it,
// misaligned, because the table stands at the address.

import { riscv64 } from "../../arch/riscv64.js";
import type { Architecture, Axis, Shape } from "./combinations.js";
import { riscv64Oracle } from "./riscv64-oracle.js";

const bit = (name: string, position: number): Axis => ({ name, bits: 1n << BigInt(position) });

const R = 1n << 1n;
const W = 1n << 2n;
const X = 1n << 3n;
const A = 1n << 6n;

/** Bits by their names, of an entry. */
const PLACES: Readonly<Record<string, number>> = {
  v: 0,
  r: 1,
  w: 2,
  x: 3,
  u: 4,
  g: 5,
  a: 6,
  d: 7,
  ppn0: 10,
  ppn1: 11,
  ppn2: 12,
  ppn3: 13,
  bit54: 54,
  bit58: 58,
  rsw59: 59,
  rsw60: 60,
  pbmt61: 61,
  pbmt62: 62,
  n: 63,
};
const of = (entry: string, names: string): Axis[] =>
  names.split(" ").map((name) => bit(`${entry}.${name}`, PLACES[name] ?? 0));

const RIGHTS = "v r w x u a d";
const HIGH = "bit54 rsw59 pbmt61 pbmt62 n";

const page: Shape = {
  name: "4K",
  level: 0,
  leafBits: 0n,
  leaf: of("l0", `${RIGHTS} rsw60 ${HIGH}`),
};

/** A range of 64 KiB, or what is reserved for others. */
const range: Shape = {
  name: "64K",
  level: 0,
  leafBits: R,
  leaf: of("l0", "v w x u a d n ppn0 ppn1 ppn2 ppn3"),
};

const TABLE = of("l1", "v r w x u g a d bit58 rsw60 pbmt61 n");
/** A page under a table with everything in it that a table may not have. */
const below: Shape = {
  name: "4K below a table",
  level: 0,
  leafBits: R | W | X | A,
  leaf: of("l0", "v u"),
  table: TABLE,
};

/** Bits that are nobody's, and change nothing. */
const ignored: Shape = {
  name: "4K with software bits",
  level: 0,
  leafBits: 0n,
  leaf: [...of("l0", `${RIGHTS} g`), { name: "l0.rsw", bits: 3n << 8n }],
};

/** Both kinds of superpage at a level; the lowest and the highest bit that its address may not have. */
function superpages(name: string, level: number): Shape[] {
  const entry = `l${level}`;
  const more = [...of(entry, `u a d ${HIGH} ppn0`), bit(`${entry}.ppnHigh`, 9 + 9 * level)];
  return [
    { name, level, leafBits: R, leaf: [...of(entry, "v w x"), ...more] },
    { name: `${name}, execute only`, level, leafBits: X, leaf: [...of(entry, "v w"), ...more] },
  ];
}

const SV39 = [page, range, below, ignored, ...superpages("2M", 1), ...superpages("1G", 2)];
/** Where a mode with one level more differs: in the leaf of that level, and in the way down. */
const SV48 = [ignored, ...superpages("512G", 3)];

export const riscv64Access: Architecture = {
  name: "riscv64",
  descriptor: riscv64,
  // What decides most rows varies fastest, so that a search for them ends early.
  controls: {
    sum: [false, true],
    mxr: [false, true],
    svadu: [false, true],
    svnapot: [false, true],
    svpbmt: [false, true],
    svrsw60t59b: [false, true],
    sv: [39, 48],
  },
  // Extensions mean in Sv48 what they mean in Sv39; all of them on and all of them off show that.
  legal: ({ sv, svnapot, svpbmt, svrsw60t59b }) =>
    sv === 39 || (svnapot === svpbmt && svpbmt === svrsw60t59b),
  shapes: ({ sv }) => (sv === 39 ? SV39 : SV48),
  tableBits: 1n,
  va: 0x1a_5a12_5000n,
  // Aligned for leaves of every level.
  page: 1n << 48n,
  oracle: riscv64Oracle,
};

const belowLong: Shape = { ...below, leafBits: 0n, leaf: of("l0", "v r w x u a") };

/** With all rights below a table, what a table may not have above superpages, and five levels. */
export const riscv64AccessLong: Architecture = {
  ...riscv64Access,
  controls: { ...riscv64Access.controls, sv: [39, 48, 57] },
  shapes: ({ sv }) => {
    if (sv === 57) return [...SV48, ...superpages("256T", 4)];
    if (sv === 48) return [...SV39, ...superpages("512G", 3)];
    return [page, range, belowLong, ignored, ...superpages("2M", 1), ...superpages("1G", 2)];
  },
};
