// The hazards H1 to H21 of schemes of PageAnonExclusive, and how their scripts are played: on which machine, by which
// command.

import type { Hazard } from "./hazard.js";
import { HAZARDS_OF_ENTRIES } from "./hazards-of-entries.js";
import { HAZARDS_OF_STATE } from "./hazards-of-state.js";
import { pageOf, partsOf } from "./machines.js";

export const HAZARDS: readonly Hazard[] = [...HAZARDS_OF_STATE, ...HAZARDS_OF_ENTRIES];

/** Folder of the scripts, and of the machines that they take, in the repository and in the package. */
const HAZARD_FOLDER = "docs/studies/pae";

/** Pages of the folios in the scripts. */
const FOLIO_PAGES = 16;

/** The kernel's selector for a hazard on a machine. */
export function kernelOf({ kernel, settings }: Hazard, version: string, arch: string): string {
  const folios = `mthp=${(FOLIO_PAGES * pageOf(arch)) / 1024}k`;
  return [kernel ?? version, folios, ...(settings === undefined ? [] : [settings])].join(":");
}

/** A script as a file. */
export function scriptOf({ id, what, script }: Hazard): string {
  return [`# ${id}: ${what}.`, ...script, ""].join("\n");
}

/** The command that plays a hazard's script: its exit code is 1 where the scheme is broken. */
export function scriptCommand(
  hazard: Hazard,
  { pae, arch, kernel }: { readonly pae: string; readonly arch: string; readonly kernel: string },
): string {
  const { layout, architecture } = hazard.on ?? partsOf(arch);
  const file = (name: string): string => `${HAZARD_FOLDER}/${name}.json`;
  const machine = architecture === undefined ? arch : file(architecture.name);
  const entries = layout === undefined ? "" : ` --linux-layout ${file(`linux-${layout.name}`)}`;
  return `mmulate run ${HAZARD_FOLDER}/${hazard.id}.scn --arch ${machine}${entries} --kernel ${kernel} --pae ${pae} --check`;
}
