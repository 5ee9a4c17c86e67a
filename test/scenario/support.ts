// Shared by the tests of scripts: plays text on a machine.

import { MANY_TABLES_A_PAGE } from "../../arch/fixtures/index.js";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { NO_FILES } from "../../src/runner/plan.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { type Played, type PlayOptions, playScript } from "../../src/scenario/play-script.js";

let core: Core | null = null;

/** Plays a script; the oracle watches unless told otherwise. */
export async function play(
  text: string,
  arch = "x86-64",
  kernel = "7.2",
  options: PlayOptions = { check: true },
): Promise<Played> {
  core ??= new Core((await loadCoreModule()).module);
  const inputs = [{ path: "test.scn", text }];
  const [cell] = planScripts({ inputs, archs: [arch], kernels: [kernel], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  return playScript(core, cell.operations, cell.machine, options);
}

/** What the geometry of several tables in a page needs, which no list has. */
function fixtureOf(arch: string) {
  const { architecture, layout } = MANY_TABLES_A_PAGE;
  if (architecture?.name !== arch) return {};
  const layouts = new Map([[layout.name, layout]]);
  const architectures = new Map([[arch, architecture]]);
  return { layouts: [layout.name], own: { ...NO_FILES, architectures, layouts } };
}

/** The same under a scheme of PageAnonExclusive. */
export async function playUnder(
  pae: string,
  text: string,
  arch = "x86-64",
  kernel = "7.2",
): Promise<Played> {
  core ??= new Core((await loadCoreModule()).module);
  const inputs = [{ path: "test.scn", text }];
  const machines = { archs: [arch], kernels: [kernel], cpus: ["plain"], ...fixtureOf(arch) };
  const [cell] = planScripts({ inputs, ...machines });
  if (cell === undefined) throw new Error("no cell");
  const { machine } = cell;
  const under = { ...machine, kernel: { ...machine.kernel, pae } };
  return playScript(core, cell.operations, under, { check: true });
}

/** Machines on which every script must be right. */
export const MACHINES = [
  ["x86-64", "6.1"],
  ["x86-64", "6.12"],
  ["x86-64", "6.18"],
  ["x86-64", "7.2"],
  ["x86-64:levels=5", "7.2:softDirty=false"],
  ["arm64", "6.8"],
  ["arm64", "6.12"],
  ["arm64", "7.2"],
  ["arm64:ha=false:hd=false", "7.2"],
  ["arm64:granule=64", "7.2"],
  ["riscv64", "6.1"],
  ["riscv64", "6.12"],
  ["riscv64", "7.2"],
  ["riscv64:sv=39:svadu=false", "7.2"],
  ["riscv64:sv=57:svrsw60t59b=false", "7.2:softDirty=false"],
] as const;
