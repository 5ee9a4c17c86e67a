// Reads how a workload is named: NAME[:PARAMETER=VALUE...], by its table of parameters.

import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";
import type { Parameter, Values } from "./types.js";

const DEFAULT_SEED = 1;
const MAX_SEED = 2 ** 32 - 1;

/** A workload with all its parameters: what a cell needs of it. */
export interface WorkloadInput {
  readonly workload: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** Of all that is random in it. */
  readonly seed: number;
}

/** What of a workload its name is read by. */
export interface Named {
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly fault: (values: Values) => string | null;
}

/** Whether a text has the form of a workload with parameters, which no sensible file name has. */
export function looksLikeWorkload(text: string): boolean {
  return /^[a-z][a-z0-9-]*(:[a-z]+=[^:/]*)+$/.test(text);
}

/** @throws MmulateError USAGE naming those that exist */
export function unknown(
  kind: string,
  name: string,
  known: ReadonlyMap<string, unknown>,
): MmulateError {
  const names = [...known.keys()];
  const hint = hintFor(name, names);
  return new MmulateError("USAGE", `unknown ${kind} "${name}"${hint} (known: ${names.join(", ")})`);
}

/**
 * Reads a text that names this workload.
 * @throws MmulateError USAGE when a parameter, value or seed is not allowed
 */
export function readWorkload(
  text: string,
  workload: Named,
  seed: number = DEFAULT_SEED,
): WorkloadInput {
  const [name = "", ...settings] = text.split(":");
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) {
    throw new MmulateError("USAGE", `seed ${seed}: 0 to ${MAX_SEED} are allowed`);
  }
  const rows = new Map(Object.entries(workload.parameters));
  const values = new Map([...rows].map(([key, { default: value }]) => [key, value]));
  const seen = new Set<string>();
  for (const setting of settings) {
    const [, key = "", value = ""] = /^([a-z]+)=(.+)$/.exec(setting) ?? [];
    if (key === "") {
      throw new MmulateError("USAGE", `"${text}": "${setting}" is not PARAMETER=VALUE`);
    }
    const row = rows.get(key);
    if (row === undefined) throw unknown(`parameter of ${name}`, key, rows);
    if (seen.has(key)) throw new MmulateError("USAGE", `"${text}" sets ${key} twice`);
    seen.add(key);
    values.set(key, readValue(text, key, value, row));
  }
  const parameters = Object.fromEntries(values);
  const fault = workload.fault(parameters);
  if (fault !== null) throw new MmulateError("USAGE", `"${text}": ${fault}`);
  return { workload: name, parameters, seed };
}

const UNITS = ["", "k", "m", "g"];

/** "8192", "8k", or "0.05" where decimals are allowed. */
function readValue(text: string, key: string, written: string, row: Parameter): number {
  const { min, max, step = 1 } = row;
  const value = step === 0 ? decimal(written) : whole(written);
  const fits = step === 0 || value % step === 0;
  if (value >= min && value <= max && fits) return value;
  const kinds = new Map([
    [0, "numbers"],
    [1, "whole numbers"],
  ]);
  const allowed = kinds.get(step) ?? `multiples of ${step}`;
  throw new MmulateError(
    "USAGE",
    `"${text}": ${key}=${written}: ${allowed} from ${min} to ${max} are allowed`,
  );
}

function whole(written: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,15})([kmg]?)$/i.exec(written) ?? [];
  return digits === "" ? Number.NaN : Number(digits) * 1024 ** UNITS.indexOf(unit.toLowerCase());
}

function decimal(written: string): number {
  return /^\d{1,9}(\.\d{1,9})?$/.test(written) ? Number(written) : Number.NaN;
}
