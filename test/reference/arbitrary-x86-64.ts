/**
 * Random x86-64 cases: configuration, tables along the walk for one address, an access.
 *
 * Mostly valid: leaves at every legal level (4 KiB, 2 MiB, 1 GiB), then up to three bit flips;
 * sometimes a recursive mapping or a non-canonical address. The legal layout is that of Intel SDM
 * vol. 3A chapter 4. The outcome isn't known here: that is the walker's to say.
 */
import fc from "fast-check";
import {
  ALL_ONES,
  accessKind,
  chance,
  type Mutation,
  mutations,
  type Recursion,
  rawBits,
  recursion,
} from "./arbitrary-common.js";
import type { Access, X8664Case, X8664Config } from "./vector.js";

interface EntryDraw {
  readonly frame: bigint;
  readonly any: bigint;
  readonly readOnly: boolean;
  readonly supervisor: boolean;
  readonly executeDisable: boolean;
}

interface Draw {
  readonly config: X8664Config;
  readonly root: bigint;
  readonly va: bigint;
  readonly nonCanonical: boolean;
  readonly entries: readonly EntryDraw[];
  readonly leafLevel: number;
  readonly recursion: Recursion | null;
  readonly mutations: readonly Mutation[];
  readonly access: Omit<Access, "va">;
}

/** P, R/W, U/S, A, D, PS or PAT, address bits reserved in large leaves, keys, XD. */
const INTERESTING = [
  ...[0, 0, 0, 1, 1, 2, 2, 5, 6, 7, 7, 8],
  ...[12, 13, 17, 20, 21, 25, 29, 30, 36, 40, 46, 50, 51],
  ...[52, 58, 59, 60, 61, 62, 63, 63],
];

/** Bits that decide no fault at any level: PWT, PCD, A, D, G, 11:9, and 62:52 but for the key. */
const ANY = 0x7ff0_0000_0000_0f78n;
const PRESENT = 1n << 0n;
const WRITABLE = 1n << 1n;
const USER = 1n << 2n;
const LARGE = 1n << 7n;
const EXECUTE_DISABLE = 1n << 63n;
/** Each table's frame number ends in its level, so that no two tables share a frame. */
const TAG_BITS = 3n;

/** Random cases in the shape of a vector without its expectation. */
export function arbitraryX8664(): fc.Arbitrary<X8664Case> {
  return fc
    .record({
      config: config(),
      root: rawBits(),
      va: rawBits(),
      nonCanonical: chance(2),
      entries: fc.array(entry(), { minLength: 5, maxLength: 5 }),
      leafLevel: fc.oneof(
        { weight: 2, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.constant(2) },
        { weight: 1, arbitrary: fc.constant(3) },
      ),
      recursion: recursion(),
      mutations: mutations(INTERESTING),
      access: accessKind(),
    })
    .map(layOut);
}

function config(): fc.Arbitrary<X8664Config> {
  return fc.record({
    levels: fc.constantFrom(4, 5),
    wp: fc.boolean(),
    nx: chance(75),
    smep: chance(40),
    smap: chance(30),
    ac: chance(40),
    pke: chance(40),
    pkru: fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
    maxphyaddr: fc.integer({ min: 36, max: 52 }),
    pse1g: chance(80),
  });
}

function entry(): fc.Arbitrary<EntryDraw> {
  return fc.record({
    frame: rawBits(),
    any: rawBits(),
    readOnly: chance(5),
    supervisor: chance(5),
    executeDisable: chance(5),
  });
}

/** Lays the tables out for a draw. Every draw is a legal case. */
function layOut(draw: Draw): X8664Case {
  const { config } = draw;
  const root = tableAddress(draw.root, 0, config);
  const va = drawAddress(draw);
  const tables = new Map<bigint, bigint>();
  const path: bigint[] = [];

  let table = root;
  for (let level: number = config.levels; level >= 1; level--) {
    const address = table + 8n * indexOf(va, level);
    path.push(address);
    const known = tables.get(address);
    const drawn = draw.entries[level - 1] as EntryDraw;
    if (known !== undefined) {
      // A recursive entry once more: it points at its own table again, and at level 1 maps it.
    } else if (level === 1 || (level <= draw.leafLevel && (level < 3 || config.pse1g))) {
      tables.set(address, leaf(drawn, level, config));
      break;
    } else {
      const recurses = draw.recursion?.at === config.levels - level;
      table = recurses ? table : tableAddress(drawn.frame, level, config);
      tables.set(address, table | rights(drawn, config) | (drawn.any & ANY));
    }
  }

  for (const { entry, bit } of draw.mutations) {
    const address = path[entry % path.length] as bigint;
    tables.set(address, (tables.get(address) ?? 0n) ^ (1n << BigInt(bit)));
  }
  return {
    id: "x86-64/arbitrary",
    arch: "x86-64",
    config,
    root,
    tables: [...tables].filter(([, value]) => value !== 0n),
    access: { va, ...draw.access },
  };
}

/** The linear address: canonical but in a few draws, its indexes repeated where it recurses. */
function drawAddress(draw: Draw): bigint {
  const { levels } = draw.config;
  const width = levels === 5 ? 57 : 48;
  let va = BigInt.asUintN(width, draw.va);
  if (draw.recursion !== null && draw.recursion.at < levels) {
    const from = levels - draw.recursion.at;
    const index = indexOf(va, from);
    for (let level = from - 1; level >= 1 && level >= from - draw.recursion.repeats; level--) {
      const shift = BigInt(12 + 9 * (level - 1));
      va = (va & (ALL_ONES ^ (0x1ffn << shift))) | (index << shift);
    }
  }
  va = BigInt.asUintN(64, BigInt.asIntN(width, va));
  // The raw bits above the width pick one of those that must equal the top bit.
  const wrong = BigInt(width) + ((draw.va >> 60n) % BigInt(64 - width));
  return draw.nonCanonical ? va ^ (1n << wrong) : va;
}

function indexOf(va: bigint, level: number): bigint {
  return (va >> BigInt(12 + 9 * (level - 1))) & 0x1ffn;
}

/** A 4 KiB-aligned address below 2^MAXPHYADDR; `tag` keeps the tables of a case apart. */
function tableAddress(frame: bigint, tag: number, config: X8664Config): bigint {
  const untagged = BigInt.asUintN(config.maxphyaddr - 12 - Number(TAG_BITS), frame);
  return ((untagged << TAG_BITS) | BigInt(tag)) << 12n;
}

function leaf(drawn: EntryDraw, level: number, config: X8664Config): bigint {
  const shift = 12 + 9 * (level - 1);
  const address = BigInt.asUintN(config.maxphyaddr - shift, drawn.frame) << BigInt(shift);
  // PAT: bit 7 at level 1; above it bit 12, where bit 7 is PS.
  const pat = (drawn.any >> 12n) & 1n;
  const type = level === 1 ? pat << 7n : LARGE | (pat << 12n);
  return address | type | rights(drawn, config) | (drawn.any & ANY);
}

function rights(drawn: EntryDraw, config: X8664Config): bigint {
  return (
    PRESENT |
    (drawn.readOnly ? 0n : WRITABLE) |
    (drawn.supervisor ? 0n : USER) |
    (drawn.executeDisable && config.nx ? EXECUTE_DISABLE : 0n)
  );
}
