/**
 * Reads an encoded layout back by the offsets of assembly/abi/layout.ts, and says what of a compiled layout
 * it must contain. Written from the comments of that file, not from the encoder.
 *
 * Every byte must be read here once or be 0 (reader.ts): thus no field can be forgotten here or written
 * elsewhere.
 */
import * as abi from "../../assembly/abi/layout.js";
import { ACCESSES, FAULT_KINDS } from "../../assembly/abi/stop.js";
import type {
  CompiledHalf,
  CompiledLayout,
  CompiledLevel,
  CompiledUpdate,
  GatherChunk,
  MaskValue,
} from "../../src/layout/compiled.js";
import { list, Reader } from "./reader.js";

export interface Decoded {
  readonly layout: unknown;
  /** Offsets of bytes that two fields share. */
  readonly overlaps: number[];
  /** Offsets of bytes that belong to no field and are not 0. */
  readonly strays: number[];
}

export function decodeLayout(bytes: Uint8Array): Decoded {
  const reader = new Reader(bytes);
  const layout = {
    selectBit: reader.u32(abi.LAYOUT_SELECT_BIT),
    pageShift: reader.u32(abi.LAYOUT_PAGE_SHIFT),
    classShifts: list(abi.MAX_CLASSES + 1, 4, abi.LAYOUT_CLASS_SHIFTS, (at) => reader.u32(at)),
    halves: list(2, abi.HALF_BYTES, abi.LAYOUT_HALVES, (at) => decodeHalf(reader, at)),
  };
  return { layout, overlaps: reader.overlaps(), strays: reader.strays() };
}

function decodeHalf(reader: Reader, half: number): unknown {
  const pair = (mask: number, value: number) => reader.pair(half + mask, half + value);
  const word = (offset: number) => reader.u32(half + offset);
  const flags = word(abi.HALF_FLAGS);
  return {
    range: pair(abi.HALF_RANGE_MASK, abi.HALF_RANGE_VALUE),
    rangeLevel: word(abi.HALF_RANGE_LEVEL),
    topLevel: word(abi.HALF_TOP_LEVEL),
    addressLimit: reader.u64(half + abi.HALF_ADDRESS_LIMIT),
    tableSet: reader.u64(half + abi.HALF_TABLE_SET),
    typeShift: word(abi.HALF_TYPE_SHIFT),
    accessed: pair(abi.HALF_ACCESSED_MASK, abi.HALF_ACCESSED_VALUE),
    dirty: pair(abi.HALF_DIRTY_MASK, abi.HALF_DIRTY_VALUE),
    global: pair(abi.HALF_GLOBAL_MASK, abi.HALF_GLOBAL_VALUE),
    flags: {
      accessedByHardware: (flags & abi.HALF_FLAG_ACCESSED_BY_HARDWARE) !== 0,
      accessedFaults: (flags & abi.HALF_FLAG_ACCESSED_FAULTS) !== 0,
      accessedFirst: (flags & abi.HALF_FLAG_ACCESSED_FIRST) !== 0,
      dirtyByHardware: (flags & abi.HALF_FLAG_DIRTY_BY_HARDWARE) !== 0,
      dirtyFaults: (flags & abi.HALF_FLAG_DIRTY_FAULTS) !== 0,
      faultDropsTlb: (flags & abi.HALF_FLAG_FAULT_DROPS_TLB) !== 0,
      unknown: flags >> 6,
    },
    leafWidth: word(abi.HALF_LEAF_WIDTH),
    tableInvert: word(abi.HALF_TABLE_INVERT),
    leafGather: decodeGather(reader, half + abi.HALF_LEAF_GATHER),
    tableGather: decodeGather(reader, half + abi.HALF_TABLE_GATHER),
    rights: list(abi.MAX_RIGHTS, 1, half + abi.HALF_RIGHTS, (at) => reader.u8(at)),
    keyRotate: word(abi.HALF_KEY_ROTATE),
    keyMask: word(abi.HALF_KEY_MASK),
    keys: list(abi.MAX_KEYS, 1, half + abi.HALF_KEYS, (at) => reader.u8(at)),
    codes: list(FAULT_KINDS * abi.MAX_LEVELS * ACCESSES, 2, half + abi.HALF_CODES, (at) =>
      reader.u16(at),
    ),
    levels: list(abi.MAX_LEVELS, abi.LEVEL_BYTES, half + abi.HALF_LEVELS, (at) =>
      decodeLevel(reader, at),
    ),
    types: list(abi.MAX_LEVELS, 256, half + abi.HALF_TYPES, (from) =>
      list(256, 1, from, (at) => reader.u8(at)),
    ),
  };
}

function decodeGather(reader: Reader, at: number): GatherChunk[] {
  return list(abi.GATHER_CHUNKS, 8, at, (chunk) => ({
    rotate: reader.u32(chunk),
    mask: reader.u32(chunk + 4),
  }));
}

