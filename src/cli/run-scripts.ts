// mmulate run SCRIPT.scn...

import { DEFAULT_ARCHITECTURES } from "../../arch/index.js";
import { named } from "../config/read-descriptors.js";
import { MmulateError } from "../errors.js";
import { loadCoreModule } from "../runner/module-files.js";
import { DEFAULT_CPU } from "../runner/plan.js";
import { DEFAULT_KERNEL, planScripts } from "../runner/plan-scripts.js";
import type { CellOutcome } from "../runner/run-cell.js";
import { runScript } from "../runner/run-script.js";
import { isScript, readScript } from "../runner/script-files.js";
import { ownFiles } from "./own-files.js";

/** Options of `run` that scripts take; the others are of traces. */
export interface ScriptFlags {
  readonly arch?: string[];
  readonly cpu?: string[];
  readonly kernel?: string[];
  readonly linuxLayout?: string;
  readonly costs?: string;
  readonly check?: true;
  readonly explain?: true;
}

/** Options that only traces have, as the command line spells them. */
interface TraceOnly {
  readonly pages?: string[];
  readonly dataCache?: true;
  readonly nested?: string;
  readonly seed?: number;
}

/**
 * Whether the inputs are scripts.
 * @throws MmulateError USAGE where some are and some are not
 */
export async function areScripts(paths: readonly string[]): Promise<boolean> {
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

/**
 * Refuses options that the inputs have no use for.
 * @throws MmulateError USAGE
 */
export function refuseForeign(scripts: boolean, flags: ScriptFlags & TraceOnly): void {
  const foreign = scripts
    ? {
        "--pages": flags.pages,
        "--data-cache": flags.dataCache,
        "--nested": flags.nested,
        "--seed": flags.seed,
      }
    : {
        "--kernel": flags.kernel,
        "--linux-layout": flags.linuxLayout,
        "--costs": flags.costs,
        "--check": flags.check,
        "--explain": flags.explain,
      };
  const given = Object.entries(foreign).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  const why = scripts
    ? "is for traces and workloads: a script says itself what it does"
    : "is for scripts (.scn)";
  throw new MmulateError("USAGE", `${given[0]} ${why}`);
}

/**
 * Plans and plays scripts.
 * @throws MmulateError as `planScripts` and `runScript`
 */
export async function runScripts(
  paths: readonly string[],
  { arch, cpu, kernel, linuxLayout, costs, check, explain }: ScriptFlags,
  ready: () => Promise<void>,
): Promise<CellOutcome[]> {
  const archs = arch ?? DEFAULT_ARCHITECTURES;
  const cpus = cpu ?? [DEFAULT_CPU];
  const cells = planScripts({
    inputs: await Promise.all(paths.map(readScript)),
    archs,
    kernels: kernel ?? [DEFAULT_KERNEL],
    cpus,
    own: await ownFiles(archs, cpus),
    linux: linuxLayout === undefined ? undefined : await named("Linux layout", linuxLayout),
    costs: costs === undefined ? undefined : await named("costs", costs),
  });
  await ready();
  const core = await loadCoreModule();
  return cells.map((cell) =>
    runScript(core, cell, { check: check === true, explain: explain === true }),
  );
}
