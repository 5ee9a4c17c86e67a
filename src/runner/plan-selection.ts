// From inputs and a selection to cells: at every point of its sweep, every combination of what is listed.

import { type Chosen, pointsOf, type Selection, saidBy, selectionAt } from "../config/selection.js";
import type { Setting } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { checkReadable } from "../trace/open.js";
import { parseWorkload } from "../workload/index.js";
import { DEFAULT_ARCHS, DEFAULT_CPU, planRun } from "./plan.js";
import { DEFAULT_KERNEL, planScripts, type ScriptInput } from "./plan-scripts.js";
import { isScript, readScript } from "./script-files.js";
import type { Runnable } from "./task.js";

/** More cells than this are a slip of the pen. */
const MOST_CELLS = 100_000;
/** Selectors that only the one kind of input has, and what to say of them. */
const FOREIGN = {
  scripts: {
    names: ["pages", "dataCache", "nested", "seed", "format", "accesses", "split"],
    why: "is for traces and workloads: a script says itself what it does",
  },
  traces: { names: ["kernel", "check", "explain"], why: "is for scripts (.scn)" },
} as const;

/** What of a selection the report tells: how traces are read, or nothing of scripts. */
export interface Planned {
  readonly cells: readonly Runnable[];
  readonly scripts: boolean;
}

/**
 * Plans cells, and checks every one before any is run.
 * @param inputs files of traces, or of scripts, or names of workloads
 * @throws MmulateError USAGE, CONFIG or INPUT when a name, value, file or combination does not exist
 */
export async function planSelection(
  inputs: readonly string[],
  selection: Selection,
): Promise<Planned> {
  const scripts = await areScripts(inputs);
  refuseForeign(scripts, selection);
  const points = pointsOf(selection.axes);
  const texts = scripts ? await Promise.all(inputs.map(readScript)) : [];
  if (!scripts) await checkFiles(inputs);
  const cells: Runnable[] = [];
  for (const point of points) {
    const at = new Selected(selectionAt(selection, point));
    const planned = scripts ? at.scripts(texts) : at.traces(inputs);
    for (const cell of planned) cells.push(labelled(cell, point, String(cells.length + 1)));
    if (cells.length > MOST_CELLS) {
      throw new MmulateError("USAGE", `more than ${MOST_CELLS} cells; leave out values`);
    }
  }
  return { cells, scripts };
}

function labelled(cell: Runnable, point: readonly Setting[], id: string): Runnable {
  const swept = Object.fromEntries(point.map(({ path, value }) => [path, value]));
  return { ...cell, id, labels: { ...cell.labels, ...swept } } as Runnable;
}

/** Files that are not there are found before hours of work. */
async function checkFiles(inputs: readonly string[]): Promise<void> {
  for (const path of inputs) if (parseWorkload(path) === null) await checkReadable(path);
}

/** Whether the inputs are scripts; some and some others are refused. */
async function areScripts(paths: readonly string[]): Promise<boolean> {
  const which = await Promise.all(paths.map(isScript));
  const script = which.indexOf(true);
  const trace = which.indexOf(false);
  if (script >= 0 && trace >= 0) {
    throw new MmulateError(
      "USAGE",
      `${paths[script]} is a script and ${paths[trace]} is none: run them one after the other`,
    );
  }
  return script >= 0;
}

/** A file of defaults may say what only the others need; the command line may not. */
function refuseForeign(scripts: boolean, { values, axes }: Selection): void {
  const { names, why } = FOREIGN[scripts ? "scripts" : "traces"];
  for (const name of names) {
    const from = values.get(name)?.from ?? axes.find(({ path }) => path === name)?.from;
    if (from?.startsWith("-") !== true) continue;
    throw new MmulateError("USAGE", `${saidBy(from, name)} ${why}`);
  }
}

/** A selection at one point, read. */
class Selected {
  constructor(private readonly selection: Selection) {}

  private chosen(name: string): Chosen | undefined {
    return this.selection.values.get(name);
  }

  private list(name: string, otherwise: readonly string[]): readonly string[] {
    return this.chosen(name)?.value ?? otherwise;
  }

  /** One value out of some. */
  private word<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
    const chosen = this.chosen(name);
    if (chosen === undefined) return otherwise;
    const found = allowed.find((each) => each === chosen.value[0]);
    if (found !== undefined) return found;
    throw this.refusal(name, `${allowed.join(" or ")} is allowed`);
  }

  private flag(name: string, otherwise: boolean): boolean {
    return this.word(name, ["true", "false"], otherwise ? "true" : "false") === "true";
  }

  private refusal(name: string, why: string): MmulateError {
    const { value = [], from = name } = this.chosen(name) ?? {};
    return new MmulateError("USAGE", `${saidBy(from, name)} ${value.join(",")}: ${why}`);
  }

  private seed(): number | undefined {
    const text = this.chosen("seed")?.value[0];
    if (text === undefined) return undefined;
    if (!/^\d{1,10}$/.test(text)) throw this.refusal("seed", "a whole number is allowed");
    return Number(text);
  }

  traces(inputs: readonly string[]): Runnable[] {
    const format = this.chosen("format")?.value[0] ?? "auto";
    const accesses = this.word("accesses", ["all", "data"], "all");
    const split = this.flag("split", true);
    return planRun({
      inputs: inputs.map((path) => ({ path, format, accesses, split })),
      archs: this.list("arch", DEFAULT_ARCHS),
      cpus: this.list("cpu", [DEFAULT_CPU]),
      pages: this.list("pages", []),
      dataCached: this.flag("dataCache", false),
      nested: this.chosen("nested")?.value[0],
      seed: this.seed(),
      settings: this.selection.settings,
    });
  }

  scripts(inputs: readonly ScriptInput[]): Runnable[] {
    return planScripts({
      inputs,
      archs: this.list("arch", DEFAULT_ARCHS),
      kernels: this.list("kernel", [DEFAULT_KERNEL]),
      cpus: this.list("cpu", [DEFAULT_CPU]),
      settings: this.selection.settings,
    });
  }
}
