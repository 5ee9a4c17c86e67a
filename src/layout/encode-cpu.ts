// Compiled CPU -> the geometry the core reads (assembly/abi/tlb.ts).

import { DYNAMIC_BASE } from "../../assembly/abi/memory-map.js";
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

const ALL_BITS = 0xffffffff;

class GeometryWriter {
  readonly bytes = new Uint8Array(abi.GEOMETRY_BYTES);
  private readonly view = new DataView(this.bytes.buffer);
  private readonly cpu: CompiledCpu;
  private readonly places: readonly Place[];

  constructor(cpu: CompiledCpu, { places }: Plan) {
    this.cpu = cpu;
    this.places = places;
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
    // A cache that all CPUs share lies in the block of the first.
    const from = shared ? DYNAMIC_BASE : 0;
    this.u32(at + abi.ARRAY_ENTRIES, from + entries);
    const hashed = made.hashed === true ? abi.ARRAY_HASHED : 0;
    this.u32(at + abi.ARRAY_SET_MASK, made.sets - 1 + hashed);
    this.u32(at + abi.ARRAY_WAYS, made.ways);
    this.u32(at + abi.ARRAY_SET_BYTES, made.ways << entryShift(made));
    this.u32(at + abi.ARRAY_TAGS, tags === 0 ? 0 : from + tags);
    this.u32(at + abi.ARRAY_ORDERS, orders === 0 ? 0 : from + orders);
    this.u32(at + abi.ARRAY_OWN, shared ? 0 : ALL_BITS);
  }

  probe(at: number, pageClass: number, { array, shift, fillClass }: CompiledProbe): void {
    this.array(at, array);
    this.u32(at + abi.PROBE_SHIFT, shift);
    this.u32(at + abi.PROBE_FILL_CLASS, fillClass);
    this.u32(at + abi.PROBE_FITS, array < 0 ? 0 : pageClass << abi.TLB_DATA_CLASS_SHIFT);
    this.u64(at + abi.PROBE_PAGE_MASK, BigInt.asUintN(64, -1n << BigInt(shift)));
  }
}

/** The geometry of CPUs: `GEOMETRY_BYTES` bytes, the same for the same CPU. */
export function encodeCpu(cpu: CompiledCpu): Uint8Array {
  const plan = planOf(cpu);
  const out = new GeometryWriter(cpu, plan);
  out.u32(
    abi.GEOMETRY_ROUTES,
    cpu.routes.reduce((packed, structure, kind) => packed | (structure << (2 * kind)), 0),
  );
  out.u32(abi.GEOMETRY_TLB_END, plan.tlbEnd);
  out.u32(abi.GEOMETRY_CACHE_LEVELS, cpu.caches.length);
  out.u32(abi.GEOMETRY_WALKER_ENTERS, cpu.walkerEnters);
  out.u32(abi.GEOMETRY_DATA_CACHED, cpu.dataCached ? 1 : 0);
  out.u32(abi.GEOMETRY_NESTED_SHIFT, cpu.nestedShift ?? 0);
  out.u32(abi.GEOMETRY_STAGE2, cpu.secondStage === true ? 1 : 0);
  const guests = (abi.MAX_GUESTS - 1) << abi.TLB_GUEST_SHIFT;
  out.u32(abi.GEOMETRY_GUESTS, cpu.secondStage === true ? guests : 0);
  const victims = cpu.caches.findIndex((cache) => cache.victims === true);
  out.u32(abi.GEOMETRY_VICTIM_CACHE, victims < 0 ? abi.NO_VICTIM_CACHE : victims);
  cpu.arrays.forEach((_, number) => {
    out.array(abi.GEOMETRY_ARRAYS + number * abi.ARRAY_BYTES, number);
  });
  cpu.probes.forEach((classes, structure) => {
    const at = abi.GEOMETRY_PROBES + structure * abi.STRUCTURE_BYTES;
    classes.forEach((probe, pageClass) => {
      out.probe(at + pageClass * abi.PROBE_BYTES, pageClass, probe);
    });
  });
  cpu.walkCaches.forEach((number, level) => {
    out.array(abi.GEOMETRY_WALK_CACHES + level * abi.ARRAY_BYTES, number);
  });
  cpu.caches.forEach(({ array, lineShift }, level) => {
    const at = abi.GEOMETRY_CACHES + level * abi.ARRAY_BYTES;
    out.array(at, array);
    out.u32(at + abi.ARRAY_LINE_SHIFT, lineShift);
  });
  return out.bytes;
}
