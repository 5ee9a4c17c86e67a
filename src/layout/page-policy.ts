// How the simple mapper maps memory at first touch: "base", "thp", "contiguous", or a size, and from
// which address on another of them.
//
//   POLICY[,POLICY@ADDRESS]      4k      thp      contiguous      base,2m@0x400000000000

import * as abi from "../../assembly/abi/demand.js";
import { MmulateError } from "../errors.js";
import { hex } from "./bits.js";
import type { CompiledHalf, CompiledLayout, CompiledLevel } from "./compiled.js";

/** One way to map: pages of `level`, 2^`group` of them at once. */
export interface CompiledPolicy {
  readonly level: number;
  readonly group: number;
  readonly leafBits: bigint;
  /** Physical addresses it gives out. */
  readonly first: bigint;
  readonly last: bigint;
}

export interface CompiledDemand {
  readonly tableBits: bigint;
  /** First virtual address of the second policy. */
  readonly split: bigint;
  readonly policies: readonly [CompiledPolicy, CompiledPolicy];
}

const GIB = 1n << 30n;
const NO_SPLIT = (1n << 64n) - 1n;
/** Bytes that a group has where the architecture has no hint for one: Linux's usual mTHP size. */
const UNHINTED_GROUP_SHIFT = 16;

/**
 * Compiles a page policy for the lower half of a layout.
 * @param text `POLICY[,POLICY@ADDRESS]`
 * @throws MmulateError CONFIG naming the page sizes the layout has
 */
export function compilePagePolicy(layout: CompiledLayout, text: string): CompiledDemand {
  const [half] = layout.halves;
  const [main = "", upper, ...rest] = text.split(",");
  if (rest.length > 0) throw badPolicy(layout, text);
  const addresses = physicalRange(half);
  const tableBits = half.tableTemplate;
  const whole = compileOne(layout, main, addresses);
  if (upper === undefined) return { tableBits, split: NO_SPLIT, policies: [whole, whole] };

  const [second = "", at = "", ...behind] = upper.split("@");
  if (behind.length > 0 || !/^0x[0-9a-fA-F]{1,16}$/.test(at)) throw badPolicy(layout, text);
  const middle = middleOf(addresses, sizeOf(half, whole));
  const policies = [
    compileOne(layout, main, { first: addresses.first, last: middle - 1n }),
    compileOne(layout, second, { first: middle, last: addresses.last }),
  ] as const;
  const split = BigInt(at);
  for (const policy of policies) checkSplit(half, policy, split, text);
  return { tableBits, split, policies };
}

/**
 * Where the second policy's addresses begin: after as much again as lies below the first, doubled until
 * one page of the first policy's has room there, or halfway.
 */
function middleOf({ first, last }: { first: bigint; last: bigint }, bytes: bigint): bigint {
  const half = first + (last + 1n - first) / 2n;
  const end = ((first + bytes - 1n) / bytes + 1n) * bytes;
  let middle = first * 2n;
  while (middle < end) middle *= 2n;
  return middle < half ? middle : half;
}

/** Bytes that a policy maps at once. */
function sizeOf({ levels }: CompiledHalf, { level, group }: CompiledPolicy): bigint {
  return 1n << BigInt((levels[level]?.shift ?? 0) + group);
}

/** A page or group across the split would belong to both policies. */
function checkSplit(half: CompiledHalf, policy: CompiledPolicy, split: bigint, text: string): void {
  const bytes = sizeOf(half, policy);
  if (split % bytes === 0n) return;
  const shift = bytes.toString(2).length - 1;
  throw new MmulateError(
    "CONFIG",
    `pages "${text}": the address ${hex(split)} lies within a page; a multiple of ${sizeName(shift)} is allowed`,
  );
}

/** Data pages lie above all tables: from 4 GiB on, or from 2 GiB where addresses end at 4 GiB. */
function physicalRange(half: CompiledHalf): { first: bigint; last: bigint } {
  const [leaf] = half.levels;
  if (leaf === undefined) throw new MmulateError("INTERNAL", "a layout without levels");
  const low = (leaf.leafAddress & ~leaf.leafReserved) << BigInt(leaf.addressShift);
  const high = leaf.highAddress << BigInt(leaf.highShift);
  const last = ((low | high) & ~half.addressLimit) | ((1n << BigInt(leaf.shift)) - 1n);
  return { first: last >= 4n * GIB ? 4n * GIB : 2n * GIB, last };
}

