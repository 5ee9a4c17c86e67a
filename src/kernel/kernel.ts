// The simulated kernel: one machine's memory, its processes, its version and its counters.

import type { Feature } from "../../arch/linux/kernels.js";
import type { Core } from "../core/core.js";
import { MmCore } from "../core/mm.js";
import type { CompiledLayout } from "../layout/compiled.js";
import { Pte } from "../layout/linux-flags.js";
import type { CompiledLinuxLayout } from "../layout/linux-layout.js";
import type { PaeHooks, PaeScheme } from "../pae/types.js";
import type { AnonVmaPool } from "./anon-vma.js";
import { BesideTable } from "./beside.js";
import { CacheLines, STRUCT_PAGE_BYTES, VMA_BYTES } from "./cache-lines.js";
import { Cpus } from "./cpus.js";
import { DeferredFlush } from "./deferred-flush.js";
import { EVENT_MEANINGS } from "./events.js";
import { featuresOf, type KernelConfig, type VmSoftDirtyRule } from "./features.js";
import { type HugePool, hugePools } from "./hugetlb-pool.js";
import type { Mm } from "./mm.js";
import { MmLocks } from "./mm-locks.js";
import { type KernelPrograms, kernelPrograms } from "./programs.js";
import type { NotifierList } from "./secondary-mmu.js";
import type { SharedObject } from "./shared-object.js";
import { Steps } from "./steps.js";
import { SwapSlots } from "./swap-slots.js";
import { Clocks } from "./time.js";
import { TlbFlush } from "./tlb-flush.js";
import { type Watermarks, watermarks } from "./watermarks.js";

/** What a kernel is made of. */
export interface KernelParts {
  /** Reset, with the window on and layout and CPUs loaded. */
  readonly core: Core;
  readonly hardware: CompiledLayout;
  readonly linux: CompiledLinuxLayout;
  readonly config: KernelConfig;
  /** CPUs of the core that are loaded; those of the configuration unless said. */
  readonly cpus?: number;
  /** How it knows that an anonymous page is exclusive. */
  readonly pae: PaeScheme<Kernel>;
}

/** Answers a userfaultfd message: takes the protection off the page, or does not. */
export type Monitor = (mm: Mm, page: number) => void;

/** One simulated kernel. */
export class Kernel {
  readonly mmu: MmCore;
  readonly hardware: CompiledLayout;
  readonly config: KernelConfig;
  readonly programs: KernelPrograms;
  readonly pae: PaeHooks;
  readonly tlb: TlbFlush;
  /** Flushes that reclaim owes. */
  readonly deferred: DeferredFlush;
  readonly clocks: Clocks;
  readonly cpus: Cpus;
  readonly locks: MmLocks;
  /** Where another CPU comes between. */
  readonly steps = new Steps();
  /** Last-level entries of a table. */
  readonly entriesPerTable: number;
  /** Count of each event, by `Event`. */
  readonly events = new Float64Array(EVENT_MEANINGS.length);
  /** Cycles of each event. */
  private readonly costs: Float64Array;
  private readonly lines: CacheLines;
  /** What soft-dirty bits beside the page table cost; null = they stand in it. */
  readonly beside: BesideTable | null;
  /** The CPU on which the monitor of userfaultfds waits; null: on that of the thread which faults. */
  readonly monitorCpu: number | null;
  /** Who reads the messages of synchronous userfaultfds. */
  monitor: Monitor = () => undefined;
  /**
   * What other CPUs do between two page tables of a call that lets faults in (forEachRunShared, pagemap-scan.ts), each
   * time; null = they stand still, and each call is played as one. Single steps that scripts name are in steps.ts.
   */
  meanwhile: (() => void) | null = null;
  /** Follows the events of an explained run; null = nobody does. */
  onEvent: ((event: number, times: number) => void) | null = null;
  /** Shared objects that live, by their number. */
  readonly objects = new Map<number, SharedObject>();
  /** Those of them that are files, by name. */
  readonly files = new Map<string, SharedObject>();
  /** Slots of the swap device. */
  readonly swap: SwapSlots;
  /** Pools of huge pages. */
  readonly hugePools: readonly HugePool[];
  readonly anonVmas: AnonVmaPool = { living: 0 };
  /** Folios in migration, by head: where each goes (migrate.ts). */
  readonly migrations = new Map<number, number>();
  /** The swap device is in use. */
  swapOn: boolean;
  /** The frame that reclaim looks at next. */
  reclaimHand = 1;
  /** How often in a row kswapd got nothing. */
  reclaimFailures = 0;
  readonly watermarks: Watermarks;
  /** A process is chosen to die for its memory; whoever runs processes ends it. */
  onKill: (mm: Mm) => void = () => undefined;
  /** Address spaces that live. */
  readonly mms = new Set<Mm>();
  /** Heads of folios that are mapped only in part, in the order they came to be so (partly-mapped.ts). */
  readonly deferredSplit = new Set<number>();
  /** Who else translates address spaces (notifier.ts). */
  readonly notifiers: NotifierList = new Map();
  /** Cycles spent in them, flushes of theirs among it. */
  notifierCycles = 0;
  /** Head of the huge zero page; 0 = not made yet (huge-zero.ts). */
  hugeZeroFrame = 0;
  /** The zero page; it has no mappings, and a reference that is never dropped. */
  readonly zeroFrame: number;
  /** pte_mkdirty: dirty, and soft-dirty where the layout has it so and the kernel is configured for it. */
  readonly madeDirty: number;
  /** The same where a page is written: what a write fault sets. */
  readonly written: number;
  /** Entries of large folios are folded into contiguous groups (contpte.ts). */
  readonly foldsGroups: boolean;
  /** Soft-dirty is there: in the layout, and configured. */
  readonly softDirty: boolean;
  /** What VM_SOFTDIRTY means to merging VMAs (vma-merge.ts). */
  readonly vmSoftDirty: VmSoftDirtyRule;
  private readonly features: ReadonlySet<Feature>;
  private nextMm = 1;
  private nextObject = 1;

