// Plays one operation of a script: whose it is, on which CPU, what it showed, and who comes in the middle of it.

import type { Observation } from "../stats/observation.js";
import { type Context, notModelled } from "./operation-context.js";
import { OPERATIONS } from "./operations.js";
import type { Player } from "./player.js";
import type { Operation } from "./script.js";

/**
 * Plays one operation.
 * @throws MmulateError INPUT where it names what is not there, UNMODELLED
 */
export function playOperation(player: Player, operation: Operation, index: number): Observation {
  const { inner } = operation;
  if (inner !== undefined) {
    const shown = player.meanwhile.expect(operation, () => playNow(player, inner, index));
    return shown;
  }
  player.meanwhile.arm(player);
  const shown = playNow(player, operation, index);
  player.meanwhile.finish(player);
  return shown;
}

function playNow(player: Player, operation: Operation, index: number): Observation {
  const { process, cpu } = player.threads.of(operation, player.processes);
  const context: Context = { player, process, operation, index };
  const play = OPERATIONS.get(operation.verb);
  if (play === undefined) throw notModelled(context, operation.verb);
  const { mm } = process;
  if (mm.killed) return { op: operation.text, errno: "ESRCH", minflt: 0 };
  player.acting = mm;
  player.kernel.cpus.moveTo(cpu);
  player.kernel.cpus.run(mm);
  const [minor, major] = [mm.minorFaults, mm.majorFaults];
  const end = player.watch?.begin(operation, process);
  const shown = play(context);
  player.acting = null;
  if (mm.killed) player.endKilled(mm);
  const { segv, wpfault, killed } = player.takeTrouble();
  const base = process.regions.get(operation.words[0] ?? "")?.start ?? 0;
  const observation: Observation = {
    op: operation.text,
    errno: 0,
    minflt: mm.minorFaults - minor,
    ...(mm.majorFaults > major ? { majflt: mm.majorFaults - major } : {}),
    ...(segv.length > 0 ? { segv: segv.map((page) => page - base) } : {}),
    ...(wpfault.length > 0 ? { wpfault: wpfault.map((page) => page - base) } : {}),
    ...(killed.length > 0 ? { killed } : {}),
    ...shown,
  };
  end?.(observation);
  return observation;
}
