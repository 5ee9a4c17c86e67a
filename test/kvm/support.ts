// Shared by the tests of guests: plays scripts on a machine with a policy.

import { Core } from "../../src/core/core.js";
import type { Kernel } from "../../src/kernel/kernel.js";
import { MMU_POLICIES } from "../../src/kvm/policies/index.js";
import type { Vm } from "../../src/kvm/vm.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { Checker } from "../../src/scenario/checker.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { endProcess, Player } from "../../src/scenario/player.js";
import { parseScript } from "../../src/scenario/script.js";
import type { Observation } from "../../src/stats/observation.js";

export const POLICIES: readonly string[] = [...MMU_POLICIES.keys()];

let core: Core | null = null;

/** A kernel with a player whom the oracle watches. */
export class Bench {
  private count = 0;

  private constructor(
    readonly kernel: Kernel,
    readonly player: Player,
    readonly checker: Checker,
  ) {}

  static async boot(
    mmuPolicy: string | undefined = undefined,
    arch = "x86-64",
    version = "7.2",
    cpus = 1,
  ): Promise<Bench> {
    core ??= new Core((await loadCoreModule()).module);
    const inputs = [{ path: "x", text: "clear_refs" }];
    const [cell] = planScripts({ inputs, archs: [arch], kernels: [version], cpus: ["plain"] });
    if (cell === undefined) throw new Error("no cell");
    const { machine } = cell;
    const config = mmuPolicy === undefined ? machine.kernel : { ...machine.kernel, mmuPolicy };
    const kernel = bootMachine(core, { ...machine, kernel: config }, cpus);
    const player = new Player(kernel);
    const checker = new Checker(player, kernel);
    player.watch = checker;
    return new Bench(kernel, player, checker);
  }

  /** Plays lines, separated by line ends or semicolons. */
  run(text: string): Observation[] {
    return parseScript(text.replaceAll(";", "\n"), "bench").map((operation) =>
      playOperation(this.player, operation, this.count++),
    );
  }

  /** The last observation of what was played. */
  last(text: string): Observation {
    const last = this.run(text).at(-1);
    if (last === undefined) throw new Error("nothing was played");
    return last;
  }

  vm(name = "G"): Vm {
    const guest = this.player.guests.get(name);
    if (guest === undefined) throw new Error(`no ${name}`);
    return guest.vm;
  }

  event(name: number): number {
    return this.kernel.events[name] ?? 0;
  }

  /** Ids of the rules that were broken. */
  broken(): string[] {
    return [...new Set(this.checker.complaints.map(({ id }) => id))].sort();
  }

  finish(): void {
    this.checker.finish((process) => endProcess(this.kernel, process));
  }
}
