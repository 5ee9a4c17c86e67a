// From permission rules to a truth table.
//
//   fields used by the rules --plan--> chunks of the entry that land in a small index
//   every index --rules in order--> six rights {user, supervisor} x {read, write, fetch}
//
// Conditions on the mode are decided first; what is left of a row is a test on index bits and on the
// rights so far, two small masks each.

import { type Descriptor, RIGHTS, type RightName } from "../../arch/schema.js";
import { GATHER_CHUNKS, MAX_KEYS, MAX_RIGHTS } from "../../assembly/abi/layout.js";
import { RIGHTS_KEYED, RIGHTS_MASK } from "../../assembly/abi/stop.js";
import { MmulateError } from "../errors.js";
import type { CompiledPermissions, GatherChunk } from "./compiled.js";
import { type Condition, type Environment, holds, partial } from "./condition.js";
import { bitNamed, fieldNamed } from "./fields.js";
import { PartMemo } from "./memo.js";

interface Plan {
  readonly chunks: readonly GatherChunk[];
  readonly width: number;
  /** Index bit of each field. */
  readonly position: ReadonlyMap<string, number>;
}

/** Bits closer than this share a chunk: a hole costs index bits, a chunk costs time in every walk. */
const LARGEST_HOLE = 2;

/**
 * Plans how single-bit fields are gathered. Neighbours keep their distance:
 *
 *   arm64 leaf   UXN PXN  -  DBM       AP2 AP1        two chunks, six index bits, one of them a hole
 *                54  53  52  51         7   6
 */
function planGather(descriptor: Descriptor, names: readonly string[]): Plan {
  const bits = names
    .map((name) => ({ name, bit: bitNamed(descriptor, name) }))
    .sort((a, b) => a.bit - b.bit);
  const chunks: GatherChunk[] = [];
  const position = new Map<string, number>();
  let width = 0;
  let first = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const { name, bit } of bits) {
    if (bit - last > LARGEST_HOLE) {
      first = bit - width;
      chunks.push({ rotate: (first + 64) % 64, mask: 0 });
    }
    const index = bit - first;
    const chunk = chunks.pop() ?? { rotate: 0, mask: 0 };
    chunks.push({ rotate: chunk.rotate, mask: chunk.mask | (1 << index) });
    position.set(name, index);
    width = index + 1;
    last = bit;
  }
  if (chunks.length > GATHER_CHUNKS) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: permission bits ${names.join(", ")} lie in ${chunks.length} places of an entry; ${GATHER_CHUNKS} are supported`,
    );
  }
  return { chunks, width, position };
}

/** (index & mask) == value and (rights & held) == held and (rights & gone) == 0. */
interface Test {
  mask: number;
  value: number;
  held: number;
  gone: number;
}

const TABLE_PREFIX = "table.";

function rightsMask(rights: readonly RightName[]): number {
  return rights.reduce((mask, right) => mask | (1 << RIGHTS.indexOf(right)), 0);
}

function addToTest(test: Test, condition: Condition, indexBits: ReadonlyMap<string, number>): void {
  if (typeof condition.value !== "boolean") {
    throw new MmulateError(
      "DESCRIPTOR",
      `a permission rule compares "${condition.name}" with ${condition.value}; a field or right is set (NAME) or not (!NAME)`,
    );
  }
  const positive = (condition.operator === "!=") !== condition.value;
  const right = RIGHTS.indexOf(condition.name as RightName);
  if (right >= 0) {
    if (positive) test.held |= 1 << right;
    else test.gone |= 1 << right;
    return;
  }
  const bit = indexBits.get(condition.name);
  if (bit === undefined) {
    throw new MmulateError(
      "DESCRIPTOR",
      `a permission rule uses "${condition.name}", which is no parameter, permission field or right`,
    );
  }
  test.mask |= 1 << bit;
  if (positive) test.value |= 1 << bit;
}

function testOf(open: readonly Condition[], indexBits: ReadonlyMap<string, number>): Test {
  const test = { mask: 0, value: 0, held: 0, gone: 0 };
  for (const condition of open) addToTest(test, condition, indexBits);
  return test;
}

function passes(test: Test, index: number, rights: number): boolean {
  return (
    (index & test.mask) === test.value &&
    (rights & test.held) === test.held &&
    (rights & test.gone) === 0
  );
}

const permissionsMemo = new PartMemo<CompiledPermissions>(({ permissions, keys }) => [
  ...permissions.rows,
  ...(keys === undefined ? [] : [{ when: keys.when }, { when: keys.applies }]),
]);

/**
 * Compiles the permission rules of a descriptor for one half of a mode.
 * @throws MmulateError DESCRIPTOR when a rule names something unknown or the table grows too large
 */
export function compilePermissions(
  descriptor: Descriptor,
  environment: Environment,
): CompiledPermissions {
  return permissionsMemo.get(descriptor, environment, "", () => compute(descriptor, environment));
}

function compute(descriptor: Descriptor, environment: Environment): CompiledPermissions {
  const { permissions } = descriptor;
  const leaf = planGather(descriptor, permissions.leaf);
  const table = planGather(
    descriptor,
    permissions.table.map(({ field }) => field),
  );
  if (1 << (leaf.width + table.width) > MAX_RIGHTS) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: permissions need ${leaf.width + table.width} index bits; ${Math.log2(MAX_RIGHTS)} are supported`,
    );
  }
  const indexBits = new Map(leaf.position);
  let tableInvert = 0;
  for (const { field, restricts } of permissions.table) {
    const bit = table.position.get(field) ?? 0;
    indexBits.set(TABLE_PREFIX + field, leaf.width + bit);
    if (restricts === 0) tableInvert |= 1 << bit;
  }
  return {
    leafGather: leaf.chunks,
    leafWidth: leaf.width,
    tableGather: table.chunks,
    tableInvert,
    indexNames: namesOf(indexBits, leaf.width + table.width),
    rights: rightsTable(descriptor, environment, indexBits, leaf.width + table.width),
  };
}

