// Tells what a script's operations do to entries (`--explain`): puts its own functions before the core's that
// change entries, and compares flags before and after.
//
//   count(fault_copy)  clearEntry(slot)  makeLeaf(slot, frame)     -> one step: page, before, after, fault_copy
//   touch(page)                                                    -> what the CPU itself changed
//
// A slot is known by its table: findEntry and makeEntry, which every user of slots calls first, say which
// pages a table is for.

import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_FUNCTIONS } from "../../arch/linux/functions.js";
import type { CoreExports } from "../core/instantiate.js";
import { EVENT_MEANINGS } from "../kernel/events.js";
import type { Kernel } from "../kernel/kernel.js";
import { entriesPerTable, leafAt } from "../kernel/walk-entries.js";
import type { EntryStep, Narration } from "../stats/observation.js";
import { type DescribedEntry, describeEntry } from "./describe-entry.js";
import type { Player } from "./player.js";

/** One entry's change. */
interface Change {
  readonly slot: number;
  readonly root: number;
  readonly page: number;
  /** Where it is, if that was known then: a process may be gone when the operation is over. */
  readonly place: Place | null;
  readonly before: DescribedEntry;
  after: DescribedEntry;
  readonly rule: string;
}

/** "P", region "A", page 3. */
interface Place {
  readonly owner: string;
  readonly region: string;
  readonly first: number;
}

/** Pages of a table of the last three levels. */
interface TablePages {
  readonly root: number;
  readonly first: number;
  /** Level of its entries, and pages that each stands for. */
  readonly level: number;
  readonly span: number;
}

const ENTRY_BYTES = 8;
/** What the CPU's own updates are called. */
const HARDWARE = "hardware";
const NO_RULE = "operation";

/** Follows one player. */
export class Narrator {
  private readonly tables = new Map<number, TablePages>();
  private readonly frames = new Map<number, number>();
  private readonly core: CoreExports;
  private readonly tableBytes: number;
  private changes: Change[] = [];
  private events = new Map<string, number>();
  private rule = NO_RULE;
  private root = 0;

  constructor(
    private readonly player: Player,
    private readonly kernel: Kernel,
  ) {
    this.core = kernel.mmu.exports;
    this.tableBytes = entriesPerTable(kernel) * ENTRY_BYTES;
    kernel.onEvent = (event, times) => this.onEvent(event, times);
    kernel.mmu.exports = this.watched();
  }

  private onEvent(event: number, times: number): void {
    const [name = ""] = EVENT_MEANINGS[event] ?? [];
    if (times > 0) this.events.set(name, (this.events.get(name) ?? 0) + times);
    if (LINUX_FUNCTIONS.get(name)?.rule === true) this.rule = name;
  }

  /** The core's functions, those that change entries with an eye on them. */
  private watched(): CoreExports {
    const { core } = this;
    const one = <Rest extends unknown[], R>(call: (slot: number, ...rest: Rest) => R) => {
      return (slot: number, ...rest: Rest): R =>
        this.watch([[slot, 1]], this.rule, () => call(slot, ...rest));
    };
    const watched: Partial<CoreExports> = {
      findEntry: (root, page, level) =>
        this.learn(core.findEntry(root, page, level), root, page, level),
      makeEntry: (root, page, level) =>
        this.learn(core.makeEntry(root, page, level), root, page, level),
      updateEntry: one(core.updateEntry),
      protectEntry: one(core.protectEntry),
      makeLeaf: one(core.makeLeaf),
      makeAbsent: one(core.makeAbsent),
      clearEntry: one(core.clearEntry),
      moveEntry: (from, to) =>
        this.watch(
          [
            [from, 1],
            [to, 1],
          ],
          this.rule,
          () => core.moveEntry(from, to),
        ),
      copyEntry: (from, to) => this.watch([[to, 1]], this.rule, () => core.copyEntry(from, to)),
      apply: (program, slot, copy, count) => {
        const runs: [number, number][] =
          copy === 0
            ? [[slot, count]]
            : [
                [slot, count],
                [copy, count],
              ];
        return this.watch(runs, this.rule, () => core.apply(program, slot, copy, count));
      },
      setRoots: (lower, upper) => {
        this.root = Number(lower);
        core.setRoots(lower, upper);
      },
      touch: (page, access) => {
        const slot = leafAt(this.kernel, this.root, page)?.slot ?? 0;
        return this.watch(slot === 0 ? [] : [[slot, 1]], HARDWARE, () => core.touch(page, access));
      },
    };
    return Object.assign(Object.create(core) as CoreExports, watched);
  }

