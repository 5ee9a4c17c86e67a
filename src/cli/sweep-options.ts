// Options that make cells out of paths, and what they and the other selectors say as one selection.

import { type Command, Option } from "commander";
import { findRunConfig } from "../config/files.js";
import { type Chosen, type Selection, saidBy, select } from "../config/selection.js";
import { parseList, parseRange, parseSetting } from "../config/setting.js";
import { MmulateError } from "../errors.js";

/** What the options below set. */
export interface SweepFlags {
  readonly set?: string[];
  readonly L?: string[];
  readonly P?: string[];
  /** Schemes of PageAnonExclusive: cells for each. */
  readonly pae?: string[];
  readonly config?: string | false;
}

const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/**
 * Adds `--set`, `-L`, `-P`, and `--config`.
 * @param config whether a file of defaults is read
 */
export function addSweepOptions(command: Command, config = true): Command {
  const swept = command
    .option(
      "--set <path=value>",
      "change a value: costs.syscall=300, cpu.memory=400; repeatable",
      collect,
    )
    .option(
      "-L <path=a,b>",
      "a cell for each of these values; repeat for every combination",
      collect,
    )
    .option(
      "-P <path=lo..hi:step>",
      "the same for numbers from lo to hi; a step of *2 doubles",
      collect,
    );
  if (!config) return swept;
  return swept
    .option("--config <file>", "defaults from this file (default: the nearest mmulate.config.yaml)")
    .addOption(new Option("--no-config", "no file of defaults"));
}

/** Names of selectors, with the option that says them and its values where it was given. */
export type LineValues = Readonly<
  Record<string, readonly [option: string, value: readonly string[] | undefined]>
>;

/**
 * What a file of defaults and the command line choose.
 * @param values what other options say
 * @throws MmulateError USAGE, CONFIG or INPUT when something is not as it must be
 */
export async function readSelection(flags: SweepFlags, values: LineValues): Promise<Selection> {
  const { config } = flags;
  const file = config === false ? null : await findRunConfig(config);
  const chosen = Object.entries(values).flatMap(([name, [from, value]]): [string, Chosen][] =>
    value === undefined ? [] : [[name, { value, from }]],
  );
  return select(file, {
    values: new Map(chosen),
    settings: (flags.set ?? []).map((text) => parseSetting(text)),
    axes: [
      ...(flags.L ?? []).map((text) => parseList(text)),
      ...(flags.P ?? []).map((text) => parseRange(text)),
      ...(flags.pae === undefined ? [] : [parseList(`kernel.pae=${flags.pae.join(",")}`)]),
    ],
  });
}

/** One value of a selection as a whole number. */
export function numberOf(
  { values }: Selection,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const chosen = values.get(name);
  if (chosen === undefined) return undefined;
  const [text = ""] = chosen.value;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
  const said = saidBy(chosen.from, name);
  throw new MmulateError("USAGE", `${said} ${text}: a number from ${least} to ${most} is allowed`);
}

/** One value of a selection as bytes: "512m". */
export function bytesOf({ values }: Selection, name: string): number | undefined {
  const chosen = values.get(name);
  if (chosen === undefined) return undefined;
  const [text = ""] = chosen.value;
  const [, digits = "", unit = ""] = /^(\d{1,6})([mg])$/i.exec(text) ?? [];
  if (digits !== "") return Number(digits) * (unit.toLowerCase() === "m" ? 2 ** 20 : 2 ** 30);
  throw new MmulateError(
    "USAGE",
    `${saidBy(chosen.from, name)} ${text}: a size is allowed, as in 512m, 2g`,
  );
}

/** One value of a selection as a switch. */
export function flagOf({ values }: Selection, name: string): boolean {
  const chosen = values.get(name);
  if (chosen === undefined) return false;
  const [text] = chosen.value;
  if (text === "true" || text === "false") return text === "true";
  throw new MmulateError("USAGE", `${saidBy(chosen.from, name)} ${text}: true or false is allowed`);
}
