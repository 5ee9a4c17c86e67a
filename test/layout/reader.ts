/**
 * Reads encoded words and counts how often each byte was read. A byte read twice means that two fields
 * overlap; one never read must be padding and so 0.
 */
import type { MaskValue } from "../../src/layout/compiled.js";

export class Reader {
  private readonly counts: Uint8Array;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.counts = new Uint8Array(bytes.length);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private count(at: number, length: number): void {
    for (let byte = at; byte < at + length; byte++)
      this.counts[byte] = 1 + (this.counts[byte] ?? 0);
  }
  u8(at: number): number {
    this.count(at, 1);
    return this.view.getUint8(at);
  }
  u16(at: number): number {
    this.count(at, 2);
    return this.view.getUint16(at, true);
  }
  u32(at: number): number {
    this.count(at, 4);
    return this.view.getUint32(at, true);
  }
  u64(at: number): bigint {
    this.count(at, 8);
    return this.view.getBigUint64(at, true);
  }
  pair(maskAt: number, valueAt: number): MaskValue {
    return { mask: this.u64(maskAt), value: this.u64(valueAt) };
  }

  /** Offsets of bytes that two fields share. */
  overlaps(): number[] {
    return [...this.bytes.keys()].filter((at) => (this.counts[at] ?? 0) > 1);
  }

  /** Offsets of bytes that belong to no field and are not 0. */
  strays(): number[] {
    return [...this.bytes.keys()].filter((at) => this.counts[at] === 0 && this.bytes[at] !== 0);
  }
}

/** `length` values, `stride` bytes apart. */
export function list<T>(length: number, stride: number, at: number, read: (at: number) => T): T[] {
  return Array.from({ length }, (_, index) => read(at + stride * index));
}