  private learn(found: number, root: number, page: number, level: number): number {
    const slot = found >>> 0;
    if (slot !== 0 && level < 3) {
      const span = (this.tableBytes / ENTRY_BYTES) ** level;
      const table = slot - (slot % this.tableBytes);
      const index = (slot - table) / ENTRY_BYTES;
      const first = page - (page % span) - index * span;
      this.tables.set(table, { root, first, level, span });
    }
    return slot;
  }

  private watch<R>(runs: readonly [number, number][], rule: string, call: () => R): R {
    const slots = runs.flatMap(([slot, count]) =>
      Array.from({ length: count }, (_, i) => (slot >>> 0) + ENTRY_BYTES * i),
    );
    const before = slots.map((slot) => ({ slot, entry: this.describe(slot) }));
    const result = call();
    for (const { slot, entry } of before) this.record(slot, entry, this.describe(slot), rule);
    return result;
  }

  private describe(slot: number): DescribedEntry {
    return describeEntry(this.core, slot, this.tableOf(slot)?.level ?? 0);
  }

  private tableOf(slot: number): TablePages | undefined {
    return this.tables.get(slot - (slot % this.tableBytes));
  }

  private record(slot: number, before: DescribedEntry, after: DescribedEntry, rule: string): void {
    if (isSame(before, after)) return;
    const table = this.tableOf(slot);
    if (table === undefined) return;
    const last = this.changes.at(-1);
    if (last?.slot === slot && last.rule === rule) {
      last.after = after;
      return;
    }
    const page = table.first + ((slot % this.tableBytes) / ENTRY_BYTES) * table.span;
    const { root } = table;
    const place = this.placeOf(root, page);
    this.changes.push({ slot, root, page, place, before, after, rule });
  }

  /** What happened since it was last asked. */
  take(): Narration {
    const steps: EntryStep[] = [];
    for (const change of this.changes) this.tell(steps, change);
    const narration = { steps, events: Object.fromEntries(this.events) };
    this.changes = [];
    this.events = new Map();
    this.rule = NO_RULE;
    return narration;
  }

  /** Neighbours that changed alike are one step. */
  private tell(steps: EntryStep[], change: Change): void {
    const { before: old, after, rule } = change;
    if (isSame(old, after)) return;
    const place = change.place ?? this.placeOf(change.root, change.page) ?? cachePlace(change.page);
    const step = {
      ...place,
      last: place.first,
      before: old.text,
      after: after.text,
      frames: [[this.frameNumber(old.frame), this.frameNumber(after.frame)] as const],
      rule,
      cite: this.citeOf(rule),
    };
    const index = steps.findLastIndex(
      (each) => each.owner === step.owner && each.region === step.region && alike(each, step),
    );
    const before = steps[index];
    if (before !== undefined && before.last + 1 === step.first) {
      const frames = [...before.frames, ...step.frames];
      steps[index] = { ...before, last: step.first, frames };
    } else steps.push(step);
  }

  /** Frames are numbered as they appear. */
  private frameNumber(frame: number): number {
    if (frame === 0) return 0;
    const number = this.frames.get(frame) ?? this.frames.size + 1;
    this.frames.set(frame, number);
    return number;
  }

  private citeOf(rule: string): string {
    if (rule !== HARDWARE) return LINUX_FUNCTIONS.get(rule)?.cite ?? "";
    const { architecture } = this.kernel.hardware;
    return ARCHITECTURES.get(architecture)?.dirty.cite ?? "";
  }

  /** Null: of no process; or of a child in the making. */
  private placeOf(root: number, page: number): Place | null {
    for (const [owner, { mm, regions }] of this.player.processes) {
      if (mm.root !== root) continue;
      const [name, region] =
        [...regions].findLast(([, { start, pages }]) => start <= page && page < start + pages) ??
        [];
      if (name === undefined || region === undefined) return { owner, region: "", first: page };
      return { owner, region: name, first: page - region.start };
    }
    return null;
  }
}

function cachePlace(page: number): Place {
  return { owner: "page cache", region: "", first: page };
}

function isSame(a: DescribedEntry, b: DescribedEntry): boolean {
  return a.text === b.text && a.frame === b.frame;
}

function alike(a: EntryStep, b: EntryStep): boolean {
  return a.before === b.before && a.after === b.after && a.rule === b.rule;
}
