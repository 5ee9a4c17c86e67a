/** Looks rights up in a compiled layout as the core does, and names what is compared in a failure. */
import { Access } from "../../assembly/abi/stop.js";
import type { CompiledHalf, GatherChunk } from "../../src/layout/compiled.js";

/** All accesses: index = `Access`. */
export const ACCESS_NAMES = [
  "user.read",
  "user.write",
  "user.fetch",
  "supervisor.read",
  "supervisor.write",
  "supervisor.fetch",
] as const;

export const ALL_ACCESSES = [
  Access.UserRead,
  Access.UserWrite,
  Access.UserFetch,
  Access.SupervisorRead,
  Access.SupervisorWrite,
  Access.SupervisorFetch,
];

function rotateRight(value: bigint, by: number): bigint {
  const right = BigInt(by);
  return BigInt.asUintN(64, (value >> right) | (value << (64n - right)));
}

function gather(chunks: readonly GatherChunk[], entry: bigint): number {
  return chunks.reduce(
    (index, { rotate, mask }) =>
      index | (Number(BigInt.asUintN(32, rotateRight(entry, rotate))) & mask),
    0,
  );
}

/** What a table entry restricts: a bit per field. */
export function restrictionsOf({ permissions }: CompiledHalf, table: bigint): number {
  return gather(permissions.tableGather, table) ^ permissions.tableInvert;
}

/** The permission index of a leaf reached through these table entries. */
export function indexOf(half: CompiledHalf, leaf: bigint, tables: readonly bigint[]): number {
  const { leafGather, leafWidth } = half.permissions;
  const restrictions = tables.reduce((all, table) => all | restrictionsOf(half, table), 0);
  return gather(leafGather, leaf) | (restrictions << leafWidth);
}

/** The rights byte of a leaf reached through these table entries. */
export function rightsOf(half: CompiledHalf, leaf: bigint, tables: readonly bigint[]): number {
  return half.permissions.rights[indexOf(half, leaf, tables)] ?? Number.NaN;
}

export function isAllowed(rights: number, access: Access): boolean {
  return ((rights >> access) & 1) === 1;
}

/** One-bit fields by name: values of all their combinations, with the names of the set ones. */
export function entriesOf(bits: Readonly<Record<string, number>>): [bigint, string][] {
  const names = Object.keys(bits);
  return Array.from({ length: 2 ** names.length }, (_, combination) => {
    const set = names.filter((_, index) => ((combination >> index) & 1) === 1);
    const value = set.reduce((entry, name) => entry | (1n << BigInt(bits[name] ?? 0)), 0n);
    return [value, set.join("+") || "0"];
  });
}
