// A typed view of one instance: configuration in, batches in, counters and the stop block out.
//
// Linear memory may grow in any call, and a view ends where memory ended when it was made; so views are made
// anew. The memory is shared, which lets trace readers fill it from another thread (docs/adr/0014).

import { COUNTERS, type Counter } from "../../assembly/abi/counters.js";
import { EVENT_BYTES } from "../../assembly/abi/event.js";
import * as map from "../../assembly/abi/memory-map.js";
import type { FaultKind, Stop } from "../../assembly/abi/stop.js";
import * as stop from "../../assembly/abi/stop.js";
import * as log from "../../assembly/abi/walk-log.js";
import { MmulateError } from "../errors.js";
import type { CompiledLayout } from "../layout/compiled.js";
import type { CompiledCpu } from "../layout/cpu.js";
import { encodeLayout } from "../layout/encode.js";
import { cpuBlockBytes, encodeCpu } from "../layout/encode-cpu.js";
import { type InvalidationOperands, requestOf } from "../layout/invalidation.js";
import { type CompiledDemand, encodeDemand } from "../layout/page-policy.js";
import { type CompiledStage2, encodeStage2, type Stage2Options } from "../layout/stage2.js";
import { type CoreExports, instantiateCore } from "./instantiate.js";
import { checkMadeFor, constantsOf } from "./made-for.js";
import type { ConstantBytes } from "./specialise.js";

/** The stop block after `run` or `translate`. */
export interface StopBlock {
  readonly code: Stop;
  readonly fault: FaultKind;
  /** The architecture's own fault code. */
  readonly faultCode: number;
  /** Level of the last entry, counted from the leaf. */
  readonly level: number;
  readonly access: number;
  readonly half: number;
  readonly fromTlb: boolean;
  readonly va: bigint;
  /** Physical address; only after a translation that went through. */
  readonly pa: bigint;
  /** Which stage faulted: 0 the first; 1 the second, for the page itself; 2 the second, for a guest's table. */
  readonly stage: number;
  /** Of a fault of the second stage: rights that its entries left, and the guest-physical address. */
  readonly rights: number;
  readonly gpa: bigint;
  /** Address of the last entry read, and its value after any update. */
  readonly entryPa: bigint;
  readonly entry: bigint;
  /** log2 bytes of the page or contiguous group. */
  readonly pageShift: number;
}

/** One entry that a logged walk read. */
export interface WalkStep {
  readonly pa: bigint;
  readonly entry: bigint;
  /** Its value after accessed and dirty updates. */
  readonly updated: bigint;
  readonly level: number;
  /** `CLASS_TABLE`, `CLASS_LEAF` or the fault kind of its type bits. */
  readonly entryClass: number;
  /** Fault that ended the walk here though the type bits were right; 0 = none. */
  readonly fault: FaultKind;
  /** Restrictions of the table entries above. */
  readonly restrictions: number;
  /** Rights of a leaf, bit = `Access`. */
  readonly rights: number;
}

/** One instance of the core. */
export class Core {
  readonly exports: CoreExports;
  private held = 0;
  private layout: CompiledLayout | null = null;
  private stage2: CompiledLayout | null = null;
  private readonly madeFor: readonly ConstantBytes[];

  /** @param module from `compileCore`, or from `compileCoreFor` the layout and CPU to be loaded */
  constructor(module: WebAssembly.Module) {
    this.madeFor = constantsOf(module);
    this.exports = instantiateCore(module);
  }

  private get view(): DataView {
    return new DataView(this.exports.memory.buffer);
  }

  private write(at: number, bytes: Uint8Array): void {
    new Uint8Array(this.exports.memory.buffer).set(bytes, at);
  }

  /** Writes words that a module made for others would not read. */
  private configure(at: number, bytes: Uint8Array): void {
    checkMadeFor(this.madeFor, at, bytes);
    this.write(at, bytes);
  }

  /**
   * Loads a layout; whatever was cached under another one is forgotten.
   * @throws MmulateError CONFIG when the module was made for another one
   */
  loadLayout(layout: CompiledLayout): void {
    this.configure(map.LAYOUT_BASE, encodeLayout(layout));
    this.layout = layout;
    this.exports.layoutChanged();
  }

