// Settings by path, applied to what cells are made of.
//
//   cpu.tlb.data.L1D.entries   a number of the CPU profile          costs.syscall    of the cost profile
//   mode.granule               a parameter of the architecture      kernel.hwDirty   of scripts' kernels
//   workload.pages             a parameter of a workload
//
// A setting is applied wherever its path exists (several CPUs may be named); one that no cell has a use for is
// refused with the nearest name.

import type { CostProfile } from "../../arch/costs/schema.js";
import { type CpuProfile, cpuSchema } from "../../arch/cpu-schema.js";
import { freeze } from "../../arch/define.js";
import type { Descriptor } from "../../arch/schema.js";
import type { Setting, SetValues } from "../config/setting.js";
import { MmulateError } from "../errors.js";
import { EVENT_MEANINGS } from "../kernel/events.js";
import { nearest } from "../layout/nearest.js";
import { changeNumber, leavesOf } from "./profile-path.js";

type Scalar = string | number | boolean;

/** "true", "12", "0x10", "1.5" as what they say; all else as text. */
function readScalar(text: string): Scalar {
  if (text === "true" || text === "false") return text === "true";
  return /^(-?\d+(\.\d+)?|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : text;
}

/** Settings of one plan: applies them, and remembers which had any use. */
export class Settings {
  private readonly used = new Set<Setting>();
  /** Paths that would have had one. */
  private readonly known = new Set<string>();

  constructor(private readonly list: readonly Setting[] = []) {}

  /** Those under a name, with what stands behind it. */
  private under(group: string): [rest: string, setting: Setting][] {
    return this.list
      .filter(({ path }) => path.startsWith(`${group}.`))
      .map((setting) => [setting.path.slice(group.length + 1), setting]);
  }

  private use(setting: Setting): void {
    this.used.add(setting);
  }

  /**
   * A CPU profile with these settings; undefined where none applies to it.
   * @throws MmulateError CONFIG when a value breaks a rule of profiles
   */
  cpu(profile: CpuProfile): CpuProfile | undefined {
    let changed: CpuProfile | undefined;
    for (const path of leavesOf(profile)) this.known.add(`cpu.${path}`);
    for (const [rest, setting] of this.under("cpu")) {
      const next = changeNumber(changed ?? profile, rest, setting);
      if (next === undefined) continue;
      this.use(setting);
      changed = next as CpuProfile;
    }
    if (changed === undefined) return undefined;
    const result = cpuSchema.safeParse(changed);
    if (result.success) return freeze(result.data);
    const [issue] = result.error.issues;
    const sets = this.under("cpu").map(([, { from, path, value }]) => `${from} ${path}=${value}`);
    const where = issue?.path.map(String).join(".") ?? "";
    throw new MmulateError("CONFIG", `${sets.join(", ")}: cpu ${where}: ${issue?.message}`);
  }

  /**
   * A cost profile with these settings.
   * @throws MmulateError CONFIG for a value that is no cost
   */
  costs(profile: CostProfile): CostProfile {
    const events = { ...profile.events };
    let { clockMHz } = profile;
    const names = new Set([...EVENT_MEANINGS.map(([name]) => name), ...Object.keys(events)]);
    for (const name of [...names, "clockMHz"]) this.known.add(`costs.${name}`);
    for (const [name, setting] of this.under("costs")) {
      if (name !== "clockMHz" && !names.has(name)) continue;
      const cycles = readScalar(setting.value);
      const clock = name === "clockMHz";
      if (typeof cycles !== "number" || cycles < (clock ? 1 : 0)) {
        const allowed = clock ? "MHz from 1 on" : "cycles from 0 on";
        throw refusal(setting, `${allowed} are allowed`);
      }
      this.use(setting);
      if (clock) clockMHz = cycles;
      else events[name] = { cycles, cite: `USER ${setting.from}`, confidence: "choice" };
    }
    return freeze({ ...profile, clockMHz, events });
  }

  /** Parameters of an architecture's mode that are set; values are checked where the mode is. */
  mode({ parameters }: Descriptor): Record<string, Scalar> {
    return this.chosen("mode", Object.keys(parameters), readScalar);
  }

  /** Words of a kernel's or workload's selector that are set, as text. */
  words(group: "kernel" | "workload", names: Iterable<string>): Record<string, string> {
    return this.chosen(group, [...names], (value) => value);
  }

  private chosen<T>(
    group: string,
    names: readonly string[],
    read: (value: string) => T,
  ): Record<string, T> {
    for (const name of names) this.known.add(`${group}.${name}`);
    const values: Record<string, T> = {};
    for (const [name, setting] of this.under(group)) {
      if (!names.includes(name)) continue;
      this.use(setting);
      values[name] = read(setting.value);
    }
    return values;
  }

  /** What a result tells of them; undefined where there are none. */
  get values(): SetValues | undefined {
    if (this.list.length === 0) return undefined;
    const rows = this.list.map(({ path, value }): [string, Scalar] => [path, readScalar(value)]);
    return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * Sees that every setting had a use, once the cells are planned.
   * @throws MmulateError USAGE naming the first that had none, and the nearest path
   */
  checkUsed(): void {
    const idle = this.list.find((setting) => !this.used.has(setting));
    if (idle === undefined) return;
    const [group = ""] = idle.path.split(".");
    const near = nearest(idle.path, this.known);
    const groups = [...new Set([...this.known].map((path) => path.split(".")[0] ?? ""))];
    const allowed = groups.includes(group)
      ? `${group}.* of these cells: ${shortened([...this.known].filter((path) => path.startsWith(`${group}.`)))}`
      : `these cells have ${groups.map((name) => `${name}.*`).join(", ")}`;
    const hint = near === null ? "" : `; did you mean "${near}"?`;
    throw refusal(idle, `no cell has such a setting${hint} (${allowed})`);
  }
}

function shortened(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}

function refusal({ from, path, value }: Setting, why: string): MmulateError {
  return new MmulateError("USAGE", `${from} ${path}=${value}: ${why}`);
}
