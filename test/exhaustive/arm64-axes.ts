// arm64: what varies in an access test: VMSAv8-64 stage 1, EL0 and EL1, all granules.

import { arm64 } from "../../arch/arm64.js";
import { arm64Oracle } from "./arm64-oracle.js";
import type { Architecture, Axis, Shape } from "./combinations.js";

const bit = (name: string, position: bigint): Axis => ({ name, bits: 1n << position });

/** Bits of a page or block. */
const leaf = (entry: string): Axis[] => [
  bit(`${entry}.valid`, 0n),
  bit(`${entry}.ap1`, 6n),
  bit(`${entry}.ap2`, 7n),
  bit(`${entry}.af`, 10n),
  bit(`${entry}.dbm`, 51n),
  bit(`${entry}.pxn`, 53n),
  bit(`${entry}.uxn`, 54n),
  bit(`${entry}.oa47`, 47n),
];

const table = (entry: string): Axis[] => [
  bit(`${entry}.valid`, 0n),
  bit(`${entry}.pxntable`, 59n),
  bit(`${entry}.uxntable`, 60n),
  bit(`${entry}.aptable0`, 61n),
  bit(`${entry}.aptable1`, 62n),
  bit(`${entry}.oa47`, 47n),
];

const page: Shape = {
  name: "page",
  level: 0,
  leafBits: 0n,
  leaf: [...leaf("l3"), bit("l3.type", 1n)],
  table: table("l2"),
};

/** A block at a level; where the granule has none there, it is a translation fault. */
const block = (level: number): Shape => ({
  name: `block at level ${3 - level}`,
  level,
  leafBits: 0n,
  leaf: leaf(`l${3 - level}`),
});

const SHAPES: readonly Shape[] = [page, block(1), block(2), block(3)];
const LEVELS: Readonly<Record<number, number>> = { 4: 4, 16: 4, 64: 3 };

export const arm64Access: Architecture = {
  name: "arm64",
  descriptor: arm64,
  controls: {
    granule: [4, 16, 64],
    t0sz: [16],
    ips: [44],
    ha: [false, true],
    hd: [false, true],
    wxn: [false, true],
    pan: [false, true],
    hpd0: [false, true],
  },
  shapes: ({ granule }) => SHAPES.filter(({ level }) => level < (LEVELS[Number(granule)] ?? 0)),
  tableBits: 2n,
  va: 0x5a5a_1239_0000n,
  oracle: arm64Oracle,
};

const IGNORED: readonly Axis[] = [{ name: "ignored", bits: 0xff8n << 52n }];

/** With the Contiguous bit, bits that the walk ignores, and limits above blocks. */
export const arm64AccessLong: Architecture = {
  ...arm64Access,
  shapes: (control) =>
    arm64Access.shapes(control).map((shape) => {
      const longer = { ...shape, leaf: [...shape.leaf, ...IGNORED, bit("cont", 52n)] };
      const top = (LEVELS[Number(control.granule)] ?? 0) - 1;
      return shape.level === top ? longer : { ...longer, table: table("above") };
    }),
};