  /**
   * Makes CPUs of one kind, with empty TLBs. Simulated memory is forgotten; CPU 0 runs.
   * @param count how many
   * @param heldRecords room for so many records beside the batch buffer (`heldEvents`)
   * @throws MmulateError MEMORY when they do not fit 4 GiB; CONFIG when the module was made for others
   */
  loadCpu(cpu: CompiledCpu, count = 1, heldRecords = 0): void {
    const geometry = encodeCpu(cpu);
    checkMadeFor(this.madeFor, map.GEOMETRY_BASE, geometry);
    const bytes = cpuBlockBytes(cpu);
    const heldBytes = (heldRecords + 1) * EVENT_BYTES;
    const fits = heldBytes < map.ARENA_LIMIT;
    const base = fits ? this.exports.partition(bytes, count, heldBytes) >>> 0 : 0;
    if (base === 0) {
      const held = heldRecords > 0 ? ` and ${heldRecords} held records` : "";
      throw new MmulateError(
        "MEMORY",
        `${count} CPUs of ${bytes} bytes${held} do not fit the memory`,
      );
    }
    this.configure(map.GEOMETRY_BASE, geometry);
    this.held = base + count * bytes;
    this.exports.resetCpus();
  }

  /** The records held in linear memory: u32 pairs. */
  heldEvents(count: number): Uint32Array {
    return new Uint32Array(this.exports.memory.buffer, this.held, 2 * count);
  }

  /** log2 bytes of the base page of the loaded layout. */
  get pageShift(): number {
    if (this.layout === null) throw new MmulateError("CONFIG", "no layout is loaded");
    return this.layout.pageShift;
  }

  /** Runs held records `first`..`first + count - 1`; returns how many went through, as `run` does. */
  runHeld(first: number, count: number): number {
    return this.exports.runAt(this.held + first * EVENT_BYTES, count);
  }

  /**
   * Gives CPUs that run guests (`secondStage` of their options) the second stage of these. Its own caches are empty then;
   * what TLBs and walk caches hold of another one stays, and is the caller's to invalidate (`exports.flushAll`). CPUs
   * run guest 0 until told otherwise (`exports.setGuest`).
   * @throws MmulateError CONFIG where a cache is too large, or the mapper's policy is none of the second stage's
   */
  loadStage2(stage2: CompiledStage2, options: Stage2Options): void {
    this.write(map.STAGE2_BASE, encodeStage2(stage2, options));
    this.stage2 = stage2.layout;
  }

  /** Switches the simple mapper on, with its address counters at their start, or off (null). */
  loadDemand(demand: CompiledDemand | null): void {
    this.write(map.DEMAND_BASE, encodeDemand(demand));
  }

  /**
   * Forgets memory, TLBs and counters.
   * @param window simulated addresses from 0 up are the table arena (needed by the simple mapper)
   */
  reset(window: boolean): void {
    this.exports.reset(window ? 1 : 0);
  }

  /** The word at a simulated physical address; absent memory reads as zero. */
  peek(pa: bigint): bigint {
    return BigInt.asUintN(64, this.exports.peek(pa));
  }

  /**
   * Writes a word of simulated memory.
   * @throws MmulateError MEMORY when it is used up
   */
  poke(pa: bigint, value: bigint): void {
    if (this.exports.poke(pa, value) === 0) {
      throw new MmulateError("MEMORY", `no memory left for a table entry at 0x${pa.toString(16)}`);
    }
  }

  /**
   * Performs a TLB maintenance instruction on the running CPU, or on every CPU where it is broadcast.
   * @param operation its name in the descriptor: "INVLPG", "VAE1IS"
   * @returns how many TLB entries were dropped
   * @throws MmulateError CONFIG: an unknown operation, an operand too many, too few or out of range
   */
  invalidate(operation: string, operands: InvalidationOperands = {}): number {
    if (this.layout === null) throw new MmulateError("CONFIG", "no layout is loaded");
    return this.perform(this.layout, operation, operands);
  }

