// Compiled CPU -> the block the core reads (assembly/abi/tlb.ts).

import * as abi from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { CompiledArray, CompiledCpu } from "./cpu.js";

/** Where the arrays of a block lie, relative to it. */
interface Place {
  readonly entries: number;
  /** 0 = stamped. */
  readonly tags: number;
  readonly orders: number;
}

interface Plan {
  readonly places: readonly Place[];
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
  const places = cpu.arrays.map((array) => {
    const { sets, ways, tagged } = array;
    return {
      entries: take((sets * ways) << entryShift(array)),
      tags: tagged ? take(sets * abi.TAGS_SET_BYTES) : 0,
      orders: tagged ? take(sets * 8) : 0,
    };
  });
  if (at > MAX_BLOCK_BYTES) {
    throw new MmulateError("CONFIG", `the TLBs of a CPU take ${at} bytes; 64 MiB are supported`);
  }
  return { places, bytes: at };
}

/**
 * Bytes of one CPU's block.
 * @throws MmulateError CONFIG when they exceed 64 MiB
 */
export function cpuBlockBytes(cpu: CompiledCpu): number {
  return planOf(cpu).bytes;
}

/**
 * The configuration words at the head of a block: `CPU_LIVE` bytes. State and entries behind them are
 * the core's.
 * @param base linear address of the block
 */
export function encodeCpu(cpu: CompiledCpu, base: number): Uint8Array {
  const { places } = planOf(cpu);
  const bytes = new Uint8Array(abi.CPU_LIVE);
  const view = new DataView(bytes.buffer);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);

  const routes = cpu.routes.reduce(
    (packed, structure, kind) => packed | (structure << (2 * kind)),
    0,
  );
  u32(abi.CPU_ROUTES, routes);
  /** -1: no array, all words 0. */
  const array = (at: number, number: number): void => {
    const [made, place] = [cpu.arrays[number], places[number]];
    if (made === undefined || place === undefined) return;
    const { entries, tags, orders } = place;
    u32(at + abi.ARRAY_ENTRIES, base + entries);
    u32(at + abi.ARRAY_SET_MASK, made.sets - 1);
    u32(at + abi.ARRAY_WAYS, made.ways);
    u32(at + abi.ARRAY_SET_BYTES, made.ways << entryShift(made));
    u32(at + abi.ARRAY_TAGS, tags === 0 ? 0 : base + tags);
    u32(at + abi.ARRAY_ORDERS, orders === 0 ? 0 : base + orders);
  };
  cpu.arrays.forEach((_, i) => {
    array(abi.CPU_ARRAYS + i * abi.ARRAY_BYTES, i);
  });
  cpu.probes.forEach((classes, structure) => {
    classes.forEach((probe, pageClass) => {
      const at = abi.CPU_PROBES + structure * abi.STRUCTURE_BYTES + pageClass * abi.PROBE_BYTES;
      array(at, probe.array);
      u32(at + abi.PROBE_SHIFT, probe.shift);
      u32(at + abi.PROBE_FILL_CLASS, probe.fillClass);
      view.setBigUint64(
        at + abi.PROBE_PAGE_MASK,
        BigInt.asUintN(64, -1n << BigInt(probe.shift)),
        true,
      );
      u32(at + abi.PROBE_FITS, probe.array < 0 ? 0 : pageClass << abi.TLB_DATA_CLASS_SHIFT);
    });
  });
  cpu.walkCaches.forEach((number, level) => {
    array(abi.CPU_WALK_CACHES + level * abi.ARRAY_BYTES, number);
  });
  return bytes;
}
