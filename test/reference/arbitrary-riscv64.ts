/**
 * Random riscv64 cases: configuration, tables along the walk for one address, an access.
 *
 * Mostly valid: leaves at every level, NAPOT ranges whole and consistent, then up to three bit flips;
 * sometimes a recursive mapping or a non-canonical address. The outcome isn't known here: that is the
 * walker's to say.
 *
 * Kept out: NAPOT ranges whose entries differ, where "one of the translations will be chosen, but the choice
 * is unpredictable". So the entries of a range only ever change together.
 */
import fc from "fast-check";
import {
  accessKind,
  chance,
  type Mutation,
  mutations,
  type Recursion,
  rawBits,
  recursion,
} from "./arbitrary-common.js";
import type { Access, Riscv64Case, Riscv64Config } from "./vector.js";

interface EntryDraw {
  readonly frame: bigint;
  readonly any: bigint;
  /** R, W, X of a leaf, one of the legal six. */
  readonly rights: bigint;
  readonly user: boolean;
  readonly accessed: boolean;
  readonly dirty: boolean;
  /** Bits 8, 9, 5: software's, and global. */
  readonly memoryType: bigint;
}

interface Draw {
  readonly config: Riscv64Config;
  readonly root: bigint;
  readonly va: bigint;
  readonly nonCanonical: boolean;
  readonly entries: readonly EntryDraw[];
  readonly leafLevel: number;
  readonly napot: boolean;
  readonly recursion: Recursion | null;
  readonly mutations: readonly Mutation[];
  readonly access: Omit<Access, "va">;
}

const N = 1n << 63n;
const SOFTWARE = 0x320n;
const SOFTWARE_HIGH = 0x1800_0000_0000_0000n;
/** Each table's frame number ends in its level, plus 1, so that no two tables share a frame. */
const TAG_BITS = 3n;
const TABLE_BITS = 44;

/** V, R, W, X, U, G, A, D, RSW, low PPN, reserved, PBMT, N. */
const INTERESTING = [
  ...[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7, 8, 9],
  ...[10, 11, 12, 13, 14, 18, 19, 27, 28, 36, 45, 53, 54, 58, 59, 60, 61, 62, 63, 63],
];

/** Random cases in the shape of a vector without its expectation. */
export function arbitraryRiscv64(): fc.Arbitrary<Riscv64Case> {
  return fc
    .record({
      config: config(),
      root: rawBits(),
      va: rawBits(),
      nonCanonical: chance(3),
      entries: fc.array(entry(), { minLength: 5, maxLength: 5 }),
      leafLevel: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 4),
      napot: chance(25),
      recursion: recursion(),
      mutations: mutations(INTERESTING),
      access: accessKind(),
    })
    .map(layOut);
}

function config(): fc.Arbitrary<Riscv64Config> {
  return fc.record({
    sv: fc.constantFrom(39, 48, 57),
    sum: fc.boolean(),
    mxr: fc.boolean(),
    svadu: chance(60),
    svnapot: chance(70),
    svpbmt: chance(60),
    svrsw60t59b: chance(50),
  });
}

function entry(): fc.Arbitrary<EntryDraw> {
  return fc.record({
    frame: rawBits(),
    any: rawBits(),
    // X W R: read-only, read-write, execute-only, and so on; the common ones more often.
    rights: fc.constantFrom(1n, 3n, 3n, 4n, 5n, 7n, 7n),
    user: chance(65),
    accessed: chance(70),
    dirty: chance(60),
    memoryType: fc.constantFrom(0n, 0n, 1n, 2n),
  });
}

