// A guest moves to another host while it runs (pre-copy): its pages are sent in rounds, each sends what was written in the
// one before, until the rest is small enough to stop the guest for it (migration_iteration_run of QEMU's
// migration/migration.c; downtime-limit).
//
//   log on | send all ............ | get log | send written .... | get log | ... | stop, get log, send the rest | runs there
//   guest      w   w  w    w    w        w  w      w     w                        <------- downtime ------->
//
// Guest and sender run side by side: a store has its time, and a page holds what was stored by the time it is sent. What
// the guest pays for being logged delays its next store. In the end, every page must be there as it was last stored.

import { Event } from "../../kernel/events.js";
import { setStamp, stampOf } from "../../kernel/folio.js";
import { leafAt } from "../../kernel/walk-entries.js";
import { getDirtyLog, setLogging } from "../../kvm/dirty-log.js";
import { guestAccess } from "../../kvm/guest-access.js";
import type { LogMode, Vm } from "../../kvm/vm.js";
import { playOperation } from "../../scenario/play-operation.js";
import { parseLine } from "../../scenario/script.js";
import { randomBelow } from "../../workload/random.js";
import type { PointResult, StudyMachine } from "../types.js";

/** What a migration is about. */
export interface MigrationValues {
  readonly pages: number;
  readonly log: LogMode;
  /** Of the link, in MB a second. */
  readonly bandwidth: number;
  /** Stores of the guest a second, each to a random page, where nothing delays them. */
  readonly stores: number;
  /** The guest is stopped once what is left takes no longer, in microseconds. */
  readonly limit: number;
  readonly seed: number;
}

/** Rounds after which the guest is stopped, whatever is left. */
const MOST_ROUNDS = 30;

/** A guest on its way. Times in cycles. */
class Migration {
  /** When the guest's next store is due, and the sender's clock. */
  private guest = 0;
  sender = 0;
  stores = 0;
  /** Cycles that stores took beside their own gap. */
  delay = 0;
  sent = 0;
  private readonly there: Uint32Array;
  private readonly below: (end: number) => number;
  private readonly perPage: number;
  private readonly gap: number;

  constructor(
    private readonly machine: StudyMachine,
    private readonly vm: Vm,
    private readonly values: MigrationValues,
  ) {
    const { clockMHz } = machine.kernel.config.costs;
    this.there = new Uint32Array(values.pages);
    this.below = randomBelow(values.seed);
    this.perPage = (machine.kernel.config.page * clockMHz) / values.bandwidth;
    this.gap = (clockMHz * 1e6) / values.stores;
  }

  /** Cycles that something takes on the machine. */
  private taking(work: () => void): number {
    const { clocks } = this.machine.kernel;
    const before = clocks.elapsed;
    work();
    return clocks.elapsed - before;
  }

  /** The guest runs until the sender's clock. */
  private catchUp(): void {
    while (this.guest + this.gap <= this.sender) {
      const delay = this.taking(() => this.store());
      this.guest += this.gap + delay;
      this.delay += delay;
    }
  }

  private store(): void {
    const frame = guestAccess(this.vm, this.below(this.values.pages), true);
    this.stores++;
    if (frame !== null) setStamp(this.machine.kernel, frame, this.stores);
  }

  private send(gfn: number): void {
    this.sender += this.perPage;
    this.there[gfn] = this.here(gfn);
    this.sent++;
  }

  private here(gfn: number): number {
    const { kernel } = this.machine;
    const page = (this.vm.slots[0]?.page ?? 0) + gfn;
    const leaf = leafAt(kernel, this.vm.mm.root, page);
    if (leaf === null) return 0;
    const { exports } = kernel.mmu;
    return stampOf(kernel, exports.entryFrame(leaf.slot, leaf.level) + (page - leaf.first));
  }

  /** Sends pages while the guest runs. */
  round(gfns: readonly number[]): void {
    for (const gfn of gfns) {
      this.catchUp();
      this.send(gfn);
    }
    this.catchUp();
  }

  /** Arms the log; asks it what was written, and arms it again. */
  arm(): void {
    this.sender += this.taking(() => setLogging(this.vm, this.values.log));
  }

  ask(): number[] {
    let told: number[] = [];
    this.sender += this.taking(() => {
      told = getDirtyLog(this.vm, true);
    });
    return told;
  }

  /** The guest stands still. Returns how long. */
  stop(gfns: readonly number[]): number {
    const since = this.sender;
    for (const gfn of [...gfns, ...this.ask()]) this.send(gfn);
    return this.sender - since;
  }

  isSmall(pages: number): boolean {
    const { clockMHz } = this.machine.kernel.config.costs;
    return pages * this.perPage <= this.values.limit * clockMHz;
  }

  /** Pages that are not there as they are here. */
  missing(): number {
    return this.there.filter((stamp, gfn) => stamp !== this.here(gfn)).length;
  }

  slowdown(): number {
    const own = this.stores * this.gap;
    return own === 0 ? 1 : (own + this.delay) / own;
  }
}

/** A guest that has written all of its memory. */
function guestOf({ player }: StudyMachine, { pages }: MigrationValues): Vm | null {
  const lines = [`mmap A ${pages} rw private`, `kvm G A 0 ${pages}`, `gwrite G 0 ${pages}`];
  lines.forEach((line, i) => {
    playOperation(player, parseLine(line, i + 1, "study"), i);
  });
  return player.guests.get("G")?.vm ?? null;
}

/** Moves it. A log that the machine has not is refused. */
export function runMigration(machine: StudyMachine, values: MigrationValues): PointResult {
  const vm = guestOf(machine, values);
  if (vm === null || (values.log === "buffer" && vm.stage.logBuffer.value === 0)) {
    const refused = "the hardware has no log of written pages";
    return { metrics: {}, checks: [], found: { refused } };
  }
  const { kernel } = machine;
  const exits = kernel.events[Event.kvm_exit] ?? 0;
  const migration = new Migration(machine, vm, values);
  migration.arm();
  let left = Array.from({ length: values.pages }, (_, gfn) => gfn);
  let rounds = 0;
  while (!migration.isSmall(left.length) && rounds < MOST_ROUNDS) {
    migration.round(left);
    left = migration.ask();
    rounds++;
  }
  const downtime = migration.stop(left);
  const { clockMHz } = kernel.config.costs;
  const missing = migration.missing();
  return {
    metrics: {
      rounds,
      pages_sent: migration.sent,
      migration_us: migration.sender / clockMHz,
      downtime_us: downtime / clockMHz,
      guest_stores: migration.stores,
      exits: (kernel.events[Event.kvm_exit] ?? 0) - exits,
      slowdown: migration.slowdown(),
      lost: missing,
    },
    checks: [
      missing === 0
        ? { id: "oracle", ok: true }
        : { id: "oracle", ok: false, first: `${missing} pages are older where the guest is now` },
    ],
  };
}
