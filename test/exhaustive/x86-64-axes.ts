// x86-64: what varies in an access test, in the way of kvm-unit-tests' access.c.

import { x8664 } from "../../arch/x86-64.js";
import type { Architecture, Axis, Shape } from "./combinations.js";
import { x8664Oracle } from "./x86-64-oracle.js";

/** A key that is neither the first nor the last; PKRU says something else of each other key. */
const KEY = 5n;
const pkru = (bits: number): number => bits << (2 * Number(KEY));

const bit = (name: string, position: bigint): Axis => ({ name, bits: 1n << position });

/** Bits of any entry, by the name of its kind. */
const rights = (entry: string): Axis[] => [
  bit(`${entry}.p`, 0n),
  bit(`${entry}.rw`, 1n),
  bit(`${entry}.us`, 2n),
  bit(`${entry}.a`, 5n),
  bit(`${entry}.nx`, 63n),
  bit(`${entry}.bit51`, 51n),
];

/** Bits of an entry that maps a page; bit 13 is reserved in a large one. */
const maps = (entry: string): Axis[] => [
  ...rights(entry),
  bit(`${entry}.d`, 6n),
  { name: `${entry}.pkey5`, bits: KEY << 59n },
];
const PS = 1n << 7n;

const page: Shape = {
  name: "4K",
  level: 0,
  leafBits: 0n,
  // Here bit 7 is PAT, and changes nothing.
  leaf: [...maps("pte"), bit("pte.ps", 7n)],
  table: rights("pde"),
};

/** An entry with PS: a large page, or a reserved bit. */
const large = (name: string, level: number, entry: string): Shape => ({
  name,
  level,
  leafBits: PS,
  leaf: [...maps(entry), bit(`${entry}.bit13`, 13n)],
});

const huge = large("1G", 2, "pdpte");
const SHAPES: readonly Shape[] = [page, large("2M", 1, "pde"), huge, large("512G", 3, "pml4e")];

export const x8664Access: Architecture = {
  name: "x86-64",
  descriptor: x8664,
  controls: {
    pse1g: [true, false],
    levels: [4],
    maxphyaddr: [46],
    wp: [false, true],
    nx: [false, true],
    smep: [false, true],
    smap: [false, true],
    ac: [false, true],
    pke: [false, true],
    pkru: [0, pkru(1), pkru(2), pkru(3)],
  },
  legal: ({ smap, ac, pke, pkru: register }) =>
    // AC and PKRU mean nothing alone; one state each shows that.
    (smap === true || ac !== true) && (pke === true || register === 0 || register === pkru(3)),
  // Without 1 GiB pages only the entry that would map one differs.
  shapes: ({ pse1g }) => (pse1g === true ? SHAPES : [huge]),
  tableBits: 0n,
  va: 0x5a5a_1234_5000n,
  oracle: x8664Oracle,
};

const LONG_SHAPES: readonly Shape[] = [
  page,
  { ...large("2M", 1, "pde"), table: rights("pdpte") },
  { ...huge, table: rights("pml4e") },
  large("512G", 3, "pml4e"),
];

/** With all that restricts above large pages, and five levels. */
export const x8664AccessLong: Architecture = {
  ...x8664Access,
  controls: { ...x8664Access.controls, levels: [4, 5] },
  shapes: ({ pse1g, levels }) => {
    if (pse1g !== true) return [huge];
    return levels === 5 ? SHAPES : LONG_SHAPES;
  },
};
