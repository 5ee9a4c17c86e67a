// Named workloads: what `mmulate run` takes in the place of a trace.
//
//   NAME[:PARAMETER=VALUE...]      chase      chase:pages=4096:stride=8k

import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";
import { chase } from "./chase.js";
import type { Parameter, RecordBatch, Workload } from "./types.js";

/** Every workload, by name. */
export const WORKLOADS: ReadonlyMap<string, Workload> = new Map([["chase", chase]]);

const DEFAULT_SEED = 1;
const MAX_SEED = 2 ** 32 - 1;

/** A workload with all its parameters: what a cell needs of it. */
export interface WorkloadInput {
  readonly workload: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** Of all that is random in it. */
  readonly seed: number;
}

/**
 * Reads an input as a workload. A file of such a name is meant by "./NAME".
 * @returns null where the text has another form: it names a file
 * @throws MmulateError USAGE when the text has the form, and a name or value is not allowed
 */
export function parseWorkload(text: string, seed: number = DEFAULT_SEED): WorkloadInput | null {
  const [name = "", ...settings] = text.split(":");
  const workload = WORKLOADS.get(name);
  if (workload === undefined) {
    if (/^[a-z][a-z0-9-]*(:[a-z]+=[^:/]*)+$/.test(text)) throw unknown("workload", name, WORKLOADS);
    return null;
  }
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

function unknown(kind: string, name: string, known: ReadonlyMap<string, unknown>): MmulateError {
  const names = [...known.keys()];
  const hint = hintFor(name, names);
  return new MmulateError("USAGE", `unknown ${kind} "${name}"${hint} (known: ${names.join(", ")})`);
}

const UNITS = ["", "k", "m", "g"];

/** "8192" or "8k". */
function readValue(text: string, key: string, written: string, row: Parameter): number {
  const { min, max, step = 1 } = row;
  const [, digits = "", unit = ""] = /^(\d{1,15})([kmg]?)$/i.exec(written) ?? [];
  const value = Number(digits) * 1024 ** UNITS.indexOf(unit.toLowerCase());
  if (digits !== "" && value >= min && value <= max && value % step === 0) return value;
  const multiples = step === 1 ? "whole numbers" : `multiples of ${step}`;
  throw new MmulateError(
    "USAGE",
    `"${text}": ${key}=${written}: ${multiples} from ${min} to ${max} are allowed`,
  );
}

/** Records of a workload, as `parseWorkload` returned it. */
export function workloadBatches(input: WorkloadInput): Generator<RecordBatch, void, undefined> {
  const workload = WORKLOADS.get(input.workload);
  if (workload === undefined) {
    throw new MmulateError("INTERNAL", `no workload "${input.workload}"`);
  }
  return workload.batches(input.parameters, input.seed);
}
