// From inputs and a selection to cells: at every point of its sweep, every combination of what is listed.

import { DEFAULT_ARCHITECTURES } from "../../arch/index.js";
import { type Chosen, pointsOf, type Selection, saidBy, selectionAt } from "../config/selection.js";
import type { Setting } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { checkReadable } from "../trace/open.js";
import { parseWorkload } from "../workload/index.js";
import { KERNEL_WORKLOADS } from "../workload/kernel/index.js";
import { ownFiles } from "./own-files.js";
import { DEFAULT_CPU, NO_FILES, type OwnFiles, planRun } from "./plan.js";
import { isKernelWorkload, planKernel } from "./plan-kernel.js";
import { DEFAULT_KERNEL } from "./plan-machine.js";
import { planScripts, type ScriptInput } from "./plan-scripts.js";
import { isScript, readScript } from "./script-files.js";
import type { Runnable } from "./task.js";

/** More cells than this are a slip of the pen. */
const MOST_CELLS = 100_000;
/** Selectors that only the one kind of input has, and what to say of them. */
const FOREIGN = {
  script: {
    names: [
      ...["pages", "dataCache", "nested", "secondStage", "seed", "format", "accesses", "split"],
      ...["tracker", "cpus"],
    ],
    why: "is for traces and workloads: a script says itself what it does",
  },
  trace: {
    names: ["kernel", "linuxLayout", "check", "explain", "costs", "tracker", "cpus"],
    why: `is for scripts (.scn) and workloads of the kernel (${[...KERNEL_WORKLOADS.keys()].join(", ")})`,
  },
  kernel: {
    names: [
      "pages",
      "secondStage",
      "format",
      "accesses",
      "split",
      "linuxLayout",
      "check",
      "explain",
    ],
    why: "is not for workloads of the kernel",
  },
} as const;
type Kind = keyof typeof FOREIGN;

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
  const kind = await kindOf(inputs);
  refuseForeign(kind, selection);
  const points = pointsOf(selection.axes);
  const texts = kind === "script" ? await Promise.all(inputs.map(readScript)) : [];
  if (kind === "trace") await checkFiles(inputs);
  const cells: Runnable[] = [];
  for (const point of points) {
    const at = new Selected(selectionAt(selection, point));
    await at.readFiles();
    const planned = at.cells(kind, inputs, texts);
    for (const cell of planned) cells.push(labelled(cell, point, String(cells.length + 1)));
    if (cells.length > MOST_CELLS) {
      throw new MmulateError("USAGE", `more than ${MOST_CELLS} cells; leave out values`);
    }
  }
  return { cells, scripts: kind !== "trace" };
}

function labelled(cell: Runnable, point: readonly Setting[], id: string): Runnable {
  const swept = Object.fromEntries(point.map(({ path, value }) => [path, value]));
  return { ...cell, id, labels: { ...cell.labels, ...swept } } as Runnable;
}

/** Files that are not there are found before hours of work. */
async function checkFiles(inputs: readonly string[]): Promise<void> {
  for (const path of inputs) if (parseWorkload(path) === null) await checkReadable(path);
}

/** What the inputs are; several kinds at once are refused. */
async function kindOf(inputs: readonly string[]): Promise<Kind> {
  const kinds = await Promise.all(
    inputs.map(async (input): Promise<Kind> => {
      if (isKernelWorkload(input)) return "kernel";
      return (await isScript(input)) ? "script" : "trace";
    }),
  );
  const [first = "trace"] = kinds;
  const other = kinds.findIndex((kind) => kind !== first);
  if (other < 0) return first;
  const [one, two] = [inputs[0], inputs[other]];
  const scripts = first === "script" || kinds[other] === "script";
  const script = first === "script" ? one : two;
  throw new MmulateError(
    "USAGE",
    scripts
      ? `${script} is a script and ${script === one ? two : one} is none: run them one after the other`
      : `${one} and ${two} are run in different ways: run them one after the other`,
  );
}

/** A file of defaults may say what only the others need; the command line may not. */
function refuseForeign(kind: Kind, { values, axes }: Selection): void {
  const { names, why } = FOREIGN[kind];
  for (const name of names) {
    const from = values.get(name)?.from ?? axes.find(({ path }) => path === name)?.from;
    if (from?.startsWith("-") !== true) continue;
    throw new MmulateError("USAGE", `${saidBy(from, name)} ${why}`);
  }
}

/** A selection at one point, read. */
class Selected {
  private own: OwnFiles = NO_FILES;

  constructor(private readonly selection: Selection) {}

  /** Reads what its selectors name that are files. */
  async readFiles(): Promise<void> {
    this.own = await ownFiles({
      archs: this.list("arch", []),
      cpus: this.list("cpu", []),
      layouts: this.list("linuxLayout", []),
      costs: this.list("costs", []),
    });
  }

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

  cells(kind: Kind, inputs: readonly string[], texts: readonly ScriptInput[]): Runnable[] {
    if (kind === "script") return this.scripts(texts);
    return kind === "kernel" ? this.kernels(inputs) : this.traces(inputs);
  }

  private kernels(inputs: readonly string[]): Runnable[] {
    const dataCached =
      this.chosen("dataCache") === undefined ? undefined : this.flag("dataCache", false);
    return planKernel({
      inputs,
      archs: this.list("arch", DEFAULT_ARCHITECTURES.slice(0, 1)),
      kernels: this.list("kernel", [DEFAULT_KERNEL]),
      cpus: this.list("cpu", []),
      costs: this.list("costs", []),
      trackers: this.list("tracker", []),
      cpuCounts: this.list("cpus", ["1"]).map(Number),
      dataCached,
      nested: this.chosen("nested")?.value[0],
      seed: this.seed(),
      own: this.own,
      settings: this.selection.settings,
    });
  }

  private traces(inputs: readonly string[]): Runnable[] {
    const format = this.chosen("format")?.value[0] ?? "auto";
    const accesses = this.word("accesses", ["all", "data"], "all");
    const split = this.flag("split", true);
    return planRun({
      inputs: inputs.map((path) => ({ path, format, accesses, split })),
      archs: this.list("arch", DEFAULT_ARCHITECTURES),
      cpus: this.list("cpu", [DEFAULT_CPU]),
      pages: this.list("pages", []),
      dataCached: this.flag("dataCache", false),
      nested: this.chosen("nested")?.value[0],
      secondStages: this.chosen("secondStage")?.value,
      seed: this.seed(),
      own: this.own,
      settings: this.selection.settings,
    });
  }

  private scripts(inputs: readonly ScriptInput[]): Runnable[] {
    return planScripts({
      inputs,
      archs: this.list("arch", DEFAULT_ARCHITECTURES),
      kernels: this.list("kernel", [DEFAULT_KERNEL]),
      cpus: this.list("cpu", [DEFAULT_CPU]),
      layouts: this.list("linuxLayout", []),
      costs: this.list("costs", []),
      own: this.own,
      settings: this.selection.settings,
    });
  }
}
