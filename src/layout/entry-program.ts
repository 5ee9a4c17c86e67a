// Programs over runs of entries, written in flags; compiled to masks (assembly/abi/bulk.ts).

import * as abi from "../../assembly/abi/bulk.js";
import { FIRST_FLAG, FLAG_FILLED, FLAG_PRESENT } from "../../assembly/abi/entry.js";
import { MmulateError } from "../errors.js";
import type { MaskValue } from "./compiled.js";
import { ViewWriter } from "./encode-view.js";
import type { CompiledLinuxLayout, CompiledRule } from "./linux-layout.js";

/** One word of the record of the frame an entry maps (assembly/abi/frames.ts). */
export interface ColumnChange {
  /** Its offset. */
  readonly word: number;
  /** The program stops before an entry with (word & mask) != value. */
  readonly guard?: { readonly mask: number; readonly value: number };
  /** word = (word & ~clear) + add. */
  readonly clear?: number;
  readonly add?: number;
}

/** What is done to entries whose flags fit. Sums of `Pte` bits. */
export interface ProgramCase {
  /** Flags that must hold; and flags that must not, each of them one bit. */
  readonly all?: number;
  readonly none?: number;
  readonly clear?: number;
  readonly set?: number;
  /** Present: the entry is also copied, the copy with these flags cleared and set. */
  readonly copy?: { readonly clear?: number; readonly set?: number };
  readonly columns?: readonly ColumnChange[];
}

const ALWAYS: MaskValue = { mask: 0n, value: 0n };

/**
 * Compiles a program.
 * @param cases the first that fits an entry is its case; an entry that fits none stops the program
 * @throws MmulateError INTERNAL where cases, rules or columns do not fit the program block
 */
export function encodeProgram(
  linux: CompiledLinuxLayout,
  cases: readonly ProgramCase[],
): Uint8Array {
  const compiled = cases.flatMap((each) => testsOf(linux, each).map((tests) => ({ each, tests })));
  const writer = new ViewWriter(abi.PROGRAM_BYTES);
  require(compiled.length <= abi.MAX_CASES, "cases");
  writer.u32(abi.PROGRAM_CASE_COUNT, compiled.length);
  compiled.forEach(({ each, tests }, i) => {
    writeCase(writer, abi.PROGRAM_CASES + i * abi.CASE_BYTES, linux, each, tests);
  });
  return writer.bytes;
}

function require(fits: boolean, what: string): void {
  if (!fits) throw new MmulateError("INTERNAL", `a program over entries has too many ${what}`);
}

function writeCase(
  writer: ViewWriter,
  at: number,
  linux: CompiledLinuxLayout,
  each: ProgramCase,
  tests: readonly MaskValue[],
): void {
  writer.tests(at + abi.CASE_TESTS, [tests[0] ?? ALWAYS, tests[1] ?? ALWAYS]);
  const present = ((each.all ?? 0) & FLAG_PRESENT) !== 0;
  const rules = rulesOf(linux, present, each.clear ?? 0, each.set ?? 0);
  const copied = rulesOf(linux, present, each.copy?.clear ?? 0, each.copy?.set ?? 0);
  const columns = each.columns ?? [];
  require(rules.length <= abi.CASE_RULES && copied.length <= abi.CASE_RULES, "rules");
  require(columns.length <= abi.MAX_COLUMNS, "columns");
  writer.u32(at + abi.CASE_RULE_COUNT, rules.length);
  writer.u32(at + abi.CASE_COPY_RULE_COUNT, copied.length);
  writer.u32(at + abi.CASE_COLUMN_COUNT, columns.length);
  writer.u32(at + abi.CASE_COPIES, each.copy === undefined ? 0 : 1);
  writer.rules(at + abi.CASE_RULE_LIST, rules, abi.CASE_RULES);
  writer.rules(at + abi.CASE_COPY_RULES, copied, abi.CASE_RULES);
  columns.forEach((column, i) => {
    const here = at + abi.CASE_COLUMNS + i * abi.COLUMN_BYTES;
    writer.u32(here + abi.COLUMN_WORD, column.word);
    writer.u32(here + abi.COLUMN_GUARD_MASK, column.guard?.mask ?? 0);
    writer.u32(here + abi.COLUMN_GUARD_VALUE, column.guard?.value ?? 0);
    writer.u32(here + abi.COLUMN_KEEP, ~(column.clear ?? 0) >>> 0);
    writer.u32(here + abi.COLUMN_ADD, (column.add ?? 0) >>> 0);
  });
}

