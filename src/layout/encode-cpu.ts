// Compiled CPU -> the block the core reads (assembly/abi/tlb.ts).

import * as abi from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { CompiledArray, CompiledCpu, CompiledProbe } from "./cpu.js";

/** Where the arrays of a block lie, relative to it. */
interface Place {
  readonly entries: number;
  /** 0 = stamped. */
  readonly tags: number;
  readonly orders: number;
}

interface Plan {
  readonly places: readonly Place[];
  /** Where translations end and data caches begin. */
  readonly tlbEnd: number;
  readonly bytes: number;
}

const LINE = 64;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
const aligned = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

const entryShift = ({ tagged }: CompiledArray): number =>
  tagged ? abi.TAGGED_ENTRY_SHIFT : abi.STAMPED_ENTRY_SHIFT;

function planOf(cpu: CompiledCpu): Plan {
  let at = aligned(abi.CPU_ENTRIES);
  const take = (bytes: number): number => {
    const here = at;
    at += aligned(bytes);
    return here;
  };
  const firstCache = cpu.caches[0]?.array ?? cpu.arrays.length;
  let tlbEnd = at;
  const places = cpu.arrays.map((array, number) => {
    if (number === firstCache) tlbEnd = at;
    const { sets, ways, tagged } = array;
    return {
      entries: take((sets * ways) << entryShift(array)),
      tags: tagged ? take(sets * abi.TAGS_SET_BYTES) : 0,
      orders: tagged ? take(sets * 8) : 0,
    };
  });
  if (firstCache === cpu.arrays.length) tlbEnd = at;
  if (at > MAX_BLOCK_BYTES) {
    throw new MmulateError("CONFIG", `the TLBs of a CPU take ${at} bytes; 64 MiB are supported`);
  }
  return { places, tlbEnd, bytes: at };
}

/**
 * Bytes of one CPU's block.
 * @throws MmulateError CONFIG when they exceed 64 MiB
 */
export function cpuBlockBytes(cpu: CompiledCpu): number {
  return planOf(cpu).bytes;
}

/** Writes the words of a block that lies at `base`. */
class BlockWriter {
  readonly bytes = new Uint8Array(abi.CPU_LIVE);
  private readonly view = new DataView(this.bytes.buffer);
  private readonly cpu: CompiledCpu;
  private readonly places: readonly Place[];
  private readonly base: number;
  private readonly first: number;

  constructor(cpu: CompiledCpu, { places }: Plan, base: number, first: number) {
    this.cpu = cpu;
    this.places = places;
    this.base = base;
    this.first = first;
  }

  u32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  u64(at: number, value: bigint): void {
    this.view.setBigUint64(at, value, true);
  }

  /** An array record; -1 = no array, all words 0. */
  array(at: number, number: number): void {
    const [made, place] = [this.cpu.arrays[number], this.places[number]];
    if (made === undefined || place === undefined) return;
    const { entries, tags, orders } = place;
    const shared = this.cpu.caches.some((cache) => cache.array === number && cache.shared);
    const block = shared ? this.first : this.base;
    this.u32(at + abi.ARRAY_ENTRIES, block + entries);
    const hashed = made.hashed === true ? abi.ARRAY_HASHED : 0;
    this.u32(at + abi.ARRAY_SET_MASK, made.sets - 1 + hashed);
    this.u32(at + abi.ARRAY_WAYS, made.ways);
    this.u32(at + abi.ARRAY_SET_BYTES, made.ways << entryShift(made));
    this.u32(at + abi.ARRAY_TAGS, tags === 0 ? 0 : block + tags);
    this.u32(at + abi.ARRAY_ORDERS, orders === 0 ? 0 : block + orders);
  }

  probe(at: number, pageClass: number, { array, shift, fillClass }: CompiledProbe): void {
    this.array(at, array);
    this.u32(at + abi.PROBE_SHIFT, shift);
    this.u32(at + abi.PROBE_FILL_CLASS, fillClass);
    this.u32(at + abi.PROBE_FITS, array < 0 ? 0 : pageClass << abi.TLB_DATA_CLASS_SHIFT);
    this.u64(at + abi.PROBE_PAGE_MASK, BigInt.asUintN(64, -1n << BigInt(shift)));
  }
}

/**
 * The configuration words at the head of a block: `CPU_LIVE` bytes. State and entries behind them are
 * the core's.
 * @param base linear address of the block
 * @param first linear address of the first CPU's block, in which shared caches lie
 */
export function encodeCpu(cpu: CompiledCpu, base: number, first = base): Uint8Array {
  const plan = planOf(cpu);
  const out = new BlockWriter(cpu, plan, base, first);
  out.u32(
    abi.CPU_ROUTES,
    cpu.routes.reduce((packed, structure, kind) => packed | (structure << (2 * kind)), 0),
  );
  out.u32(abi.CPU_TLB_END, plan.tlbEnd);
  out.u32(abi.CPU_CACHE_LEVELS, cpu.caches.length);
  out.u32(abi.CPU_WALKER_ENTERS, cpu.walkerEnters);
  out.u32(abi.CPU_DATA_CACHED, cpu.dataCached ? 1 : 0);
  out.u32(abi.CPU_NESTED_SHIFT, cpu.nestedShift ?? 0);
  const victims = cpu.caches.findIndex((cache) => cache.victims === true);
  out.u32(abi.CPU_VICTIM_CACHE, victims < 0 ? abi.NO_VICTIM_CACHE : victims);
  cpu.arrays.forEach((_, number) => {
    out.array(abi.CPU_ARRAYS + number * abi.ARRAY_BYTES, number);
  });
  cpu.probes.forEach((classes, structure) => {
    const at = abi.CPU_PROBES + structure * abi.STRUCTURE_BYTES;
    classes.forEach((probe, pageClass) => {
      out.probe(at + pageClass * abi.PROBE_BYTES, pageClass, probe);
    });
  });
  cpu.walkCaches.forEach((number, level) => {
    out.array(abi.CPU_WALK_CACHES + level * abi.ARRAY_BYTES, number);
  });
  cpu.caches.forEach(({ array, lineShift }, level) => {
    const at = abi.CPU_CACHES + level * abi.ARRAY_BYTES;
    out.array(at, array);
    out.u32(at + abi.ARRAY_LINE_SHIFT, lineShift);
  });
  return out.bytes;
}
