// Reads what was said of a study's parameters, and writes it again as a command.

import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";
import type { Chosen, CommandOf, Study, StudyParameter } from "./types.js";

/** Parameters that have an option of their own; all others are paths, `study.NAME`. */
export const STUDY_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["arch", "--arch"],
  ["kernel", "--kernel"],
  ["cpu", "--cpu"],
  ["linuxLayout", "--linux-layout"],
  ["costs", "--costs"],
  ["cpus", "--cpus"],
  ["tracker", "--tracker"],
  ["pae", "--pae"],
  ["mmuPolicy", "--mmu-policy"],
  ["format", "--format"],
]);

/** What was said of one parameter, and by which option. */
export interface Said {
  readonly name: string;
  readonly values: readonly string[];
  readonly from: string;
}

/**
 * The values of every parameter of a study.
 * @throws MmulateError USAGE for a parameter or value that it has not, or one said twice
 */
export function choose(name: string, { parameters }: Study, said: readonly Said[]): Chosen {
  const chosen: Record<string, readonly string[]> = {};
  for (const [key, { values }] of Object.entries(parameters)) chosen[key] = values;
  const seen = new Set<string>();
  for (const { name: key, values, from } of said) {
    const parameter = parameters[key];
    if (parameter === undefined) {
      const names = Object.keys(parameters);
      const known = `${hintFor(key, names)} (known: ${names.join(", ")})`;
      throw new MmulateError("USAGE", `${from}: study ${name} has no parameter "${key}"${known}`);
    }
    if (seen.has(key)) throw new MmulateError("USAGE", `${from}: ${key} is given twice`);
    seen.add(key);
    for (const value of values) check(parameter, key, value, from);
    chosen[key] = values;
  }
  return chosen;
}

function check({ allowed }: StudyParameter, key: string, value: string, from: string): void {
  if (allowed === "selector") return;
  const refused = (what: string): MmulateError =>
    new MmulateError("USAGE", `${from}: ${key}=${value}: ${what}`);
  if ("from" in allowed) {
    const { from: least, to: most, fractions, words = [] } = allowed;
    if (words.includes(value)) return;
    const number = Number(value);
    const form = fractions === true ? /^\d{1,9}(\.\d{1,9})?$/ : /^\d{1,12}$/;
    if (form.test(value) && number >= least && number <= most) return;
    const kind = fractions === true ? "numbers" : "whole numbers";
    const others = words.map((word) => ` and "${word}"`).join("");
    throw refused(`${kind} from ${least} to ${most}${others} are allowed`);
  }
  if (allowed.includes(value)) return;
  throw refused(`one of ${allowed.join(", ")} is allowed${hintFor(value, allowed)}`);
}

/** Writes commands of a study; what is its own default is left out. */
export function commands(name: string, { parameters }: Study): CommandOf {
  return (chosen) => {
    const words = Object.entries(chosen).map(([key, value]) => {
      const values = typeof value === "string" ? [value] : value;
      const text = values.join(",");
      if (text === parameters[key]?.values.join(",")) return "";
      const option = STUDY_OPTIONS.get(key);
      if (option !== undefined) return ` ${option} ${text}`;
      return values.length === 1 ? ` --set study.${key}=${text}` : ` -L study.${key}=${text}`;
    });
    return `mmulate study ${name}${words.join("")}`;
  };
}