function compileOne(
  layout: CompiledLayout,
  text: string,
  addresses: { first: bigint; last: bigint },
): CompiledPolicy {
  const [half] = layout.halves;
  const choice = choiceOf(half, text);
  const level = half.levels[choice?.level ?? -1];
  if (choice === null || level === undefined) throw badPolicy(layout, text);
  if (level.leafTemplate === null) throw badPolicy(layout, text);
  const hinted = choice.group > 0 && level.groupShift === level.shift + choice.group;
  const leafBits = hinted ? level.leafTemplate | level.group.value : level.leafTemplate;
  return { ...choice, leafBits, ...addresses };
}

function choiceOf(half: CompiledHalf, text: string): { level: number; group: number } | null {
  const word = text.toLowerCase();
  if (word === "base") return { level: 0, group: 0 };
  if (word === "thp") return { level: 1, group: 0 };
  if (word === "contiguous") return { level: 0, group: groupLog2(half) };
  const shift = shiftOf(word);
  const leaf = half.levels.find((level) => level.leafTemplate !== null && level.shift === shift);
  if (leaf !== undefined) return { level: leaf.level, group: 0 };
  const group = half.levels.find((level) => level.groupShift === shift && shift > 0);
  return group === undefined ? null : { level: group.level, group: shift - group.shift };
}

function groupLog2(half: CompiledHalf): number {
  const [leaf] = half.levels;
  if (leaf === undefined) return 0;
  if (leaf.groupShift > 0) return leaf.groupShift - leaf.shift;
  return Math.max(1, UNHINTED_GROUP_SHIFT - leaf.shift);
}

const UNITS = ["", "k", "m", "g", "t"];

/** "2m" -> 21; 0 when it is no power-of-two size. */
export function shiftOf(word: string): number {
  const match = /^(\d+)([kmgt])$/.exec(word);
  const count = Math.log2(Number(match?.[1] ?? 0));
  const unit = UNITS.indexOf(match?.[2] ?? "");
  return Number.isInteger(count) && unit > 0 ? count + 10 * unit : 0;
}

/** 21 -> "2m". */
export function sizeName(shift: number): string {
  const unit = Math.floor(shift / 10);
  return `${2 ** (shift - 10 * unit)}${UNITS[unit] ?? `*2^${10 * unit}`}`;
}

function sizesOf(levels: readonly CompiledLevel[]): string[] {
  const leaves = levels.filter((level) => level.leafTemplate !== null);
  const groups = leaves.filter((level) => level.groupShift > 0);
  return [
    ...leaves.map((level) => sizeName(level.shift)),
    ...groups.map((level) => `${sizeName(level.groupShift)} (contiguous)`),
  ];
}

function namesOf(half: CompiledHalf): string[] {
  const thp = half.levels[1]?.leafTemplate ?? null;
  return ["base", ...(thp === null ? [] : ["thp"]), "contiguous"];
}

function badPolicy(layout: CompiledLayout, text: string): MmulateError {
  const [half] = layout.halves;
  return new MmulateError(
    "CONFIG",
    `pages "${text}": ${layout.architecture} maps ${namesOf(half).join(", ")} or one of ` +
      `${sizesOf(half.levels).join(", ")}; a second one may follow from an address on: POLICY,POLICY@0x400000000000`,
  );
}

/** The demand block: `DEMAND_BYTES` bytes (assembly/abi/demand.ts); null switches the mapper off. */
export function encodeDemand(demand: CompiledDemand | null): Uint8Array {
  const bytes = new Uint8Array(abi.DEMAND_BYTES);
  if (demand === null) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint32(abi.DEMAND_ENABLED, 1, true);
  view.setBigUint64(abi.DEMAND_SPLIT, demand.split, true);
  view.setBigUint64(abi.DEMAND_TABLE_BITS, demand.tableBits, true);
  demand.policies.forEach((policy, i) => {
    const at = abi.DEMAND_POLICIES + i * abi.POLICY_BYTES;
    view.setUint32(at + abi.POLICY_LEVEL, policy.level, true);
    view.setUint32(at + abi.POLICY_GROUP, policy.group, true);
    view.setBigUint64(at + abi.POLICY_LEAF_BITS, policy.leafBits, true);
    view.setBigUint64(at + abi.POLICY_NEXT, policy.first, true);
    view.setBigUint64(at + abi.POLICY_LAST, policy.last, true);
  });
  return bytes;
}