function layOut(draw: Draw): Riscv64Case {
  const { config, entries } = draw;
  const levels = (config.sv - 12) / 9;
  const root = tableAddress(draw.root, 7);
  const va = drawAddress(draw, levels);
  const tables = new Map<bigint, bigint>();
  const path: bigint[][] = [];
  let table = root;
  for (let i = levels - 1; i >= 0; i--) {
    const address = table + 8n * indexOf(va, i);
    const drawn = entries[i] as EntryDraw;
    if (tables.has(address)) {
      // A recursive entry once more: at the last level it is no leaf.
      path.push([address]);
    } else if (i === 0 || i <= draw.leafLevel) {
      path.push(placeLeaf(tables, draw, i, address));
      break;
    } else {
      table = draw.recursion?.at === levels - 1 - i ? table : tableAddress(drawn.frame, i);
      tables.set(address, 1n | ((table >> 12n) << 10n) | ignored(drawn, config));
      path.push([address]);
    }
  }
  for (const { entry: step, bit } of draw.mutations) {
    for (const address of path[step % path.length] ?? []) {
      tables.set(address, (tables.get(address) ?? 0n) ^ (1n << BigInt(bit)));
    }
  }
  return {
    id: "riscv64/arbitrary",
    arch: "riscv64",
    config,
    root,
    tables: [...tables].filter(([, value]) => value !== 0n),
    access: { va, ...draw.access },
  };
}

/** Software's bits and G, set at random. */
function ignored(drawn: EntryDraw, { svrsw60t59b }: Riscv64Config): bigint {
  return drawn.any & (SOFTWARE | (svrsw60t59b ? SOFTWARE_HIGH : 0n));
}

/** Writes a leaf, or the sixteen of a NAPOT range around it; returns where. */
function placeLeaf(tables: Map<bigint, bigint>, draw: Draw, i: number, address: bigint): bigint[] {
  const { config } = draw;
  const drawn = draw.entries[i] as EntryDraw;
  const isNapot = i === 0 && draw.napot && config.svnapot && draw.recursion === null;
  const low = BigInt(isNapot ? 4 : 9 * i);
  const frame = ((BigInt.asUintN(TABLE_BITS, drawn.frame) >> low) << low) | (isNapot ? 8n : 0n);
  const leaf =
    1n |
    (drawn.rights << 1n) |
    (drawn.user ? 1n << 4n : 0n) |
    (drawn.accessed ? 1n << 6n : 0n) |
    (drawn.dirty ? 1n << 7n : 0n) |
    (frame << 10n) |
    (config.svpbmt ? drawn.memoryType << 61n : 0n) |
    (isNapot ? N : 0n) |
    ignored(drawn, config);
  const first = isNapot ? address & ~127n : address;
  const addresses = Array.from({ length: isNapot ? 16 : 1 }, (_, n) => first + 8n * BigInt(n));
  for (const at of addresses) tables.set(at, leaf);
  return addresses;
}

/** The address: canonical but in a few draws, its indexes repeated where it recurses. */
function drawAddress(draw: Draw, levels: number): bigint {
  const { sv } = draw.config;
  let va = BigInt.asUintN(sv, draw.va);
  if (draw.recursion !== null && draw.recursion.at < levels) {
    const from = levels - 1 - draw.recursion.at;
    for (let i = from - 1; i >= 0 && i >= from - draw.recursion.repeats; i--) {
      va ^= (indexOf(va, i) ^ indexOf(va, from)) << BigInt(12 + 9 * i);
    }
  }
  va = BigInt.asUintN(64, BigInt.asIntN(sv, va));
  const wrong = BigInt(sv) + ((draw.va >> 57n) % BigInt(64 - sv));
  return draw.nonCanonical ? va ^ (1n << wrong) : va;
}

function indexOf(va: bigint, i: number): bigint {
  return (va >> BigInt(12 + 9 * i)) & 0x1ffn;
}

/** A 4 KiB-aligned address of 56 bits; `tag` keeps the tables of a case apart. */
function tableAddress(frame: bigint, tag: number): bigint {
  const untagged = BigInt.asUintN(TABLE_BITS - Number(TAG_BITS), frame);
  return ((untagged << TAG_BITS) | BigInt(tag)) << 12n;
}