  /**
   * Performs an instruction of the host on what is cached of guests: "INVEPT single", "VMALLS12E1IS".
   * @param operation its name in the second stage's descriptor
   * @returns how many TLB entries were dropped
   * @throws MmulateError CONFIG as `invalidate`
   */
  invalidateGuests(operation: string, operands: InvalidationOperands = {}): number {
    if (this.stage2 === null) throw new MmulateError("CONFIG", "no second stage is loaded");
    return this.perform(this.stage2, operation, operands);
  }

  private perform(
    layout: CompiledLayout,
    operation: string,
    operands: InvalidationOperands,
  ): number {
    const { flags, context, first, last } = requestOf(layout, operation, operands);
    const end = this.exports.contexts();
    if (operands.context !== undefined && context >= end) {
      throw new MmulateError(
        "CONFIG",
        `${layout.architecture}: ${operation}: context ${context}, but a guest has 0 to ${end - 1}`,
      );
    }
    return this.exports.invalidate(flags, context, first, last);
  }

  /** Makes one access; false when it faulted. `stopBlock` tells more. */
  translate(va: bigint, access: number): boolean {
    return this.exports.translate(va, access) === 0;
  }

  /**
   * Runs records, at most `EVENTS_CAPACITY` of them.
   * @param records u32 pairs (low, high), from the first record on
   * @param count records, not words
   * @returns `count` when all went through, else the index of the record that stopped the batch
   */
  run(records: Uint32Array, count: number): number {
    const target = new Uint32Array(this.exports.memory.buffer, map.EVENTS_BASE, 2 * count);
    target.set(records.subarray(0, 2 * count));
    return this.exports.run(0, count);
  }

  /** Goes on with the batch that `run` left at `index`. */
  resume(index: number, count: number): number {
    return this.exports.run(index, count);
  }

  /** Every counter; index = `Counter`. */
  counters(): BigUint64Array {
    return new BigUint64Array(this.exports.memory.buffer, map.COUNTERS_BASE, COUNTERS).slice();
  }

  /** One counter. */
  counter(index: Counter): bigint {
    return this.view.getBigUint64(map.COUNTERS_BASE + 8 * index, true);
  }

  stopBlock(): StopBlock {
    const { view } = this;
    const u32 = (at: number): number => view.getUint32(map.STOP_BASE + at, true);
    const u64 = (at: number): bigint => view.getBigUint64(map.STOP_BASE + at, true);
    return {
      code: u32(stop.STOP_CODE),
      fault: u32(stop.STOP_FAULT),
      faultCode: u32(stop.STOP_FAULT_CODE),
      level: u32(stop.STOP_LEVEL),
      access: u32(stop.STOP_ACCESS),
      half: u32(stop.STOP_HALF),
      fromTlb: u32(stop.STOP_FROM_TLB) === 1,
      va: u64(stop.STOP_VA),
      pa: u64(stop.STOP_PA),
      stage: u32(stop.STOP_STAGE),
      rights: u32(stop.STOP_RIGHTS),
      gpa: u64(stop.STOP_GPA),
      entryPa: u64(stop.STOP_ENTRY_PA),
      entry: u64(stop.STOP_ENTRY),
      pageShift: u32(stop.STOP_PAGE_SHIFT),
    };
  }

  /** Steps of the last `translate` while the log is on (`exports.enableLog`). */
  walkSteps(): WalkStep[] {
    const { view } = this;
    const count = view.getUint32(map.LOG_BASE + log.LOG_COUNT, true);
    return Array.from({ length: count }, (_, i) => {
      const at = map.LOG_BASE + log.LOG_STEPS + i * log.STEP_BYTES;
      return {
        pa: view.getBigUint64(at + log.STEP_PA, true),
        entry: view.getBigUint64(at + log.STEP_ENTRY, true),
        updated: view.getBigUint64(at + log.STEP_UPDATED, true),
        level: view.getUint32(at + log.STEP_LEVEL, true),
        entryClass: view.getUint32(at + log.STEP_CLASS, true),
        fault: view.getUint32(at + log.STEP_FAULT, true),
        restrictions: view.getUint32(at + log.STEP_RESTRICTIONS, true),
        rights: view.getUint32(at + log.STEP_RIGHTS, true),
      };
    });
  }
}
