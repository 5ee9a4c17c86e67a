// Merges what a user's file says into what it extends, and remembers where each value came from.
//
//   base     { title: "a", fields: [{ name: X, bits: [1, 1] }, { name: Y, ... }], typical: { values: { ha: true } } }
//   file     { title: "b", fields: [{ name: X, bits: [2, 2] }], typical: { values: { ha: null } } }
//   merged   { title: "b", fields: [{ name: X, bits: [2, 2] }, { name: Y, ... }], typical: { values: {} } }
//
// Maps merge key by key; `null` takes a key away. A list replaces the list, unless all rows of both have a
// `name`: then rows merge by name, new names go to the end, and `drop: true` takes a row away. So a file
// that moves a bit says one line, and no merged list depends on the order of the base.

import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from "yaml";
import type { MmulateError } from "../errors.js";

/** A place of a merged value: "fields", "3", "bits" joined by dots. */
export type Places = Map<string, number>;

type Plain = Readonly<Record<string, unknown>>;

/** What a merge needs beside the two values. */
export interface MergeContext {
  /** Offset in the file of everything that the file says, by place in the merged value. */
  readonly places: Places;
  /** The same of keys. */
  readonly keys: Places;
  /** Reports an error at an offset of the file. */
  readonly fail: (offset: number, message: string) => MmulateError;
}

/**
 * Merges a parsed file into a base.
 * @param base what the file extends; undefined = nothing
 * @param path place of the value in the whole
 * @throws MmulateError from `context.fail`: an alias, a key twice, a row that is dropped but not there
 */
export function mergeNode(
  base: unknown,
  node: Node | null,
  path: readonly string[],
  context: MergeContext,
): unknown {
  const offset = node?.range?.[0] ?? 0;
  context.places.set(path.join("."), offset);
  if (isAlias(node)) throw context.fail(offset, "aliases are not read: write the value out");
  if (isMap(node)) return mergeMap(isPlain(base) ? base : {}, node, path, context);
  if (isSeq(node)) return mergeList(base, node, path, context);
  return isScalar(node) ? numberOf(node.value) : null;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Integers are read as bigints, so that no bit of a mask is lost; those that a number holds become one. */
function numberOf(value: unknown): unknown {
  return typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value;
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function mergeMap(
  base: Plain,
  node: YAMLMap,
  path: readonly string[],
  context: MergeContext,
): unknown {
  const merged: Record<string, unknown> = { ...base };
  for (const { key, value } of node.items) {
    const name = keyOf(key);
    const inner = [...path, name];
    context.keys.set(inner.join("."), (key as Node).range?.[0] ?? 0);
    const said = mergeNode(merged[name], value as Node | null, inner, context);
    if (said === null) delete merged[name];
    else merged[name] = said;
  }
  return merged;
}

const nameOf = (row: unknown): string | null =>
  isPlain(row) && typeof row.name === "string" ? row.name : null;

/** The `name` of a row of the file, if it has one. */
function nameIn(row: unknown): string | null {
  const name = isMap(row) ? row.get("name") : undefined;
  return typeof name === "string" ? name : null;
}

function mergeList(
  base: unknown,
  node: YAMLSeq,
  path: readonly string[],
  context: MergeContext,
): unknown[] {
  const rows = Array.isArray(base) ? (base as unknown[]) : [];
  const named = rows.every((row) => nameOf(row) !== null);
  const byName = rows.length > 0 && named && node.items.every((row) => nameIn(row) !== null);
  return byName
    ? mergeByName(rows, node, path, context)
    : node.items.map((row, i) =>
        mergeNode(undefined, row as Node | null, [...path, String(i)], context),
      );
}

function mergeByName(
  base: readonly unknown[],
  node: YAMLSeq,
  path: readonly string[],
  context: MergeContext,
): unknown[] {
  const rows = [...base];
  const dropped = new Set<number>();
  for (const item of node.items as YAMLMap[]) {
    const name = nameIn(item);
    const at = item.range?.[0] ?? 0;
    const same = rows.flatMap((row, i) => (nameOf(row) === name ? [i] : []));
    const [index = rows.length] = same;
    if (same.length > 1) {
      const what = `"${name}" stands ${same.length} times in what this file extends`;
      throw context.fail(at, `${what}: drop them by a list of their own, written out`);
    }
    if (item.get("drop") === true) {
      if (same.length === 0) throw context.fail(at, `there is no "${name}" to drop`);
      dropped.add(index);
      continue;
    }
    rows[index] = mergeNode(rows[index], item, [...path, String(index)], context);
  }
  for (const places of [context.places, context.keys]) movePlaces(dropped, path, places);
  return rows.filter((_, i) => !dropped.has(i));
}

/** Rows behind a dropped one move up, and with them their places. */
function movePlaces(dropped: ReadonlySet<number>, path: readonly string[], places: Places): void {
  if (dropped.size === 0) return;
  const prefix = path.length === 0 ? "" : `${path.join(".")}.`;
  const moved = [...places].filter(([place]) => place.startsWith(prefix));
  for (const [place] of moved) places.delete(place);
  for (const [place, offset] of moved) {
    const [index = "", ...rest] = place.slice(prefix.length).split(".");
    const before = [...dropped].filter((row) => row < Number(index)).length;
    places.set(prefix + [String(Number(index) - before), ...rest].join("."), offset);
  }
}