function namesOf(indexBits: ReadonlyMap<string, number>, width: number): string[] {
  const names = Array.from({ length: width }, () => "-");
  for (const [name, bit] of indexBits) names[bit] = name;
  return names;
}

interface CompiledRow {
  readonly test: Test;
  readonly remove: number;
  readonly cite: string;
}

/** The rules that the mode leaves in force, in order. */
function compileRows(
  descriptor: Descriptor,
  environment: Environment,
  indexBits: ReadonlyMap<string, number>,
): CompiledRow[] {
  return descriptor.permissions.rows.flatMap(({ when, remove, cite }) => {
    const open = partial(when, environment);
    if (open === null) return [];
    return [{ test: testOf(open, indexBits), remove: rightsMask(remove), cite }];
  });
}

/** A rule that took rights away, for explanations. */
export interface Removal {
  readonly rights: readonly RightName[];
  readonly cite: string;
}

/** The rules that take rights away from a page with this permission index, in order. */
export function removalsOf(
  descriptor: Descriptor,
  environment: Environment,
  permissions: CompiledPermissions,
  index: number,
): Removal[] {
  const indexBits = new Map(permissions.indexNames.map((name, bit) => [name, bit]));
  let rights = RIGHTS_MASK;
  return compileRows(descriptor, environment, indexBits).flatMap(({ test, remove, cite }) => {
    const lost = passes(test, index, rights) ? rights & remove : 0;
    rights &= ~lost;
    return lost === 0 ? [] : [{ rights: rightNames(lost), cite }];
  });
}

/** Names of the rights in a mask, bit = `Access`. */
export function rightNames(mask: number): RightName[] {
  return RIGHTS.filter((_, bit) => ((mask >> bit) & 1) === 1);
}

function rightsTable(
  descriptor: Descriptor,
  environment: Environment,
  indexBits: ReadonlyMap<string, number>,
  width: number,
): number[] {
  const rows = compileRows(descriptor, environment, indexBits);
  const { keys } = descriptor;
  const keyed =
    keys !== undefined && holds(keys.when, environment) ? partial(keys.applies, environment) : null;
  const keyTest = keyed === null ? null : testOf(keyed, indexBits);
  return Array.from({ length: 1 << width }, (_, index) => {
    let rights = RIGHTS_MASK;
    for (const { test, remove } of rows) {
      if (passes(test, index, rights)) rights &= ~remove;
    }
    return keyTest !== null && passes(keyTest, index, rights) ? rights | RIGHTS_KEYED : rights;
  });
}

/** Protection keys: where the key stands, and the rights each key takes away; null when off. */
export function compileKeys(
  descriptor: Descriptor,
  environment: Environment,
): { rotate: number; mask: number; denials: readonly number[] } | null {
  const { keys } = descriptor;
  if (keys === undefined || !holds(keys.when, environment)) return null;
  const [hi, lo] = fieldNamed(descriptor, keys.field).bits;
  const count = 2 ** (hi - lo + 1);
  if (count > MAX_KEYS) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: ${count} protection keys; at most ${MAX_KEYS}`,
    );
  }
  const value = environment[keys.register];
  if (typeof value !== "number") {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: the key register "${keys.register}" is no integer parameter`,
    );
  }
  const register = BigInt(value);
  const rows = keys.rows.filter((row) => holds(row.when, environment));
  const denials = Array.from({ length: count }, (_, key) =>
    rows.reduce((denied, row) => {
      const bit = (register >> BigInt(key * keys.bitsPerKey + row.bit)) & 1n;
      return bit === 1n ? denied | rightsMask(row.remove) : denied;
    }, 0),
  );
  return { rotate: lo, mask: count - 1, denials };
}
