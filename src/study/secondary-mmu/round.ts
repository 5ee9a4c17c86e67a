// One point: a guest writes all of its memory, somebody changes the host's entries, the guest reads and writes on, and
// reclaim takes what it may.
//
//   gwrite all -> step -> gread all -> gwrite a part -> (fsync) -> pageout -> gread all: nothing may be lost

import { Event } from "../../kernel/events.js";
import { Pte } from "../../layout/linux-flags.js";
import type { Spent } from "../ledger.js";
import type { PointResult, StudyMachine } from "../types.js";
import type { Caller, Host } from "./callers.js";
import { lost, type Measured, Session, stayed } from "./session.js";

/** What a point is about. */
export interface RoundValues {
  readonly caller: Caller;
  readonly pages: number;
  readonly host: Host;
  /** Every so-manieth page is written behind the step. */
  readonly every: number;
  /** Cycles of the guest's own work for each page it touches. */
  readonly work: number;
}

const PRIMARY = ["page", "range", "mm", "local"].map((each) => `tlb_flush_${each}`);

const times = ({ events }: Spent, ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (events[name] ?? 0), 0);

/** Runs it. A caller that the machine has not is refused. */
export function runRound(machine: StudyMachine, values: RoundValues): PointResult {
  const { caller, pages, host, every, work } = values;
  const session = new Session(machine, pages);
  begin(session, host);
  for (const line of caller.prepare) session.play(line);
  const before = session.host();
  const step = session.measure(...caller.step);
  if (caller.step.some((line) => line.startsWith("dirty-log")) && !logs(machine)) {
    const refused = "the hardware has no log of written pages";
    return { metrics: {}, checks: [], found: { refused } };
  }
  const after = session.host();
  const windows = session.windows();
  for (const line of caller.after) session.play(line);
  const reads = session.measure("gread G 0 N");
  const written = Math.ceil(pages / every);
  const writes = session.measure(`gwrite G 0 ${written} every=${every}`);
  const windowsLater = session.windows();
  end(session, host);
  const own = work * (pages + written);
  return {
    metrics: {
      ...countsOf(step),
      host_dirty: stayed(before, after, Pte.dirty),
      host_dirty_cleared: lost(before, after, Pte.dirty),
      host_write: stayed(before, after, Pte.write),
      host_write_cleared: lost(before, after, Pte.write),
      ...refaultsOf(reads, writes),
      clean_host_after_step: windows,
      clean_host_after_writes: windowsLater,
      dirty_unasked: session.count(Event.dirty_unasked),
      slowdown: (own + reads.cycles + writes.cycles) / own,
      lost: session.complaints.length,
    },
    checks: [checkOf(session)],
  };
}

/** The guest's memory, written by it. */
function begin(session: Session, host: Host): void {
  const mapping = host === "file" ? "shared align=512 file=F" : "private align=512";
  session.play(`mmap A N rw ${mapping}`);
  if (host === "huge") session.play("madvise A 0 N hugepage");
  session.play("kvm G A 0 N");
  session.play("gwrite G 0 N");
}

/** Whatever can go, goes; a file must have it all on the disk. */
function end(session: Session, host: Host): void {
  if (host === "file") session.play("fsync F");
  session.play("madvise A 0 N pageout");
  session.play("gread G 0 N");
}

/** What the guest pays for the step, where it reads everything and writes a part. */
function refaultsOf(reads: Spent, writes: Spent): Record<string, number> {
  const both = (name: string): number => times(reads, name) + times(writes, name);
  return {
    read_exits: times(reads, "kvm_exit"),
    write_exits: times(writes, "kvm_exit"),
    violations: both("kvm_exit") - both("kvm_log_full"),
    host_faults: both("fault"),
    refault_cycles: reads.cycles + writes.cycles,
  };
}

/** What the step itself did. */
function countsOf(step: Measured): Record<string, number> {
  return {
    step_cycles: step.cycles,
    notifier_ranges: times(step, "notifier_range"),
    notifier_ages: times(step, "notifier_age"),
    notifier_cycles: step.notifierCycles,
    spte_zapped: times(step, "spte_zap"),
    spte_protected: times(step, "spte_protect"),
    spte_cleaned: times(step, "spte_clean"),
    spte_aged: times(step, "spte_age"),
    secondary_flushes: times(step, "kvm_flush"),
    primary_flushes: times(step, ...PRIMARY),
  };
}

function logs({ player }: StudyMachine): boolean {
  return player.guests.get("G")?.vm.logMode !== "off";
}

/** No store of the guest is lost, and no translation stale. */
function checkOf({ complaints: [first] }: Session): PointResult["checks"][number] {
  if (first === undefined) return { id: "oracle", ok: true };
  return { id: "oracle", ok: false, first: `${first.op}: ${first.id}: ${first.text}` };
}
