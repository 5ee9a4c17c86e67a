// Plays a script on a simulated kernel, one operation after the other.

import { Access } from "../../assembly/abi/stop.js";
import { MmulateError } from "../errors.js";
import { userFault } from "../kernel/fault.js";
import type { FaultResult } from "../kernel/fault-types.js";
import { setStamp, stampOf } from "../kernel/folio.js";
import { type Pins, unpinPages } from "../kernel/gup.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { exitMm } from "../kernel/mmap.js";
import { mprotect } from "../kernel/mprotect.js";
import { newMm } from "../kernel/new-mm.js";
import { uffdWriteProtect } from "../kernel/userfaultfd.js";
import { VM_READ, VM_WRITE } from "../kernel/vm-flags.js";
import type { Observation } from "../stats/observation.js";
import { FrameNumbers } from "./entry-state.js";
import type { Guest } from "./guest.js";
import { Meanwhile } from "./meanwhile.js";
import type { Operation } from "./script.js";
import { Threads } from "./threads.js";

/** What a name stands for: pages of address space. */
export interface Region {
  readonly start: number;
  /** Pages that `pagemap` shows. */
  readonly pages: number;
}

/** One process of a script. */
export interface Process {
  readonly mm: Mm;
  readonly regions: Map<string, Region>;
  /** Pages it holds pinned, by the words of the operation. */
  readonly pins: Map<string, Pins>;
  /** What its SIGSEGV handler does. */
  onSegv: "skip" | "unprotect";
  /** The OOM killer chose it: it is gone, but for its name. */
  killed?: boolean;
}

/** What accesses met: pages, counted in address space. */
export interface Trouble {
  readonly segv: number[];
  readonly wpfault: number[];
  /** Names of processes that the OOM killer ended. */
  readonly killed: string[];
}

/** The end of a process: its memory goes, then its pins. */
export function endProcess(kernel: Kernel, { mm, pins }: Process): void {
  exitMm(kernel, mm);
  for (const each of pins.values()) unpinPages(kernel, each);
}

/** Follows a run. */
export interface Watch {
  /** An operation begins; what is returned is called when it is done. */
  begin(operation: Operation, process: Process): (shown: Observation) => void;
  /** What is played comes in the middle of another operation: the state is looked at when that is over. */
  between<T>(play: () => T): T;
  /** An access went through: `seen` is what the page's first byte now is. */
  touched(process: Process, page: number, seen: number, frame: number, wrote: boolean): void;
  /** An access ended in SIGSEGV, or in SIGBUS. */
  denied(process: Process, page: number, write: boolean, result: FaultResult): void;
  /** The handler of SIGSEGV made the page writable. */
  unprotected(process: Process, page: number): void;
  /** A page was written to from outside, whatever its mapping allows. */
  forced(process: Process, page: number, value: number): void;
  /** A page is not as the script expects it. */
  unexpected(page: number): void;
  /** The OOM killer ended a process. */
  killed(process: Process): void;
  /** A guest's access went through to a page of its VMM: `seen` is what the page's first byte now is. */
  guestTouched(guest: Guest, gfn: number, seen: number, wrote: boolean): void;
  /** A guest's written pages were told; `cleared`: those of a range were forgotten (null: those told, all of them). */
  dirtyTold(
    guest: Guest,
    gfns: readonly number[] | null,
    cleared: readonly [number, number] | null,
  ): void;
}

/** Bytes between the places of regions, and of the first one. */
const REGION_SHIFT = 32;
const FIRST_REGION_SHIFT = 44;
/** Regions without alignment begin so many pages behind their place. */
const REGION_OFFSET = 64;

/** One access never takes more: a marker, a protection, a copy, an access flag. */
const MAX_FAULTS = 16;

function endless(page: number): MmulateError {
  return new MmulateError("INTERNAL", `an access to page ${page} faults without end`);
}

/** Processes, regions and the CPU of a script's run. */
export class Player {
  readonly processes = new Map<string, Process>();
  /** Follows the run; null = nobody does. */
  watch: Watch | null = null;
  /** What `state` calls frames. */
  readonly frameNumbers = new FrameNumbers();
  readonly threads = new Threads<Process>();
  /** Virtual machines by their name. */
  readonly guests = new Map<string, Guest>();
  private regions = 0;
  /** Accesses that went through. */
  readonly accesses = { reads: 0, writes: 0 };
  private trouble: Trouble = { segv: [], wpfault: [], killed: [] };

