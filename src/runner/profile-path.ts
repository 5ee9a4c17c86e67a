// Paths into a profile: fields by name, elements of a list by index or by their own name.
//
//   tlb.data.L1D.entries     tlb.data.0.entries     costs.walkLoad (short for costs.walkLoad.cycles)

import type { Setting } from "../config/setting.js";
import { MmulateError } from "../errors.js";

type Row = Readonly<Record<string, unknown>>;

/** What an object with one number of its own is meant by, where a path ends at it. */
const MAIN = ["cycles", "value"];
/** Costs that a profile may leave out: setting them adds them. */
const OPTIONAL = /^costs\.(walkStart|accessedAssist)(\.cycles)?$/;
/** Words about a number, and names: nothing to set. */
const NOT_SET = new Set([
  "cite",
  "confidence",
  "name",
  "title",
  "sources",
  "unmodelled",
  "architectures",
]);

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null;

/** "L1D" -> 0, where the first element of a list has that name. */
function keyOf(container: Row, step: string): string | undefined {
  if (!Array.isArray(container)) return Object.hasOwn(container, step) ? step : undefined;
  const index = container.findIndex((each) => isRow(each) && each.name === step);
  const key = index >= 0 ? String(index) : step;
  return Object.hasOwn(container, key) && /^\d+$/.test(key) ? key : undefined;
}

/**
 * A copy of a profile with one value changed. What it is based on is no longer the profile's source.
 * @returns undefined where the profile has no such value
 * @throws MmulateError USAGE when the value is of another type
 */
export function changeNumber(profile: Row, path: string, setting: Setting): Row | undefined {
  const mark = { cite: `USER ${setting.from}`, confidence: "choice" };
  if (OPTIONAL.test(path)) {
    const [, name = ""] = path.split(".");
    const cycles = valueLike(0, setting);
    return { ...profile, costs: { ...(profile.costs as Row), [name]: { cycles, ...mark } } };
  }
  return changed(profile, path.split("."), setting, mark);
}

function changed(row: Row, steps: string[], setting: Setting, mark: Row): Row | undefined {
  const [step = "", ...rest] = steps;
  const key = keyOf(row, step);
  if (key === undefined || NOT_SET.has(key)) return undefined;
  const old = row[key];
  const copy: Record<string, unknown> = Array.isArray(row) ? ([...row] as never) : { ...row };
  if (isRow(old)) {
    const main = MAIN.find((name) => Object.hasOwn(old, name));
    const further = rest.length === 0 && main !== undefined ? [main] : rest;
    if (further.length === 0) return undefined;
    const inner = changed(old, further, setting, mark);
    if (inner === undefined) return undefined;
    copy[key] = inner;
    return copy;
  }
  if (rest.length > 0) return undefined;
  copy[key] = valueLike(old, setting);
  return Object.hasOwn(copy, "cite") ? { ...copy, ...mark } : copy;
}

function valueLike(old: unknown, { path, value, from }: Setting): string | number | boolean {
  if (typeof old === "boolean" && /^(true|false)$/.test(value)) return value === "true";
  if (typeof old === "number" && /^\d+(\.\d+)?$/.test(value)) return Number(value);
  if (typeof old === "string") return value;
  const allowed = typeof old === "boolean" ? "true or false" : "a number";
  throw new MmulateError("USAGE", `${from} ${path}=${value}: ${allowed} is allowed`);
}

/** Every path that can be set, in its short form. */
export function leavesOf(row: Row, before = ""): string[] {
  return Object.entries(row).flatMap(([key, value]) => {
    if (NOT_SET.has(key)) return [];
    const own = Array.isArray(row) && isRow(value) ? value.name : undefined;
    const name = typeof own === "string" ? own : key;
    const path = `${before}${/^[\w-]+$/.test(name) ? name : key}`;
    if (!isRow(value)) return MAIN.includes(key) ? [before.slice(0, -1)] : [path];
    return leavesOf(value, `${path}.`);
  });
}

/** The value at a path; undefined where there is none. */
export function valueAt(row: Row, path: string): unknown {
  const [step = "", ...rest] = path.split(".");
  const key = keyOf(row, step);
  const value = key === undefined ? undefined : row[key];
  if (rest.length > 0) return isRow(value) ? valueAt(value, rest.join(".")) : undefined;
  const main = isRow(value) ? MAIN.find((name) => Object.hasOwn(value, name)) : undefined;
  return main === undefined ? value : (value as Row)[main];
}