  /** @throws MmulateError MEMORY when the frames do not fit the memory */
  constructor({ core, hardware, linux, config, pae, cpus = config.cpus ?? 1 }: KernelParts) {
    this.hardware = hardware;
    this.config = config;
    this.costs = new Float64Array(
      EVENT_MEANINGS.map(([name]) => config.costs.events[name]?.cycles ?? 0),
    );
    this.clocks = new Clocks(cpus);
    this.lines = new CacheLines(config.costs.nearBytes, (event, times) => this.count(event, times));
    this.beside = config.softDirtyBeside === true ? new BesideTable(this, this.lines) : null;
    this.monitorCpu = (config.cpus ?? 1) > 1 ? cpus - 1 : null;
    this.features = featuresOf(config.version, config.architecture);
    this.locks = new MmLocks(this.clocks, this.has("perVmaLocks"));
    this.mmu = new MmCore(core, linux, config.frames);
    this.mmu.exports.limitMemory();
    this.entriesPerTable = 2 ** (hardware.halves[0].levels[0]?.indexBits ?? 0);
    this.softDirty = config.softDirty && linux.has.softDirty;
    this.vmSoftDirty = config.vmSoftDirty ?? (this.has("stickySoftDirty") ? "sticky" : "plain");
    const setter = config.softDirtyBy ?? (linux.dirtySetsSoftDirty ? "mkdirty" : "nobody");
    const softDirty = this.softDirty ? Pte.softDirty : 0;
    this.madeDirty = Pte.dirty | (setter === "mkdirty" ? softDirty : 0);
    this.written = Pte.dirty | (setter === "nobody" ? 0 : softDirty);
    this.foldsGroups = this.has("contpte") && linux.has.contiguous;
    this.zeroFrame = this.mmu.exports.allocateFrames(0);
    this.programs = kernelPrograms(this.mmu, pae);
    this.pae = pae.hooks(this);
    this.swapOn = config.swap;
    this.watermarks = watermarks(config.frames, config.page);
    this.swap = new SwapSlots(config.swap ? config.frames : 0);
    this.hugePools = hugePools(hardware, config, linux.has.contiguous);
    const { mmu, clocks } = this;
    const count = (event: number, times: number) => this.count(event, times);
    this.cpus = new Cpus(mmu, clocks, hardware, count);
    this.tlb = new TlbFlush({
      ...{ mmu, hardware, clocks, cpus: this.cpus, count },
      everywhere: this.has("broadcastUpgrade"),
      ranges: config.rangeFlush ?? false,
    });
    const batches = this.has("reclaimFreesInBatches");
    this.deferred = new DeferredFlush(this.tlb, this.has("defersReclaimFlush"), batches);
  }

  /** Whether this version has a feature. */
  has(feature: Feature): boolean {
    return this.features.has(feature);
  }

  /** A safeguard (safeguards.ts) is taken out. */
  lacks(safeguard: string): boolean {
    return this.config.without?.includes(safeguard) ?? false;
  }

  /** An event (`Event`) happened so many times: it is counted, and the running CPU spends what it costs. */
  count(event: number, times = 1): void {
    this.events[event] = (this.events[event] ?? 0) + times;
    if (this.onEvent !== null) this.onEvent(event, times);
    this.clocks.spend(times * (this.costs[event] ?? 0));
    if (this.beside !== null) this.beside.note(event, times);
  }

  /** struct pages of so many pages are touched, among those of all pages in use. */
  touchPages(pages: number): void {
    if (!this.lines.limited) return;
    const used = this.config.frames - this.mmu.exports.freeFrameCount();
    this.lines.touch(pages, used * STRUCT_PAGE_BYTES);
  }

  /** Lines of VMAs and of their tree are touched, among those of an address space. */
  touchVmas(lines: number, vmas: number): void {
    this.lines.touch(lines, vmas * VMA_BYTES);
  }

  /** Number of the next address space. */
  newMmId(): number {
    return this.nextMm++;
  }

  /** Number of the next shared object. */
  newObjectId(): number {
    return this.nextObject++;
  }
}
