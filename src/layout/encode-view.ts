// A compiled Linux layout as the core reads it (assembly/abi/entry.ts), and programs over runs of entries
// (assembly/abi/bulk.ts).

import { PROTECTIONS } from "../../arch/linux/schema.js";
import * as abi from "../../assembly/abi/entry.js";
import { type MaskValue, NEVER } from "./compiled.js";
import { Pte } from "./linux-flags.js";
import type { CompiledFlag, CompiledLinuxLayout, CompiledRule } from "./linux-layout.js";

const ALL = (1n << 64n) - 1n;
const NOTHING: CompiledRule = { ...NEVER, clear: 0n, put: 0n };

/** Writes tests and rules at given offsets. */
export class ViewWriter {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  u32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  u64(at: number, value: bigint): void {
    this.view.setBigUint64(at, value, true);
  }

  test(at: number, { mask, value }: MaskValue): void {
    this.u64(at, mask);
    this.u64(at + 8, value);
  }

  tests(at: number, tests: readonly MaskValue[]): void {
    for (let i = 0; i < 2; i++) this.test(at + i * abi.TEST_BYTES, tests[i] ?? NEVER);
  }

  /** Every test of some flags that can fit, each with its flag's bit. Returns how many. */
  list(at: number, flags: readonly CompiledFlag[]): number {
    const tests = flags.flatMap((flag, i) =>
      flag.tests
        .filter(({ mask }) => mask !== 0n)
        .map((test) => ({ test, bit: abi.FIRST_FLAG + i })),
    );
    tests.forEach(({ test, bit }, i) => {
      this.test(at + i * abi.LISTED_BYTES, test);
      this.u32(at + i * abi.LISTED_BYTES + abi.LISTED_BIT, 1 << bit);
    });
    return tests.length;
  }

  rules(at: number, rules: readonly CompiledRule[], room: number): void {
    for (let i = 0; i < room; i++) {
      const rule = rules[i] ?? NOTHING;
      this.test(at + i * abi.RULE_BYTES, rule);
      this.u64(at + i * abi.RULE_BYTES + abi.RULE_KEEP, ALL & ~rule.clear);
      this.u64(at + i * abi.RULE_BYTES + abi.RULE_PUT, rule.put);
    }
  }

  flags(at: number, flags: readonly CompiledFlag[]): void {
    flags.forEach((flag, i) => {
      const here = at + i * abi.FLAG_BYTES;
      this.rules(here + abi.FLAG_SET, flag.set, abi.FLAG_RULES);
      this.rules(here + abi.FLAG_CLEAR, flag.clear, abi.FLAG_RULES);
    });
  }
}

function shiftOf(mask: bigint): number {
  return mask === 0n ? 0 : (mask & -mask).toString(2).length - 1;
}

/** The view block: `VIEW_BYTES` bytes. */
export function encodeView(linux: CompiledLinuxLayout): Uint8Array {
  const writer = new ViewWriter(abi.VIEW_BYTES);
  writer.u64(abi.VIEW_FILLED, linux.filled);
  writer.tests(abi.VIEW_PRESENT, linux.present);
  writer.test(abi.VIEW_UPRIGHT, linux.upright);
  writer.u64(abi.VIEW_INVERTED, linux.inverted);
  writer.u64(abi.VIEW_ABSENT_INVERTED, linux.absentInverted);
  writer.u64(abi.VIEW_FRAME_BASE, linux.frameBase);
  writer.u64(abi.VIEW_TABLE, linux.table);
  writer.u64(abi.VIEW_TYPE_MASK, linux.type);
  writer.u32(abi.VIEW_TYPE_SHIFT, shiftOf(linux.type));
  writer.u64(abi.VIEW_OFFSET_MASK, linux.offset);
  writer.u32(abi.VIEW_OFFSET_SHIFT, shiftOf(linux.offset));
  writer.u32(abi.VIEW_PRESENT_TESTS, writer.list(abi.VIEW_LIST, linux.flags));
  writer.u32(abi.VIEW_ABSENT_TESTS, writer.list(abi.VIEW_LIST_ABSENT, linux.absentFlags));
  writer.u32(abi.VIEW_JOINED, Pte.young | Pte.dirty);
  for (const [level, bits] of linux.leaf.entries()) writer.u64(abi.VIEW_LEAF + 8 * level, bits);
  PROTECTIONS.forEach((name, number) => {
    const at = abi.VIEW_PROTECTIONS + number * abi.PROTECTION_BYTES;
    writer.rules(at, linux.protections[name], abi.PROTECTION_RULES);
  });
  writer.flags(abi.VIEW_FLAGS, linux.flags);
  writer.flags(abi.VIEW_FLAGS_ABSENT, linux.absentFlags);
  return writer.bytes;
}
