// A mode: one value for every parameter of a descriptor, checked.

import type { Descriptor, NumberRule } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import { holds, type Value } from "./condition.js";
import { hintFor } from "./nearest.js";

/** Values of parameters as a user, a vector or a cell gives them. */
export type ModeInput = Readonly<Record<string, Value>>;
/** A value for every parameter of the descriptor. */
export type Mode = Readonly<Record<string, boolean | number>>;

/**
 * Fills in defaults and checks every value.
 * @param descriptor the architecture
 * @param input values given; parameters left out take the descriptor's default
 * @throws MmulateError CONFIG: an unknown parameter (with the nearest name) or a value out of range
 */
export function resolveMode(descriptor: Descriptor, input: ModeInput): Mode {
  const mode: Record<string, boolean | number> = {};
  for (const name of Object.keys(input)) {
    if (!Object.hasOwn(descriptor.parameters, name)) throw unknownParameter(descriptor, name);
  }
  for (const [name, parameter] of Object.entries(descriptor.parameters)) {
    const given = Object.hasOwn(input, name) ? input[name] : undefined;
    mode[name] = checkValue(descriptor, name, given ?? parameter.default);
  }
  checkLimits(descriptor, mode);
  return mode;
}

function unknownParameter(descriptor: Descriptor, name: string): MmulateError {
  const known = Object.keys(descriptor.parameters);
  const hint = hintFor(name, known);
  return new MmulateError(
    "CONFIG",
    `${descriptor.name} has no parameter "${name}"${hint} (it has ${known.join(", ")})`,
  );
}

function checkValue(descriptor: Descriptor, name: string, given: Value): boolean | number {
  const parameter = descriptor.parameters[name];
  if (parameter === undefined) throw unknownParameter(descriptor, name);
  const reject = (allowed: string): MmulateError =>
    new MmulateError(
      "CONFIG",
      `${descriptor.name}: ${name} = ${String(given)}, but ${allowed} is allowed (${parameter.means})`,
    );
  if (parameter.type === "boolean") {
    if (typeof given !== "boolean") throw reject("true or false");
    return given;
  }
  if (typeof given !== "number" || !Number.isInteger(given)) throw reject("an integer");
  const { allowed, min, max } = parameter;
  if (allowed !== undefined && !allowed.includes(given)) throw reject(allowed.join(", "));
  if (min !== undefined && given < min) throw reject(`${min} to ${max ?? "any"}`);
  if (max !== undefined && given > max) throw reject(`${min ?? "any"} to ${max}`);
  return given;
}

/** Ranges that depend on other parameters: the first row that fits a parameter decides. */
function checkLimits(descriptor: Descriptor, mode: Mode): void {
  const decided = new Set<string>();
  for (const limit of descriptor.limits) {
    if (decided.has(limit.param) || !holds(limit.when, mode)) continue;
    decided.add(limit.param);
    const value = Number(mode[limit.param]);
    const min = numberOf(limit.min, mode);
    const max = numberOf(limit.max, mode);
    if (value >= min && value <= max) continue;
    const where = limit.when === undefined ? "" : ` with ${limit.when.join(" and ")}`;
    throw new MmulateError(
      "CONFIG",
      `${descriptor.name}: ${limit.param} = ${value}, but ${min} to ${max} is allowed${where} (${limit.cite})`,
    );
  }
}

/**
 * The value of a number rule in a mode (or a half's environment).
 * @throws MmulateError DESCRIPTOR when its parameter or map entry does not exist
 */
export function numberOf(rule: NumberRule, environment: Readonly<Record<string, Value>>): number {
  if (typeof rule === "number") return rule;
  const value = environment[rule.param];
  if (value === undefined) {
    throw new MmulateError(
      "DESCRIPTOR",
      `a number refers to "${rule.param}", which does not exist`,
    );
  }
  const mapped = rule.map === undefined ? Number(value) : rule.map[String(value)];
  if (mapped === undefined) {
    throw new MmulateError(
      "DESCRIPTOR",
      `the map on "${rule.param}" has no entry for ${String(value)}`,
    );
  }
  return mapped * (rule.times ?? 1) + (rule.plus ?? 0);
}