  constructor(readonly kernel: Kernel) {
    this.processes.set("P", {
      mm: newMm(kernel),
      regions: new Map(),
      pins: new Map(),
      onSegv: "skip",
    });
    kernel.onKill = (mm) => {
      if (mm !== this.acting) this.endKilled(mm);
    };
    kernel.monitor = (mm, page) => {
      this.trouble.wpfault.push(page);
      const pages = mm.vmas.at(page)?.huge?.pool.pages ?? 1;
      uffdWriteProtect(kernel, mm, page, page + pages, "off");
    };
  }

  /**
   * A process by its name.
   * @throws MmulateError INTERNAL when there is none
   */
  processNamed(name: string): Process {
    const process = this.processes.get(name);
    if (process === undefined) throw new MmulateError("INTERNAL", `no process "${name}"`);
    return process;
  }

  /** First page of the next region. */
  nextPlace(aligned: boolean): number {
    const { pageShift } = this.kernel.hardware;
    const base = 2 ** (this.baseShift() - pageShift);
    const place = base + this.regions * 2 ** (REGION_SHIFT - pageShift);
    this.regions++;
    return place + (aligned ? 0 : REGION_OFFSET);
  }

  /** 2^44, or what a smaller address space has room for. */
  private baseShift(): number {
    const { vaBits } = this.kernel.hardware.halves[0];
    return Math.min(FIRST_REGION_SHIFT, vaBits - 3);
  }

  /** Forgets what accesses met so far, and returns it. */
  takeTrouble(): Trouble {
    const { trouble } = this;
    this.trouble = { segv: [], wpfault: [], killed: [] };
    return trouble;
  }

  /** What was met before an interruption belongs to the operation that was interrupted. */
  addTrouble({ segv, wpfault, killed }: Trouble): void {
    this.trouble.segv.unshift(...segv);
    this.trouble.wpfault.unshift(...wpfault);
    this.trouble.killed.unshift(...killed);
  }

  /** What another CPU is to do while the next operation runs. */
  readonly meanwhile = new Meanwhile();

  /** Whose operation is played: killed, it ends when that is over, others at once. */
  acting: Mm | null = null;

  /** The end of a process that the OOM killer chose. */
  endKilled(mm: Mm): void {
    for (const [name, process] of this.processes) {
      if (process.mm !== mm || process.killed === true) continue;
      endProcess(this.kernel, process);
      process.killed = true;
      this.threads.end(process);
      this.trouble.killed.push(name);
      this.watch?.killed(process);
    }
  }

  /**
   * Touches byte 0 of a page.
   * @param value what a write stores; left out for a read
   * @returns what a read saw; null when the access ended in SIGSEGV
   */
  touch(process: Process, page: number, value?: number): number | null {
    const { kernel } = this;
    const write = value !== undefined;
    if (process.mm.killed) return null;
    kernel.cpus.run(process.mm);
    let faults = 0;
    let handled = false;
    while (kernel.mmu.exports.touch(page, write ? Access.UserWrite : Access.UserRead) !== 0) {
      if (++faults > MAX_FAULTS) throw endless(page);
      const result = userFault(kernel, process.mm, page, write);
      if (result === "done") continue;
      if (result === "killed") return null;
      if (!handled) this.trouble.segv.push(page);
      this.watch?.denied(process, page, write, result);
      // A page that the handler cannot make accessible (a guard) is given up.
      if (handled || !this.unprotected(process, page)) return null;
      handled = true;
    }
    const frame = kernel.mmu.exports.touchedFrame();
    if (write) setStamp(kernel, frame, value);
    this.accesses[write ? "writes" : "reads"]++;
    const seen = stampOf(kernel, frame);
    this.watch?.touched(process, page, seen, frame, write);
    return seen;
  }

  /** The SIGSEGV handler makes the page writable; true: the access is tried again. */
  private unprotected(process: Process, page: number): boolean {
    if (process.onSegv === "skip") return false;
    if (mprotect(this.kernel, process.mm, page, page + 1, VM_READ | VM_WRITE) !== 0) return false;
    this.watch?.unprotected(process, page);
    return true;
  }
}
