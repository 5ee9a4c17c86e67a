// Watches a script's run (`--check`): tells the plain memory model what the script does, and compares what
// it must see; after each operation the kernel's state is audited.

import type { FaultResult } from "../kernel/fault-types.js";
import { forgetFiles } from "../kernel/file.js";
import { isGuard } from "../kernel/guard.js";
import type { Kernel } from "../kernel/kernel.js";
import { endMigration } from "../kernel/migrate.js";
import { dropUnused, endWriteback, isUnderWriteback } from "../kernel/swap-device.js";
import { VM_ACCESS_FLAGS, VM_DONTCOPY, VM_WIPEONFORK, VM_WRITE } from "../kernel/vm-flags.js";
import { checkAccess } from "../oracle/access.js";
import type { Violation } from "../oracle/audit.js";
import { checkContiguous } from "../oracle/contiguous.js";
import { checkFiles } from "../oracle/files.js";
import { checkKernel } from "../oracle/invariants.js";
import { checkPinnedPages } from "../oracle/pinned-pages.js";
import { PlainMemory } from "../oracle/plain-memory.js";
import { checkSecondary, GuestWrites } from "../oracle/secondary.js";
import type { Observation } from "../stats/observation.js";
import { checkWrittenBack } from "./checker-files.js";
import { PLAIN_VERBS, rangeOf } from "./checker-verbs.js";
import type { Guest } from "./guest.js";
import type { Player, Process, Watch } from "./player.js";
import type { Operation } from "./script.js";

/** A rule that an operation broke. */
export interface Complaint extends Violation {
  readonly op: string;
}

/** Watches one player. */
export class Checker implements Watch {
  readonly complaints: Complaint[] = [];
  private readonly memory = new PlainMemory();
  private readonly written = new GuestWrites();
  private op = "";
  /** In the middle of another operation. */
  private inside = false;

  constructor(
    private readonly player: Player,
    private readonly kernel: Kernel,
  ) {}

  private complain(violations: readonly Violation[]): void {
    for (const each of violations) this.complaints.push({ ...each, op: this.op });
  }

  begin(operation: Operation, process: Process): (shown: Observation) => void {
    this.op = `${operation.where}: ${operation.text}`;
    const prepare = PLAIN_VERBS.get(operation.verb);
    const after = prepare?.(this.memory, this.player, process, operation) ?? (() => null);
    const { failures } = this.kernel.mmu.exports;
    const before = failures.valueOf();
    return ({ errno }) => {
      const ranOut = failures.valueOf() !== before || process.killed === true;
      const failed = ranOut && errno !== 0;
      // How far a call came before it found no memory, the plain model is told.
      const want = failed && operation.verb !== "mremap" ? null : after(errno);
      if (failed) this.learn(process, operation);
      else if (want !== null && want !== errno) {
        this.complain([{ id: "errno", text: `${errno}, should be ${want}` }]);
      }
      if (errno === 0)
        this.complain(checkWrittenBack(this.memory, this.player, operation, process));
      this.audit();
    };
  }

  /** After a call that found no memory: which pages there are, and what may be done with them. */
  private learn(process: Process, operation: Operation): void {
    const { vmas } = process.mm;
    this.memory.learn(process, (at) => {
      const vma = vmas.at(at);
      if (vma === null) return null;
      return {
        readable: (vma.flags & VM_ACCESS_FLAGS) !== 0,
        writable: (vma.flags & VM_WRITE) !== 0,
        guard: isGuard(this.kernel, process.mm, at),
        notForked: (vma.flags & VM_DONTCOPY) !== 0,
        wipedOnFork: (vma.flags & VM_WIPEONFORK) !== 0,
      };
    });
    if (operation.words[3] !== "guard_install") return;
    // What it met went before it found no memory for all the guards.
    const [start, end] = rangeOf(process, operation);
    this.memory.madvise(process, start, end, "free");
  }

  between<T>(play: () => T): T {
    const { op } = this;
    this.inside = true;
    try {
      return play();
    } finally {
      this.inside = false;
      this.op = op;
    }
  }

  private audit(): void {
    if (this.inside) return;
    const processes = this.living();
    const spaces = processes.map(({ mm }) => mm);
    const pinned = processes.flatMap(({ pins }) => [...pins.values()].flat());
    this.complain(checkKernel(this.kernel, { spaces, pinned }));
    this.complain(checkPinnedPages(this.kernel, this.memory));
    for (const mm of spaces) this.complain(checkContiguous(this.kernel, mm));
    const machines = [...this.player.guests.values()].map(({ vm }) => vm);
    for (const vm of machines) this.complain(checkSecondary(this.kernel, vm));
    this.complain(checkFiles(this.kernel, spaces, machines));
  }

