/**
 * Random arm64 cases: configuration, tables along the walk for one address, an access.
 *
 * Mostly valid: leaves at every legal level, contiguous sets whole and consistent, then up to three
 * bit flips; sometimes a recursive mapping, an address or a TTBR out of range. The legal layout is
 * that of Arm ARM DDI 0487 chapter D8. The outcome isn't known here: that is the walker's to say.
 *
 * Kept out, as in the vectors: misprogrammed contiguous sets (so bit 52 is never flipped alone, and
 * a set's entries only ever change together), and blocks that reach past the output size.
 */
import type fc from "fast-check";
import { type Draw, drawArm64, type EntryDraw } from "./arbitrary-arm64-draw.js";
import type { Arm64Case, Arm64Config } from "./vector.js";

/** What the configuration fixes about the layout. */
interface Shape {
  readonly granuleBits: number;
  readonly stride: number;
  readonly iaSize: number;
  readonly startLevel: number;
  /** Width of the addresses that the descriptors can hold and TCR.IPS allows. */
  readonly oaSize: number;
  readonly ds: boolean;
  readonly wide: boolean;
}

/** An entry on the path. The entries of a contiguous set stand for its one leaf. */
interface Step {
  readonly level: number;
  readonly addresses: readonly bigint[];
}

interface Layout {
  readonly tables: Map<bigint, bigint>;
  readonly path: readonly Step[];
}

/** Each table's frame number ends in its level, plus 2, so that no two tables share a frame. */
const TAG_BITS = 3;
const CONTIGUOUS = 1n << 52n;
const SHAREABILITY = 0x300n;

/** Random cases in the shape of a vector without its expectation. */
export function arbitraryArm64(): fc.Arbitrary<Arm64Case> {
  return drawArm64().map((draw) => {
    const shape = shapeOf(draw.config, draw.upper);
    const root = drawRoot(draw, shape);
    const va = drawAddress(draw, shape);
    const { tables, path } = layOut(draw, shape, root, va);
    mutate(tables, path, draw, shape);
    return {
      id: "arm64/arbitrary",
      arch: "arm64",
      config: draw.upper ? { ...draw.config, root1: root } : draw.config,
      root,
      tables: [...tables].filter(([, value]) => value !== 0n),
      access: { va, ...draw.access },
    };
  });
}

function shapeOf(config: Arm64Config, upper: boolean): Shape {
  const granuleBits = { 4: 12, 16: 14, 64: 16 }[config.granule];
  const stride = granuleBits - 3;
  const iaSize = 64 - ((upper ? config.t1sz : config.t0sz) as number);
  const ds = config.ds;
  return {
    granuleBits,
    stride,
    iaSize,
    startLevel: 4 - Math.ceil((iaSize - granuleBits) / stride),
    oaSize: Math.min(config.ips, ds || granuleBits === 16 ? 52 : 48),
    ds,
    wide: ds || (granuleBits === 16 && config.ips === 52),
  };
}

/** log2 of what one entry of this level covers. */
function sizeBits(level: number, shape: Shape): number {
  return shape.granuleBits + shape.stride * (3 - level);
}

function indexOf(va: bigint, level: number, shape: Shape): bigint {
  const low = sizeBits(level, shape);
  return BigInt.asUintN(Math.min(shape.stride, shape.iaSize - low), va >> BigInt(low));
}

/** The start table: aligned to its own size; in a few draws beyond the output size. */
function drawRoot(draw: Draw, shape: Shape): bigint {
  const tableBits = shape.iaSize - sizeBits(shape.startLevel, shape) + 3;
  const alignment = BigInt(shape.wide ? Math.max(tableBits, 6) : tableBits);
  const within = BigInt.asUintN(shape.granuleBits, draw.root);
  const offset = (within >> alignment) << alignment;
  const root = tableAddress(draw.root >> 16n, shape.startLevel, shape) | offset;
  const holds = shape.wide ? 52 : 48;
  const beyond = draw.rootBeyond && draw.config.ips < holds;
  return beyond ? root | (1n << BigInt(draw.config.ips)) : root;
}

/** The VA: in range but in a few draws, its indexes repeated where it recurses. */
function drawAddress(draw: Draw, shape: Shape): bigint {
  let va = BigInt.asUintN(shape.iaSize, draw.va);
  if (draw.recursion !== null) {
    const from = shape.startLevel + draw.recursion.at;
    for (let level = from + 1; level <= 3 && level <= from + draw.recursion.repeats; level++) {
      const shift = BigInt(sizeBits(level, shape));
      const other = indexOf(va, level, shape) ^ indexOf(va, from, shape);
      va ^= other << shift;
    }
  }
  const ones = BigInt(64 - shape.iaSize);
  va |= draw.upper ? ((1n << ones) - 1n) << BigInt(shape.iaSize) : 0n;
  // Any bit above the input size but bit 55, which would select the other half.
  const wrong = BigInt(shape.iaSize) + ((draw.va >> 52n) % ones);
  return draw.vaOutOfRange ? va ^ (1n << (wrong === 55n ? 56n : wrong)) : va;
}

/** A granule-aligned address within the output size, tagged with the table's level. */
function tableAddress(frame: bigint, level: number, shape: Shape): bigint {
  const untagged = BigInt.asUintN(shape.oaSize - shape.granuleBits - TAG_BITS, frame);
  return ((untagged << BigInt(TAG_BITS)) | BigInt(level + 2)) << BigInt(shape.granuleBits);
}

/** Puts an output address where descriptors of this shape hold it. */
function encodeAddress(address: bigint, shape: Shape): bigint {
  const low = BigInt.asUintN(48, address);
  const high = address >> 48n;
  if (shape.granuleBits === 16) {
    return low | (high << 12n);
  }
  return low | ((high & 3n) << 48n) | ((high >> 2n) << 8n);
}

