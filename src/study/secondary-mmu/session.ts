// A VMM with one guest, watched by the oracle: lines of scripts, and what they cost.

import { leafAt } from "../../kernel/walk-entries.js";
import { SPTE_DIRTY, SPTE_WRITE } from "../../kvm/spte-flags.js";
import { Pte } from "../../layout/linux-flags.js";
import { Checker } from "../../scenario/checker.js";
import { playOperation } from "../../scenario/play-operation.js";
import { parseLine } from "../../scenario/script.js";
import type { Observation } from "../../stats/observation.js";
import { Ledger, type Spent } from "../ledger.js";
import type { StudyMachine } from "../types.js";

/** What of the host's entries a step may have taken. */
export interface HostPages {
  /** By page: flags of its entry, 0 where none is present. */
  readonly flags: readonly number[];
}

/** What lines took, and what of it the notifiers did. Cycles. */
export interface Measured extends Spent {
  readonly notifierCycles: number;
}

/** One guest with region A. */
export class Session {
  private readonly ledger: Ledger;
  private readonly checker: Checker;
  private index = 0;

  constructor(
    private readonly machine: StudyMachine,
    readonly pages: number,
  ) {
    const { player, kernel } = machine;
    this.ledger = new Ledger(machine);
    this.checker = new Checker(player, kernel);
    player.watch = this.checker;
  }

  /** Plays a line, in which N stands for the pages and H for half of them. */
  play(line: string): Observation {
    const text = line.replace(/\bN\b/, String(this.pages)).replace(/\bH\b/, String(this.pages / 2));
    const operation = parseLine(text, this.index + 1, "study");
    // `write` stores by its index: content differs from step to step.
    return playOperation(this.machine.player, operation, this.index++);
  }

  measure(...lines: readonly string[]): Measured {
    const { kernel } = this.machine;
    const before = kernel.notifierCycles;
    const spent = this.ledger.measure(() => {
      for (const line of lines) this.play(line);
    });
    return { ...spent, notifierCycles: kernel.notifierCycles - before };
  }

  /** How often an event has happened so far. */
  count(event: number): number {
    return this.machine.kernel.events[event] ?? 0;
  }

  /** What the oracle has said so far. */
  get complaints(): Checker["complaints"] {
    return this.checker.complaints;
  }

  /** The host's entries now. */
  host(): HostPages {
    const { kernel, player } = this.machine;
    const { mm, regions } = player.processNamed("P");
    const start = regions.get("A")?.start ?? 0;
    const flags = Array.from({ length: this.pages }, (_, i) => {
      const leaf = leafAt(kernel, mm.root, start + i);
      const word = leaf === null ? 0 : kernel.mmu.exports.entryFlags(leaf.slot);
      return (word & Pte.present) === 0 ? 0 : word;
    });
    return { flags };
  }

  /** Pages whose entry is clean while an SPTE is writable or dirty. */
  windows(): number {
    const { flags } = this.host();
    const slot = this.machine.player.guests.get("G")?.vm.slots[0];
    if (slot === undefined) return 0;
    return flags.filter((host, i) => {
      const spte = slot.flagsOf(slot.entryOf(i));
      return host !== 0 && (host & Pte.dirty) === 0 && (spte & (SPTE_WRITE | SPTE_DIRTY)) !== 0;
    }).length;
  }
}

/** Pages that had a flag, and are still mapped. */
export function stayed(before: HostPages, after: HostPages, flag: number): number {
  return before.flags.filter((was, i) => (was & flag) !== 0 && after.flags[i] !== 0).length;
}

/** Pages that were mapped all along, and lost a flag. */
export function lost(before: HostPages, after: HostPages, flag: number): number {
  return before.flags.filter((was, i) => {
    const is = after.flags[i] ?? 0;
    return (was & flag) !== 0 && is !== 0 && (is & flag) === 0;
  }).length;
}
