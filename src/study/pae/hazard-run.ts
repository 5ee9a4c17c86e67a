// Plays the script of a hazard with the oracle watching: under a scheme, under today's, and without the safeguard that
// the hazard is about.

import { featuresOf } from "../../kernel/features.js";
import { DEFAULT_PAE } from "../../pae/index.js";
import type { MachineConfig } from "../../scenario/machine.js";
import { type Played, playScript } from "../../scenario/play-script.js";
import { parseScript } from "../../scenario/script.js";
import type { PointResult, StudyRun } from "../types.js";
import type { Hazard } from "./hazard.js";

/** The first rule that is broken, in words. */
function brokenIn({ complaints }: Played, { script }: Hazard): string | null {
  const [first] = complaints ?? [];
  if (first === undefined) return null;
  // "H1:5: fork c" -> 5.
  const line = Number(first.op.split(":")[1]);
  return `${first.id}, after "${script[line - 1] ?? "the end"}"`;
}

/** Linux of this machine is known to break the rule. */
function isKnown({ kernel }: MachineConfig, { today }: Hazard): boolean {
  return today !== undefined && featuresOf(kernel.version, kernel.architecture).has(today);
}

/** Runs a hazard's script. */
export function runHazard(on: StudyRun, hazard: Hazard): PointResult {
  const operations = parseScript(hazard.script.join("\n"), hazard.id);
  const { core, machine } = on;
  // The machine that is booted already goes with the core's memory, which the next ones take for their own.
  on.boot();
  const play = (kernel: Partial<MachineConfig["kernel"]>): Played =>
    playScript(core, operations, { ...machine, kernel: { ...machine.kernel, ...kernel } }, CHECKED);
  const usual = play({ pae: DEFAULT_PAE });
  const today = brokenIn(usual, hazard);
  const own = play({});
  const { safeguard } = hazard;
  const without = safeguard === undefined ? null : brokenIn(play({ without: [safeguard] }), hazard);
  const count = ({ events }: Played, name: string): number => events[name] ?? 0;
  on.boot();
  return {
    metrics: {
      copies: count(own, "fault_copy"),
      copies_today: count(usual, "fault_copy"),
      swap_writes: count(own, "swap_out"),
      swap_writes_today: count(usual, "swap_out"),
    },
    checks: [{ id: "right under page", ok: today === null || isKnown(machine, hazard) }],
    found: { broken: brokenIn(own, hazard), without, today },
  };
}

const CHECKED = { check: true } as const;
