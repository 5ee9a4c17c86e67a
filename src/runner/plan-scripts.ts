// From scripts and machines to cells: every combination, checked before any is played.

import type { Setting, SetValues } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { product } from "../product.js";
import type { MachineConfig } from "../scenario/machine.js";
import { type Operation, parseScript } from "../scenario/script.js";
import { NO_FILES, type OwnFiles, parseSelector } from "./plan.js";
import { costsNamed, linuxNamed, type MachineSelectors, machineOf } from "./plan-machine.js";
import { Settings } from "./settings.js";

/** A script, read. */
export interface ScriptInput {
  readonly path: string;
  readonly text: string;
}

export interface ScriptRequest {
  readonly inputs: readonly ScriptInput[];
  /** Selectors: NAME, or NAME:PARAMETER=VALUE:... */
  readonly archs: readonly string[];
  /** VERSION, or VERSION:SETTING=VALUE:... */
  readonly kernels: readonly string[];
  readonly cpus: readonly string[];
  /** Linux layouts; empty or left out = those of the versions. */
  readonly layouts?: readonly string[];
  /** Cost profiles; empty or left out = the default. */
  readonly costs?: readonly string[];
  /** What selectors name that are files. */
  readonly own?: OwnFiles | undefined;
  /** Values changed by path (src/runner/settings.ts). */
  readonly settings?: readonly Setting[];
}

/** One script on one machine. */
export interface ScriptCell {
  readonly id: string;
  readonly labels: MachineSelectors & {
    readonly input: string;
    readonly costs?: string;
  } & Readonly<Record<string, string>>;
  readonly operations: readonly Operation[];
  readonly machine: MachineConfig;
  /** Settings that changed something, by path. */
  readonly set?: SetValues;
}

/**
 * Plans a run of scripts.
 * @throws MmulateError INPUT for a script that cannot be read; USAGE or CONFIG for a name, version or
 * combination that does not exist
 */
export function planScripts(request: ScriptRequest): ScriptCell[] {
  const { inputs, archs, kernels, cpus, own = NO_FILES } = request;
  for (const [name, list] of Object.entries({ inputs, archs, kernels, cpus })) {
    if (list.length === 0) throw new MmulateError("USAGE", `${name}: none was named`);
  }
  refuseUnused(request);
  const settings = new Settings(request.settings);
  const set = settings.values;
  const cells: ScriptCell[] = [];
  for (const { path, text } of inputs) {
    const operations = parseScript(text, path);
    if (operations.length === 0) {
      throw new MmulateError("INPUT", `${path}: holds no operation`);
    }
    for (const selectors of combinationsOf(request)) {
      const { costs } = selectors;
      const extras = costs === undefined ? { own } : { own, costs: costsNamed(costs, own) };
      cells.push({
        id: String(cells.length + 1),
        labels: { input: path, ...selectors },
        operations,
        machine: machineOf(selectors, settings, extras),
        ...(set === undefined ? {} : { set }),
      });
    }
  }
  settings.checkUsed();
  return cells;
}

type Selectors = MachineSelectors & { readonly costs?: string };

function combinationsOf({ archs, kernels, cpus, layouts, costs }: ScriptRequest): Selectors[] {
  const orNone = (list: readonly string[] = []): readonly (string | undefined)[] =>
    list.length > 0 ? list : [undefined];
  return product({
    ...{ arch: archs, kernel: kernels, cpu: cpus },
    ...{ linuxLayout: orNone(layouts), costs: orNone(costs) },
  });
}

/** A layout for none of the architectures would be passed over in silence. */
function refuseUnused({ archs, own = NO_FILES, layouts = [] }: ScriptRequest): void {
  const names = archs.map((arch) => parseSelector(arch, own).descriptor.name);
  for (const layout of layouts) {
    const { name, architecture } = linuxNamed(layout, own);
    if (names.includes(architecture)) continue;
    throw new MmulateError(
      "CONFIG",
      `${name} is a layout of ${architecture}; the run has ${names.join(", ")}`,
    );
  }
}