function decodeLevel(reader: Reader, level: number): unknown {
  const forms = list(abi.MAX_FORBIDDEN, 16, level + abi.LEVEL_FORBIDDEN, (at) =>
    reader.pair(at, at + 8),
  );
  return {
    shift: reader.u32(level + abi.LEVEL_SHIFT),
    entries: reader.u32(level + abi.LEVEL_INDEX_MASK) + 1,
    tableAddress: reader.u64(level + abi.LEVEL_TABLE_ADDRESS),
    leafAddress: reader.u64(level + abi.LEVEL_LEAF_ADDRESS),
    addressShift: reader.u32(level + abi.LEVEL_ADDRESS_SHIFT),
    highAddress: reader.u64(level + abi.LEVEL_HIGH_ADDRESS),
    highShift: reader.u32(level + abi.LEVEL_HIGH_SHIFT),
    tableReserved: reader.u64(level + abi.LEVEL_TABLE_RESERVED),
    leafReserved: reader.u64(level + abi.LEVEL_LEAF_RESERVED),
    tableForbiddenCount: reader.u32(level + abi.LEVEL_TABLE_FORBIDDEN_COUNT),
    leafForbiddenCount: reader.u32(level + abi.LEVEL_LEAF_FORBIDDEN_COUNT),
    forbidden: forms,
    plainTable: reader.pair(level + abi.LEVEL_PLAIN_TABLE, level + abi.LEVEL_PLAIN_TABLE + 8),
    leafAttributes: reader.u64(level + abi.LEVEL_LEAF_ATTRIBUTES),
    pageMask: reader.u64(level + abi.LEVEL_PAGE_MASK),
    groupShift: reader.u32(level + abi.LEVEL_GROUP_SHIFT),
    group: reader.pair(level + abi.LEVEL_GROUP_MASK, level + abi.LEVEL_GROUP_VALUE),
    leafClass: reader.u32(level + abi.LEVEL_CLASS),
    groupClass: reader.u32(level + abi.LEVEL_GROUP_CLASS),
  };
}

const NO_PAIR: MaskValue = { mask: 0n, value: 0n };
const NO_CHUNK: GatherChunk = { rotate: 0, mask: 0 };

/** The list as its slots hold it: those left over are 0. */
function padded<T>(values: readonly T[], slots: number, empty: T): T[] {
  return [...values, ...Array.from({ length: slots - values.length }, () => empty)];
}

/** What `decodeLayout` must find. Names, roots, templates and `vaBits` are for TypeScript and not encoded. */
export function expectedOf(layout: CompiledLayout): unknown {
  return {
    selectBit: layout.selectBit,
    pageShift: layout.pageShift,
    classShifts: padded(layout.classShifts, abi.MAX_CLASSES + 1, 0),
    halves: layout.halves.map(expectedHalf),
  };
}

function withoutBy({ mask, value }: CompiledUpdate): MaskValue {
  return { mask, value };
}

function expectedHalf(half: CompiledHalf): unknown {
  const { permissions, keys } = half;
  return {
    range: half.range,
    rangeLevel: half.rangeLevel,
    topLevel: half.topLevel,
    addressLimit: half.addressLimit,
    tableSet: half.tableSet,
    typeShift: half.typeShift,
    accessed: withoutBy(half.accessed),
    dirty: withoutBy(half.dirty),
    global: half.global,
    flags: {
      accessedByHardware: half.accessed.by === "hardware",
      accessedFaults: half.accessed.by === "fault",
      accessedFirst: half.accessedBeforePermission,
      dirtyByHardware: half.dirty.by === "hardware",
      dirtyFaults: half.dirty.by === "fault",
      faultDropsTlb: half.faultDropsTlb,
      unknown: 0,
    },
    leafWidth: permissions.leafWidth,
    tableInvert: permissions.tableInvert,
    leafGather: padded(permissions.leafGather, abi.GATHER_CHUNKS, NO_CHUNK),
    tableGather: padded(permissions.tableGather, abi.GATHER_CHUNKS, NO_CHUNK),
    rights: padded(permissions.rights, abi.MAX_RIGHTS, 0),
    keyRotate: keys?.rotate ?? 0,
    keyMask: keys?.mask ?? 0,
    keys: padded(keys?.denials ?? [], abi.MAX_KEYS, 0),
    codes: half.codes,
    levels: padded(half.levels.map(expectedLevel), abi.MAX_LEVELS, NO_LEVEL),
    types: padded(
      half.levels.map(({ types }) => types),
      abi.MAX_LEVELS,
      Array.from({ length: 256 }, () => 0),
    ),
  };
}

function expectedLevel(level: CompiledLevel) {
  const { types, name, number, level: _, indexBits, leafTemplate, ...others } = level;
  const { tableForbidden, leafForbidden, ...rest } = others;
  return {
    ...rest,
    entries: 2 ** indexBits,
    pageMask: BigInt.asUintN(64, -(2n ** BigInt(level.shift))),
    tableForbiddenCount: tableForbidden.length,
    leafForbiddenCount: leafForbidden.length,
    forbidden: padded([...tableForbidden, ...leafForbidden], abi.MAX_FORBIDDEN, NO_PAIR),
  };
}

/** A level above the top one: all bytes 0, so that its index mask reads as one entry. */
const NO_LEVEL: ReturnType<typeof expectedLevel> = {
  shift: 0,
  entries: 1,
  tableAddress: 0n,
  leafAddress: 0n,
  addressShift: 0,
  highAddress: 0n,
  highShift: 0,
  tableReserved: 0n,
  leafReserved: 0n,
  tableForbiddenCount: 0,
  leafForbiddenCount: 0,
  forbidden: padded([], abi.MAX_FORBIDDEN, NO_PAIR),
  plainTable: NO_PAIR,
  leafAttributes: 0n,
  pageMask: 0n,
  groupShift: 0,
  group: NO_PAIR,
  leafClass: 0,
  groupClass: 0,
};