  private living(): Process[] {
    return [...this.player.processes.values()].filter(({ killed }) => killed !== true);
  }

  forced(process: Process, page: number, value: number): void {
    this.memory.write(process, page, value);
  }

  unexpected(page: number): void {
    this.complain([{ id: "what the script expects", text: `page ${page}` }]);
  }

  killed(process: Process): void {
    this.memory.exit(process);
  }

  guestTouched({ vm, process }: Guest, gfn: number, seen: number, wrote: boolean): void {
    const slot = vm.slotOf(gfn);
    if (slot === null) return;
    const page = slot.page + (gfn - slot.gfn);
    if (!this.memory.allows(process, page, wrote)) {
      this.complain([{ id: "access", text: `guest page ${gfn}: went through, should not` }]);
    }
    if (wrote) {
      this.memory.write(process, page, seen);
      this.written.write(vm, gfn);
      return;
    }
    const want = this.memory.read(process, page, seen);
    if (want !== null) {
      this.complain([
        { id: "contents", text: `guest page ${gfn}: read ${seen}, should be ${want}` },
      ]);
    }
  }

  dirtyTold(
    { vm }: Guest,
    gfns: readonly number[] | null,
    cleared: readonly [number, number] | null,
  ): void {
    const missing = gfns === null ? [] : this.written.missing(vm, gfns);
    for (const gfn of missing) {
      this.complain([{ id: "written pages are told", text: `guest page ${gfn}` }]);
    }
    if (cleared !== null) this.written.forget(vm, ...cleared);
    else if (gfns === null) this.written.forget(vm);
  }

  touched(process: Process, page: number, seen: number, frame: number, wrote: boolean): void {
    if (!this.memory.allows(process, page, wrote)) {
      this.complain([{ id: "access", text: `page ${page}: went through, should not` }]);
    }
    // Until the call that is interrupted has flushed, a TLB may know what its tables no longer say.
    if (!this.inside) this.complain(checkAccess(this.kernel, process.mm, page, wrote, frame));
    if (wrote) {
      this.memory.write(process, page, seen);
      if (isUnderWriteback(this.kernel, frame)) {
        const id = "a page stays as it is while a device writes it";
        this.complain([{ id, text: `page ${page}` }]);
      }
      return;
    }
    const want = this.memory.read(process, page, seen);
    if (want !== null) {
      this.complain([{ id: "contents", text: `page ${page}: read ${seen}, should be ${want}` }]);
    }
  }

  denied(process: Process, page: number, write: boolean, result: FaultResult): void {
    if (!this.memory.allows(process, page, write)) return;
    // The pool may be empty; how full it is, the plain model does not know.
    if (result === "sigbus" && this.memory.hasHuge(process, page, page + 1)) return;
    this.complain([{ id: "access", text: `page ${page}: denied, should not be` }]);
  }

  unprotected(process: Process, page: number): void {
    this.memory.mprotect(process, page, page + 1, "rw");
  }

  /** The script is over: all processes end, and nothing may be left of them. */
  finish(exit: (process: Process) => void): void {
    this.op = "all processes exit";
    for (const head of [...this.kernel.migrations.keys()]) endMigration(this.kernel, head);
    for (const process of this.living()) exit(process);
    this.player.processes.clear();
    // Nobody's pages in the swap cache are no leak: the next reclaim takes them. Files outlive all processes.
    endWriteback(this.kernel);
    dropUnused(this.kernel);
    this.audit();
    forgetFiles(this.kernel);
    this.audit();
    const { kernel } = this;
    const left: readonly (readonly [string, number])[] = [
      ["page tables", Number(kernel.mmu.exports.tableCount.valueOf())],
      ["swap slots", kernel.swap.inUse],
      ["folios in the swap cache", kernel.swap.firstSlot.size],
      ["anon_vmas", kernel.anonVmas.living],
      ["shared objects", kernel.objects.size],
      ["address spaces", kernel.mms.size],
    ];
    for (const [what, count] of left) {
      if (count !== 0) this.complain([{ id: "no leaks", text: `${count} ${what} are left` }]);
    }
  }
}
