// The machine's CPUs: which one works, which address space each runs, and what its TLB may still hold
// (arch/x86/mm/tlb.c switch_mm_irqs_off, enter_lazy_tlb; arch/riscv/mm/context.c set_mm).
//
//   CPU 0   | P runs      | idle, lazy: P's tables stay loaded     | P runs: caught up with what it missed
//   CPU 1        | munmap by a thread of P: CPU 0 is not interrupted |
//
// Where an instruction reaches every CPU, nobody misses anything, and all this comes to nothing.

import type { MmCore } from "../core/mm.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { requestOf } from "../layout/invalidation.js";
import { Event } from "./events.js";
import type { Mm } from "./mm.js";
import type { Clocks } from "./time.js";

/** What is known of one CPU. */
interface CpuState {
  /** loaded_mm; null = the kernel's own tables. */
  mm: Mm | null;
  /** It idles, with the tables of `mm` still loaded. */
  lazy: boolean;
  /** Generation of each address space that its TLB is up to date with, the one that goes first in front. */
  readonly upTo: Map<Mm, number>;
}

/** CPUs of a machine; CPU 0 works. */
export class Cpus {
  private readonly states: readonly CpuState[];
  private readonly spaceFlags: number;
  /** CPUs that run no process are not told of flushes. */
  private readonly tellsRunning: boolean;
  private readonly contexts: number;

  constructor(
    private readonly mmu: MmCore,
    private readonly clocks: Clocks,
    hardware: CompiledLayout,
    private readonly count: (event: number, times: number) => void,
  ) {
    const { shootdown, space } = mmu.linux.flush;
    this.states = Array.from({ length: clocks.cpus }, () => ({
      mm: null,
      lazy: false,
      upTo: new Map(),
    }));
    this.spaceFlags = requestOf(hardware, space, { context: 0 }).flags;
    this.tellsRunning = shootdown.by === "ipi" && shootdown.cpus === "running";
    this.contexts = (shootdown.by === "ipi" ? shootdown.contexts : undefined) ?? Infinity;
  }

  /** The CPU that works. */
  get current(): number {
    return this.clocks.current;
  }

  private get state(): CpuState {
    const state = this.states[this.clocks.current];
    if (state === undefined) throw new RangeError(`no CPU ${this.clocks.current}`);
    return state;
  }

  /** What follows is done by another CPU. Returns which one worked before. */
  moveTo(cpu: number): number {
    const before = this.clocks.current;
    if (cpu === before) return before;
    this.clocks.current = cpu;
    this.mmu.exports.selectCpu(cpu);
    return before;
  }

  /** The CPU runs an address space (switch_mm). */
  run(mm: Mm): void {
    const { state } = this;
    if (state.mm === mm && !state.lazy) return;
    state.lazy = false;
    if (state.mm !== mm) this.load(state, mm);
    this.catchUp(state, mm);
  }

  private load(state: CpuState, mm: Mm): void {
    if (this.tellsRunning) state.mm?.cpus.delete(this.current);
    this.count(Event.mm_switch, 1);
    state.mm = mm;
    mm.cpus.add(this.current);
    this.mmu.exports.setRoots(BigInt(mm.root), 0n);
    this.mmu.exports.setContext(mm.context);
  }

  /** What was flushed while it ran something else goes as a whole; so does what a new owner of its place finds. */
  private catchUp(state: CpuState, mm: Mm): void {
    const { upTo } = state;
    const known = upTo.get(mm);
    if (known === undefined) {
      for (const [oldest] of upTo) {
        if (upTo.size < this.contexts) break;
        upTo.delete(oldest);
        this.drop(oldest);
      }
    } else if (known !== mm.tlbGeneration) {
      this.count(Event.tlb_flush_late, 1);
      this.drop(mm);
    }
    upTo.set(mm, mm.tlbGeneration);
  }

  /** All of the CPU's translations of an address space go. */
  private drop(mm: Mm): void {
    this.mmu.exports.invalidatePages(this.spaceFlags, mm.context, 0, this.mmu.pages);
  }

  /** Nothing is left to run (enter_lazy_tlb). */
  idle(): void {
    this.state.lazy = true;
  }

  /** Whether the CPU has its tables loaded, so that a flush is its own business. */
  hasLoaded(mm: Mm): boolean {
    return this.state.mm === mm || (!this.tellsRunning && mm.cpus.has(this.current));
  }

  /**
   * Other CPUs that are to be told of a flush. A lazy one is not, unless tables were freed, which it might walk: then
   * it lets go of the address space instead (native_flush_tlb_multi, flush_tlb_func).
   */
  toTell(mm: Mm, freedTables: boolean): number[] {
    const told: number[] = [];
    for (const cpu of mm.cpus) {
      const state = this.states[cpu];
      if (cpu === this.current || state === undefined) continue;
      if (!this.tellsRunning || !state.lazy || freedTables) told.push(cpu);
    }
    return told;
  }

  /** The CPU, which flushed or was told to, is up to date. False: it was lazy, and gave the address space up. */
  flushed(mm: Mm): boolean {
    const { state } = this;
    if (state.lazy && this.tellsRunning && state.mm === mm) {
      state.mm = null;
      mm.cpus.delete(this.current);
      return false;
    }
    if (state.upTo.has(mm)) state.upTo.set(mm, mm.tlbGeneration);
    return true;
  }

  /** An address space was flushed for the last time; another may get its number, so those who missed that catch up. */
  forget(mm: Mm): void {
    const worked = this.current;
    this.states.forEach(({ upTo }, cpu) => {
      const known = upTo.get(mm);
      upTo.delete(mm);
      if (known === undefined || known === mm.tlbGeneration) return;
      this.moveTo(cpu);
      this.drop(mm);
    });
    for (const state of this.states) if (state.mm === mm) state.mm = null;
    this.moveTo(worked);
  }
}
