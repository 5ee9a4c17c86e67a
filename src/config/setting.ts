// One value changed by its path, and one path given several values: `--set`, `-L`, `-P` and what stands for
// them in a file. Values stay as written (a kernel 6.10 is no 6.1); whoever has the path reads them.

import { MmulateError } from "../errors.js";

/** `--set costs.syscall=300`. */
export interface Setting {
  readonly path: string;
  readonly value: string;
  /** Where it was said: an option, or FILE:LINE:COLUMN. */
  readonly from: string;
}

/** `-L costs.syscall=100,300`: one cell for each value. */
export interface Axis {
  readonly path: string;
  readonly values: readonly string[];
  readonly from: string;
}

/** Settings in a result, by path, as they were read. */
export type SetValues = Readonly<Record<string, string | number | boolean>>;

const PATH = /^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9_-]+)*$/;
/** More cells than this are a slip of the pen. */
const MOST_VALUES = 10_000;

/** "a.b=c" -> its two sides. */
function sidesOf(text: string, form: string, from: string): [path: string, value: string] {
  const at = text.indexOf("=");
  const [path, value] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()];
  if (at < 0 || value === "" || !PATH.test(path)) {
    throw new MmulateError("USAGE", `${from} ${text}: ${form} is allowed`);
  }
  return [path, value];
}

/**
 * Reads PATH=VALUE.
 * @throws MmulateError USAGE when it has another form
 */
export function parseSetting(text: string, from = "--set"): Setting {
  const [path, value] = sidesOf(text, "PATH=VALUE, as in costs.syscall=300,", from);
  return { path, value, from };
}

/**
 * Reads PATH=VALUE,VALUE...
 * @throws MmulateError USAGE when it has another form, or a value stands there twice
 */
export function parseList(text: string, from = "-L"): Axis {
  const [path, list] = sidesOf(text, "PATH=VALUE,VALUE, as in arch=x86-64,arm64,", from);
  const values = list.split(",").map((value) => value.trim());
  return checkAxis({ path, values, from: `${from} ${text}` }, from);
}

/**
 * Sees that an axis has values, and each once.
 * @throws MmulateError USAGE
 */
export function checkAxis(axis: Axis, from = axis.from): Axis {
  const { path, values } = axis;
  if (values.length === 0 || values.includes("")) {
    throw new MmulateError("USAGE", `${axis.from}: a value of ${path} is empty`);
  }
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) {
    throw new MmulateError("USAGE", `${axis.from}: ${path} has the value ${twice} twice`);
  }
  return { path, values, from };
}

/**
 * Reads PATH=LO..HI[:STEP] or PATH=LO..HI:*FACTOR: numbers from LO to at most HI. A step is 1 where none is said.
 * @throws MmulateError USAGE when it has another form, is empty or has more than 10,000 values
 */
export function parseRange(text: string, from = "-P"): Axis {
  const [path, range] = sidesOf(text, "PATH=LO..HI:STEP, as in costs.ipi=0..8000:1000,", from);
  return { path, values: rangeValues(range, `${from} ${text}`), from };
}

/**
 * The numbers of "LO..HI:STEP" or "LO..HI:*FACTOR". Decimal, exactly: 0..0.3:0.1 has four.
 * @throws MmulateError USAGE, beginning with `where`
 */
export function rangeValues(range: string, where: string): string[] {
  const form = /^([^:]+?)\.\.([^:]+?)(?::(\*?)([^:*]+))?$/.exec(range);
  const [, low = "", high = "", times = "", by = "1"] = form ?? [];
  const [first, last, step] = [low, high, by].map(decimal);
  if (form === null || !first || !last || !step) {
    const example = "as in 0..8000:1000 or 1k..64k:*2";
    throw new MmulateError(
      "USAGE",
      `${where}: LO..HI:STEP or LO..HI:*FACTOR is allowed, ${example}`,
    );
  }
  const places = Math.max(first.places, last.places, times === "*" ? 0 : step.places);
  const whole = ({ digits, places: own }: Decimal): bigint => digits * 10n ** BigInt(places - own);
  const [from, to] = [whole(first), whole(last)];
  const factor = step.places === 0 ? step.digits : 0n;
  const grows = times === "*" ? factor > 1n && from > 0n : step.digits > 0n;
  if (!grows) {
    const need = times === "*" ? "whole factors above 1, from above 0," : "steps above 0";
    throw new MmulateError("USAGE", `${where}: ${need} are allowed`);
  }
  if (to < from) throw new MmulateError("USAGE", `${where}: ends before it begins`);
  const values: string[] = [];
  for (let at = from; at <= to; at = times === "*" ? at * factor : at + whole(step)) {
    values.push(written(at, places));
    if (values.length > MOST_VALUES) {
      throw new MmulateError("USAGE", `${where}: more than ${MOST_VALUES} values`);
    }
  }
  return values;
}

/** digits / 10^places */
interface Decimal {
  readonly digits: bigint;
  readonly places: number;
}

const UNITS: Readonly<Record<string, bigint>> = {
  "": 1n,
  k: 1n << 10n,
  m: 1n << 20n,
  g: 1n << 30n,
};

function decimal(text: string): Decimal | null {
  const [, whole = "", part = "", unit = ""] =
    /^(\d{1,15})(?:\.(\d{1,9}))?([kmg]?)$/i.exec(text) ?? [];
  if (whole === "") return null;
  return { digits: BigInt(whole + part) * (UNITS[unit.toLowerCase()] ?? 1n), places: part.length };
}

function written(at: bigint, places: number): string {
  if (places === 0) return at.toString();
  const digits = at.toString().padStart(places + 1, "0");
  const part = digits.slice(-places).replace(/0+$/, "");
  return part === "" ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${part}`;
}
