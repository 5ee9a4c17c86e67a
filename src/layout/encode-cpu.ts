// Compiled CPU -> the block the core reads (assembly/abi/tlb.ts).

import * as abi from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { CompiledCpu } from "./cpu.js";

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

function planOf(cpu: CompiledCpu): Plan {
  let at = aligned(abi.CPU_ENTRIES);
  const take = (bytes: number): number => {
    const here = at;
    at += aligned(bytes);
    return here;
  };
  const places = cpu.arrays.map(({ sets, ways, tagged }) => {
    const shift = tagged ? abi.TAGGED_ENTRY_SHIFT : abi.STAMPED_ENTRY_SHIFT;
    return {
      entries: take((sets * ways) << shift),
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
  cpu.arrays.forEach(({ sets, ways }, i) => {
    const at = abi.CPU_ARRAYS + i * abi.ARRAY_BYTES;
    const { entries, tags, orders } = places[i] as Place;
    u32(at + abi.ARRAY_ENTRIES, base + entries);
    u32(at + abi.ARRAY_SET_MASK, sets - 1);
    u32(at + abi.ARRAY_WAYS, ways);
    u32(at + abi.ARRAY_TAGS, tags === 0 ? 0 : base + tags);
    u32(at + abi.ARRAY_ORDERS, orders === 0 ? 0 : base + orders);
  });
  const descriptor = (array: number): number =>
    array < 0 ? 0 : base + abi.CPU_ARRAYS + array * abi.ARRAY_BYTES;
  cpu.probes.forEach((classes, structure) => {
    classes.forEach((probe, pageClass) => {
      const at = abi.CPU_PROBES + structure * abi.STRUCTURE_BYTES + pageClass * abi.PROBE_BYTES;
      u32(at + abi.PROBE_ARRAY, descriptor(probe.array));
      u32(at + abi.PROBE_SHIFT, probe.shift);
      u32(at + abi.PROBE_FILL_CLASS, probe.fillClass);
    });
  });
  cpu.walkCaches.forEach((array, level) => {
    u32(abi.CPU_WALK_CACHES + 4 * level, descriptor(array));
  });
  return bytes;
}