/**
 * Tests of a case, one list for each way to be present and to have each flag. Flags that must hold become one test
 * together; so do those that must not, which works where such a flag is one bit.
 */
function testsOf(linux: CompiledLinuxLayout, { all = 0, none = 0 }: ProgramCase): MaskValue[][] {
  if ((none & FLAG_FILLED) !== 0) return [[{ mask: linux.filled, value: 0n }]];
  const ways = (all & FLAG_PRESENT) !== 0 ? linux.present : [ALWAYS];
  const present = (all & FLAG_PRESENT) !== 0;
  const must = flagTests(linux, present, all);
  const mustNot = together(flagTests(linux, present, none).flat().map(negated));
  return alternatives([ways, ...must]).map((tests) => [together(tests), mustNot]);
}

/** Every way to take one of each list, but for those that want a bit to be both. */
function alternatives(lists: readonly (readonly MaskValue[])[]): MaskValue[][] {
  const all = lists.reduce<MaskValue[][]>(
    (found, list) => found.flatMap((tests) => list.map((test) => [...tests, test])),
    [[]],
  );
  return all.filter((tests) => tests.every((a) => tests.every((b) => agree(a, b))));
}

function agree(a: MaskValue, b: MaskValue): boolean {
  const both = a.mask & b.mask;
  return (a.value & both) === (b.value & both);
}

/** Of each flag, the tests of which one must fit. */
function flagTests(linux: CompiledLinuxLayout, present: boolean, flags: number): MaskValue[][] {
  const table = present ? linux.flags : linux.absentFlags;
  return table.flatMap((flag, i) => {
    if ((flags & (1 << (FIRST_FLAG + i))) === 0) return [];
    return [[...flag.tests]];
  });
}

function negated({ mask, value }: MaskValue): MaskValue {
  if (mask === 0n) return ALWAYS;
  require((mask & (mask - 1n)) === 0n, "bits in a flag that must not hold");
  return { mask, value: mask & ~value };
}

function together(tests: readonly MaskValue[]): MaskValue {
  return tests.reduce(
    (sum, { mask, value }) => ({ mask: sum.mask | mask, value: sum.value | value }),
    ALWAYS,
  );
}

function rulesOf(
  linux: CompiledLinuxLayout,
  present: boolean,
  clear: number,
  set: number,
): CompiledRule[] {
  const table = present ? linux.flags : linux.absentFlags;
  const chosen = (flags: number, which: "set" | "clear"): CompiledRule[] =>
    table.flatMap((flag, i) => ((flags & (1 << (FIRST_FLAG + i))) !== 0 ? flag[which] : []));
  return merged([...chosen(clear, "clear"), ...chosen(set, "set")]);
}

/** Unconditional rules behind one another become one. */
function merged(rules: readonly CompiledRule[]): CompiledRule[] {
  const list: CompiledRule[] = [];
  for (const rule of rules) {
    const last = list.at(-1);
    if (last === undefined || last.mask !== 0n || rule.mask !== 0n || last.value !== 0n) {
      list.push(rule);
      continue;
    }
    const put = (last.put & ~rule.clear) | rule.put;
    list[list.length - 1] = { ...last, clear: last.clear | rule.clear, put };
  }
  return list;
}
