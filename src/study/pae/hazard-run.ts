// Plays the script of a hazard under a scheme and under today's, with the oracle watching both.

import { DEFAULT_PAE } from "../../pae/index.js";
import { Checker } from "../../scenario/checker.js";
import { playOperation } from "../../scenario/operations.js";
import { playScript } from "../../scenario/play-script.js";
import { endProcess } from "../../scenario/player.js";
import { parseScript } from "../../scenario/script.js";
import type { Observation } from "../../stats/observation.js";
import type { PointResult, StudyRun } from "../types.js";
import type { Hazard } from "./hazards.js";

/** What of two runs must be the same: what the last `pagemap` shows. */
function lastPagemap(observations: readonly Observation[]): string {
  return JSON.stringify(observations.findLast(({ op }) => op.includes("pagemap"))?.pages);
}

/** Runs a hazard's script; without one, nothing is found. */
export function runHazard(on: StudyRun, { id, script }: Hazard): PointResult {
  if (script === undefined) {
    on.boot();
    return { metrics: {}, checks: [], found: { unseen: true } };
  }
  const operations = parseScript(script.join("\n"), id);
  const { kernel: config } = on.machine;
  const today = { ...on.machine, kernel: { ...config, pae: DEFAULT_PAE } };
  // The machine that is booted already goes with the core's memory, which today's scheme takes for its own.
  on.boot();
  const usual = playScript(on.core, operations, today, { check: true });
  const { kernel, player } = on.boot();
  const checker = new Checker(player, kernel);
  player.watch = checker;
  const shown = operations.map((operation, index) => playOperation(player, operation, index));
  checker.finish((process) => endProcess(kernel, process));
  const [first] = checker.complaints;
  const wrong =
    first === undefined ? null : `${first.id}, after "${script[atLine(first.op)] ?? ""}"`;
  const differs = lastPagemap(shown) === lastPagemap(usual.observations) ? null : "pagemap differs";
  return {
    metrics: {},
    checks: [{ id: "right under page", ok: usual.complaints?.length === 0 }],
    found: { broken: wrong ?? differs },
  };
}

/** "H1:5: fork c" -> 4. */
function atLine(op: string): number {
  return Number(op.split(":")[1]) - 1;
}