function layOut(draw: Draw, shape: Shape, root: bigint, va: bigint): Layout {
  const tables = new Map<bigint, bigint>();
  const path: Step[] = [];
  let base = root;
  for (let level = shape.startLevel; level <= 3; level++) {
    const address = base + 8n * indexOf(va, level, shape);
    const drawn = draw.entries[level + 1] as EntryDraw;
    if (tables.has(address)) {
      // A recursive entry once more: it points at its own table again, and at level 3 maps it.
      path.push({ level, addresses: [address] });
    } else if (level === 3 || (level >= draw.leafLevel && mayBeBlock(level, shape))) {
      path.push({ level, addresses: placeLeaf(tables, draw, level, shape, address) });
      break;
    } else {
      const own = (base >> BigInt(shape.granuleBits)) << BigInt(shape.granuleBits);
      const recurses = draw.recursion?.at === level - shape.startLevel;
      base = recurses ? own : tableAddress(drawn.frame, level + 1, shape);
      tables.set(address, encodeAddress(base, shape) | tableBits(drawn, draw, shape));
      path.push({ level, addresses: [address] });
    }
  }
  return { tables, path };
}

/** A level that has blocks, whose blocks fit in the output size. */
function mayBeBlock(level: number, shape: Shape): boolean {
  const first = { 12: shape.ds ? 0 : 1, 14: shape.ds ? 1 : 2, 16: 1 }[shape.granuleBits] as number;
  return level >= first && sizeBits(level, shape) <= shape.oaSize;
}

/** Bits of a table descriptor beside the address; the ignored ones are set at random. */
function tableBits(drawn: EntryDraw, draw: Draw, shape: Shape): bigint {
  // 11:2, 58:51 and 63. But a mutation may turn the table into a leaf, and a recursion serve it
  // as one, and bit 52 would then be a contiguous hint.
  const plain = draw.mutations.length === 0 && draw.recursion === null;
  const ignored = 0x87e8_0000_0000_0cfcn | (plain ? CONTIGUOUS : 0n);
  const shareability = shape.ds ? 0n : SHAREABILITY;
  return 0b11n | (drawn.ignored & (ignored | shareability)) | (drawn.tableLimits << 59n);
}

/** Writes a leaf, or the whole contiguous set around it; returns where. */
function placeLeaf(
  tables: Map<bigint, bigint>,
  draw: Draw,
  level: number,
  shape: Shape,
  address: bigint,
): bigint[] {
  const drawn = draw.entries[level + 1] as EntryDraw;
  const setBits = draw.contiguous && draw.recursion === null ? contiguousBits(level, shape) : 0;
  const size = sizeBits(level, shape);
  const whole = BigInt(size + setBits);
  const output = BigInt.asUintN(shape.oaSize - Number(whole), drawn.frame) << whole;
  // 63:55, GP, nG, NS, AttrIndx and (where it isn't OA) SH: attributes that decide no fault.
  const ignored = 0xff84_0000_0000_083cn | (shape.ds ? 0n : SHAREABILITY);
  const attributes = drawn.leafBits | (drawn.ignored & ignored) | (level === 3 ? 0b11n : 0b01n);

  const setBytes = 8n << BigInt(setBits);
  const first = address - (address % setBytes);
  const addresses: bigint[] = [];
  for (let entry = 0n; entry < 1n << BigInt(setBits); entry++) {
    const target = encodeAddress(output + (entry << BigInt(size)), shape);
    addresses.push(first + 8n * entry);
    tables.set(first + 8n * entry, target | attributes | (setBits > 0 ? CONTIGUOUS : 0n));
  }
  return addresses;
}

/** log2 of a contiguous set's entries, or 0 where the set has no place: table or output too small. */
function contiguousBits(level: number, shape: Shape): number {
  // Entries in a set at level 1, 2 and 3; none at a level above.
  const log2 = { 12: [4, 4, 4], 14: [0, 5, 7], 16: [0, 5, 5] }[shape.granuleBits];
  const wanted = log2?.[level - 1] ?? 0;
  const fits = sizeBits(level, shape) + wanted <= Math.min(shape.oaSize, shape.iaSize);
  return fits ? wanted : 0;
}

/** Flips the drawn bits, but for flips that would make what the head of this file keeps out. */
function mutate(
  tables: Map<bigint, bigint>,
  path: readonly Step[],
  draw: Draw,
  shape: Shape,
): void {
  for (const { entry, bit } of draw.mutations) {
    const step = path[entry % path.length] as Step;
    if (!mayFlip(bit, step, path, shape)) {
      continue;
    }
    for (const address of step.addresses) {
      tables.set(address, (tables.get(address) ?? 0n) ^ (1n << BigInt(bit)));
    }
  }
}

function mayFlip(bit: number, step: Step, path: readonly Step[], shape: Shape): boolean {
  const isSet = step.addresses.length > 1;
  if (isSet) {
    // Not the address bits that number the entries within the set.
    const size = sizeBits(step.level, shape);
    return bit < size || bit >= size + contiguousBits(step.level, shape);
  }
  if (bit === 1) {
    // Not into a block that reaches past the output size, at any level that the entry serves.
    const served = path.filter(({ addresses }) => addresses[0] === step.addresses[0]);
    return served.every(({ level }) => sizeBits(level, shape) <= shape.oaSize);
  }
  // Not the hint alone; not the tag, which keeps a stray table address away from other tables.
  return bit !== 52 && (bit < shape.granuleBits || bit >= shape.granuleBits + TAG_BITS);
}
