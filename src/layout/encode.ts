// Compiled layout -> the bytes the core reads (assembly/abi/layout.ts).

import * as abi from "../../assembly/abi/layout.js";
import type {
  CompiledHalf,
  CompiledLayout,
  CompiledLevel,
  GatherChunk,
  MaskValue,
} from "./compiled.js";

class Writer {
  readonly view: DataView;
  readonly base: number;

  constructor(view: DataView, base: number) {
    this.view = view;
    this.base = base;
  }

  u8(offset: number, value: number): void {
    this.view.setUint8(this.base + offset, value);
  }
  u16(offset: number, value: number): void {
    this.view.setUint16(this.base + offset, value, true);
  }
  u32(offset: number, value: number): void {
    this.view.setUint32(this.base + offset, value, true);
  }
  u64(offset: number, value: bigint): void {
    this.view.setBigUint64(this.base + offset, value, true);
  }
  pair(offset: number, { mask, value }: MaskValue): void {
    this.u64(offset, mask);
    this.u64(offset + 8, value);
  }
  at(offset: number): Writer {
    return new Writer(this.view, this.base + offset);
  }
}

/** The layout block: `LAYOUT_BYTES` bytes, the same for the same layout. */
export function encodeLayout(layout: CompiledLayout): Uint8Array {
  const bytes = new Uint8Array(abi.LAYOUT_BYTES);
  const out = new Writer(new DataView(bytes.buffer), 0);
  const [first, second] = layout.halves;
  out.u32(abi.LAYOUT_SELECT_BIT, layout.selectBit);
  out.u32(abi.LAYOUT_PAGE_SHIFT, layout.pageShift);
  layout.classShifts.forEach((shift, i) => {
    out.u32(abi.LAYOUT_CLASS_SHIFTS + 4 * i, shift);
  });
  encodeHalf(out.at(abi.LAYOUT_HALVES), first);
  encodeHalf(out.at(abi.LAYOUT_HALVES + abi.HALF_BYTES), second);
  return bytes;
}

function encodeHalf(out: Writer, half: CompiledHalf): void {
  out.pair(abi.HALF_RANGE_MASK, half.range);
  out.u64(abi.HALF_ADDRESS_LIMIT, half.addressLimit);
  out.u64(abi.HALF_TABLE_SET, half.tableSet);
  out.pair(abi.HALF_ACCESSED_MASK, half.accessed);
  out.pair(abi.HALF_DIRTY_MASK, half.dirty);
  out.pair(abi.HALF_GLOBAL_MASK, half.global);
  out.u32(abi.HALF_TOP_LEVEL, half.topLevel);
  out.u32(abi.HALF_RANGE_LEVEL, half.rangeLevel);
  out.u32(abi.HALF_FLAGS, flagsOf(half));
  out.u32(abi.HALF_TYPE_SHIFT, half.typeShift);
  encodePermissions(out, half);
  for (const level of half.levels) {
    encodeLevel(out.at(abi.HALF_LEVELS + level.level * abi.LEVEL_BYTES), level);
    level.types.forEach((entryClass, byte) => {
      out.u8(abi.HALF_TYPES + 256 * level.level + byte, entryClass);
    });
  }
  half.codes.forEach((code, i) => {
    out.u16(abi.HALF_CODES + 2 * i, code);
  });
}

function flagsOf(half: CompiledHalf): number {
  const flags: [boolean, number][] = [
    [half.accessed.by === "hardware", abi.HALF_FLAG_ACCESSED_BY_HARDWARE],
    [half.accessed.by === "fault", abi.HALF_FLAG_ACCESSED_FAULTS],
    [half.accessedBeforePermission, abi.HALF_FLAG_ACCESSED_FIRST],
    [half.dirty.by === "hardware", abi.HALF_FLAG_DIRTY_BY_HARDWARE],
    [half.dirty.by === "fault", abi.HALF_FLAG_DIRTY_FAULTS],
    [half.faultDropsTlb, abi.HALF_FLAG_FAULT_DROPS_TLB],
  ];
  return flags.reduce((all, [on, flag]) => (on ? all | flag : all), 0);
}

function encodeGather(out: Writer, offset: number, chunks: readonly GatherChunk[]): void {
  chunks.forEach(({ rotate, mask }, i) => {
    out.u32(offset + 8 * i, rotate);
    out.u32(offset + 8 * i + 4, mask);
  });
}

function encodePermissions(out: Writer, half: CompiledHalf): void {
  const { permissions, keys } = half;
  out.u32(abi.HALF_LEAF_WIDTH, permissions.leafWidth);
  out.u32(abi.HALF_TABLE_INVERT, permissions.tableInvert);
  encodeGather(out, abi.HALF_LEAF_GATHER, permissions.leafGather);
  encodeGather(out, abi.HALF_TABLE_GATHER, permissions.tableGather);
  permissions.rights.forEach((rights, index) => {
    out.u8(abi.HALF_RIGHTS + index, rights);
  });
  if (keys === null) return;
  out.u32(abi.HALF_KEY_ROTATE, keys.rotate);
  out.u32(abi.HALF_KEY_MASK, keys.mask);
  keys.denials.forEach((denied, key) => {
    out.u8(abi.HALF_KEYS + key, denied);
  });
}

function encodeLevel(out: Writer, level: CompiledLevel): void {
  out.u32(abi.LEVEL_SHIFT, level.shift);
  out.u32(abi.LEVEL_INDEX_MASK, 2 ** level.indexBits - 1);
  out.u32(abi.LEVEL_ADDRESS_SHIFT, level.addressShift);
  out.u32(abi.LEVEL_HIGH_SHIFT, level.highShift);
  out.u32(abi.LEVEL_GROUP_SHIFT, level.groupShift);
  out.u32(abi.LEVEL_CLASS, level.leafClass);
  out.u32(abi.LEVEL_GROUP_CLASS, level.groupClass);
  out.u32(abi.LEVEL_TABLE_FORBIDDEN_COUNT, level.tableForbidden.length);
  out.u32(abi.LEVEL_LEAF_FORBIDDEN_COUNT, level.leafForbidden.length);
  out.u64(abi.LEVEL_TABLE_ADDRESS, level.tableAddress);
  out.u64(abi.LEVEL_LEAF_ADDRESS, level.leafAddress);
  out.u64(abi.LEVEL_HIGH_ADDRESS, level.highAddress);
  out.u64(abi.LEVEL_TABLE_RESERVED, level.tableReserved);
  out.u64(abi.LEVEL_LEAF_RESERVED, level.leafReserved);
  out.pair(abi.LEVEL_GROUP_MASK, level.group);
  [...level.tableForbidden, ...level.leafForbidden].forEach((form, i) => {
    out.pair(abi.LEVEL_FORBIDDEN + 16 * i, form);
  });
  out.pair(abi.LEVEL_PLAIN_TABLE, level.plainTable);
  out.u64(abi.LEVEL_LEAF_ATTRIBUTES, level.leafAttributes);
  out.u64(abi.LEVEL_PAGE_MASK, BigInt.asUintN(64, -1n << BigInt(level.shift)));
}

/** Bytes -> 64-bit FNV-1a, as 16 hex digits: names a layout in results; not for security. */
export function hashBytes(bytes: Uint8Array): string {
  const prime = 0x100000001b3n;
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  return hash.toString(16).padStart(16, "0");
}
