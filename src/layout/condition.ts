// The conditions of a descriptor: "nx", "!nx", "granule=4", "maxphyaddr<52" (arch/schema.ts).

import { MmulateError } from "../errors.js";

/** What a name can stand for. */
export type Value = boolean | number | string;
export type Environment = Readonly<Record<string, Value>>;

type Operator = "=" | "!=" | "<" | ">=";
export interface Condition {
  readonly name: string;
  readonly operator: Operator;
  readonly value: Value;
}

const PATTERN = /^(!?)([A-Za-z][A-Za-z0-9_.]*)(?:(=|!=|<|>=)([A-Za-z0-9_.-]+))?$/;
const parsed = new Map<string, Condition>();

/**
 * Parses one condition. "name" means "is true" (or not 0), "!name" the opposite.
 * @throws MmulateError DESCRIPTOR on any other form
 */
export function parseCondition(text: string): Condition {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const match = PATTERN.exec(text);
  const [, negation, name, operator, word] = match ?? [];
  if (name === undefined) {
    throw new MmulateError("DESCRIPTOR", `condition "${text}" is not NAME, !NAME or NAME=VALUE`);
  }
  const condition: Condition =
    operator === undefined || word === undefined
      ? { name, operator: negation === "!" ? "=" : "!=", value: false }
      : { name, operator: operator as Operator, value: toValue(word) };
  if (typeof condition.value === "boolean" && (operator === "<" || operator === ">=")) {
    throw new MmulateError(
      "DESCRIPTOR",
      `condition "${text}" compares "${name}" by ${operator} with ${condition.value}; = and != are allowed`,
    );
  }
  parsed.set(text, condition);
  return condition;
}

function toValue(word: string): Value {
  if (word === "true" || word === "false") return word === "true";
  return /^-?\d+$/.test(word) ? Number(word) : word;
}

/** Whether a condition holds for the value its name stands for; 0 counts as false. */
export function holdsFor(condition: Condition, value: Value): boolean {
  const wanted = condition.value;
  const seen = typeof wanted === "boolean" ? Boolean(value) : value;
  if (condition.operator === "=") return seen === wanted;
  if (condition.operator === "!=") return seen !== wanted;
  return condition.operator === "<" ? seen < wanted : seen >= wanted;
}

/**
 * Decides what the environment can decide. Returns null when some condition is false, else the
 * conditions on names it does not know (none: the list holds).
 */
export function partial(
  conditions: readonly string[] | undefined,
  environment: Environment,
): readonly Condition[] | null {
  if (conditions === undefined) return [];
  const open: Condition[] = [];
  for (const text of conditions) {
    const condition = parseCondition(text);
    const value = environment[condition.name];
    if (value === undefined) open.push(condition);
    else if (!holdsFor(condition, value)) return null;
  }
  return open;
}

/**
 * Whether all conditions hold.
 * @throws MmulateError DESCRIPTOR on a name the environment does not know
 */
export function holds(
  conditions: readonly string[] | undefined,
  environment: Environment,
): boolean {
  const open = partial(conditions, environment);
  const unknown = open?.[0];
  if (unknown !== undefined) {
    throw new MmulateError(
      "DESCRIPTOR",
      `condition on "${unknown.name}", which is none of: ${Object.keys(environment).join(", ")}`,
    );
  }
  return open !== null;
}
