// From what was said of a study to cells: its points, each with its machine, at every point of a sweep.

import { CALIBRATED_COSTS } from "../../arch/costs/index.js";
import { pointsOf, type Selection } from "../config/selection.js";
import type { Setting, SetValues } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import type { MachineConfig } from "../scenario/machine.js";
import type { CellResult, StudyHead } from "../stats/report.js";
import { choose, commands, type Said } from "../study/choose.js";
import { STUDIES } from "../study/index.js";
import type { Chosen, Study, StudyEnd, StudyPoint } from "../study/types.js";
import { unknown } from "../workload/parse.js";
import { cpuMeasured, memoryMeasured } from "./measured-cpu.js";
import { ownFiles } from "./own-files.js";
import type { OwnFiles } from "./plan.js";
import { costsNamed, MEMORY_BYTES, machineOf } from "./plan-machine.js";
import { Settings } from "./settings.js";
import { checkTrace } from "./trace-rounds.js";

/** A point of a study, on its machine. */
export interface StudyCell {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly study: string;
  readonly point: StudyPoint;
  readonly machine: MachineConfig;
  readonly seed: number;
  readonly set?: SetValues;
}

/** What a command line says of a study. */
export interface StudyRequest {
  readonly name: string;
  /** Options that name a parameter (`STUDY_OPTIONS`). */
  readonly said: readonly Said[];
  /** `study.NAME` among its settings and axes are parameters, too. */
  readonly selection: Selection;
  readonly seed: number;
}

/** A study, planned. */
export interface PlannedStudy {
  readonly cells: readonly StudyCell[];
  readonly head: StudyHead;
  /** What the finished cells say. */
  readonly assemble: (cells: readonly CellResult[]) => StudyEnd;
}

const PREFIX = "study.";

/**
 * Plans a study, and checks every cell before any is run.
 * @throws MmulateError USAGE, CONFIG or INPUT for a name, value, file or combination that does not exist
 */
export async function planStudy(request: StudyRequest): Promise<PlannedStudy> {
  const { name, selection, seed } = request;
  const study = STUDIES.get(name);
  if (study === undefined) throw unknown("study", name, STUDIES);
  const said = [...request.said, ...saidByPath(selection)];
  const chosen = choose(name, study, said);
  const own = await filesOf(chosen);
  const settings = selection.settings.filter(isNoParameter);
  const points = study.plan(chosen);
  if (points.length === 0) throw new MmulateError("USAGE", `study ${name}: no point is left`);
  for (const { trace } of points) if (trace !== undefined) await checkTrace(trace);
  const cells: StudyCell[] = [];
  for (const sweep of pointsOf(selection.axes.filter(isNoParameter))) {
    const used = new Settings([...settings, ...sweep]);
    for (const point of points) {
      const cell = { id: String(cells.length + 1), study: name, point, seed };
      cells.push({ ...cell, ...machineAt(point, used, own, sweep) });
    }
    used.checkUsed();
  }
  const command = commandOf(name, study, said, selection);
  return {
    cells,
    head: { name, summary: study.summary, about: study.about, command },
    assemble: (results) => study.assemble(results, commands(name, study)),
  };
}

const isNoParameter = ({ path }: { readonly path: string }): boolean => !path.startsWith(PREFIX);

/** `--set study.pages=64` and `-L study.pages=64,128`. */
function saidByPath({ settings, axes }: Selection): Said[] {
  return [...settings.map((each) => ({ ...each, values: [each.value] })), ...axes]
    .filter((each) => !isNoParameter(each))
    .map(({ path, values, from }) => ({ name: path.slice(PREFIX.length), values, from }));
}

async function filesOf(chosen: Chosen): Promise<OwnFiles> {
  const list = (name: string): readonly string[] => chosen[name] ?? [];
  return ownFiles({
    archs: list("arch"),
    cpus: list("cpu"),
    layouts: list("linuxLayout"),
    costs: list("costs"),
  });
}

function machineAt(
  { machine: named, keys }: StudyPoint,
  settings: Settings,
  files: OwnFiles,
  sweep: readonly Setting[],
): Pick<StudyCell, "machine" | "labels" | "set"> {
  const { arch, kernel, linuxLayout, cpus = 1, memory: bytes = MEMORY_BYTES, pages } = named;
  const own = withParts(files, named);
  const costs = costsNamed(named.costs ?? CALIBRATED_COSTS, own);
  const cpu = named.cpu ?? cpuMeasured(arch, costs, own);
  const made = named.layout;
  const layout = made?.name ?? linuxLayout;
  const selectors = { arch, kernel, cpu, ...(layout === undefined ? {} : { linuxLayout: layout }) };
  const extras = { own, costs, cpus, bytes, pages, memory: memoryMeasured(costs, cpu) };
  const machine = machineOf(selectors, settings, extras);
  const swept = Object.fromEntries(sweep.map(({ path, value }) => [path, value]));
  const set = settings.values;
  return { machine, labels: { ...keys, ...swept }, ...(set && { set }) };
}

/** Files, and what a study brings along. */
function withParts(own: OwnFiles, { architecture, layout }: StudyPoint["machine"]): OwnFiles {
  const layouts = layout === undefined ? own.layouts : new Map([[layout.name, layout]]);
  if (architecture === undefined) return { ...own, layouts };
  return { ...own, layouts, architectures: new Map([[architecture.name, architecture]]) };
}

/** The command line, as short as it can be. */
function commandOf(
  name: string,
  study: Study,
  said: readonly Said[],
  { settings, axes }: Selection,
): string {
  const own = Object.fromEntries(said.map(({ name: key, values }) => [key, values]));
  const set = settings.filter(isNoParameter).map(({ path, value }) => ` --set ${path}=${value}`);
  const swept = axes
    .filter(isNoParameter)
    .map(({ path, values }) => ` -L ${path}=${values.join(",")}`);
  return [commands(name, study)(own), ...set, ...swept].join("");
}
