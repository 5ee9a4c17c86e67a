// What the CPUs of an instance have cached, read out of linear memory entry by entry.

import * as map from "../../assembly/abi/memory-map.js";
import * as abi from "../../assembly/abi/tlb.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import type { CompiledCpu } from "../../src/layout/cpu.js";
import { cpuBlockBytes } from "../../src/layout/encode-cpu.js";
import type { Cached } from "./invalidation-spec.js";

export interface Entry extends Cached {
  readonly cpu: number;
  /** Name of the array, and what tells the entry from others there. */
  readonly array: string;
  readonly key: bigint;
  /** It is a table in a walk cache. */
  readonly isTable: boolean;
}

/** Every valid entry of one CPU. */
export function cachedBy(
  core: Core,
  layout: CompiledLayout,
  machine: CompiledCpu,
  cpu: number,
): Entry[] {
  const memory = new DataView(core.exports.memory.buffer);
  const u32 = (at: number): number => memory.getUint32(at, true);
  const u64 = (at: number): bigint => memory.getBigUint64(at, true);
  const block = map.DYNAMIC_BASE + cpu * cpuBlockBytes(machine);
  const dataCaches = new Set(machine.caches.map(({ array }) => array));
  return machine.arrays.flatMap(({ name, sets, ways, tagged }, i) => {
    if (dataCaches.has(i)) return [];
    const isTable = machine.walkCaches.includes(i);
    const shift = tagged ? abi.TAGGED_ENTRY_SHIFT : abi.STAMPED_ENTRY_SHIFT;
    const array = map.GEOMETRY_BASE + abi.GEOMETRY_ARRAYS + i * abi.ARRAY_BYTES;
    const first = block + u32(array + abi.ARRAY_ENTRIES);
    const entries = Array.from({ length: sets * ways }, (_, n) => first + (n << shift));
    return entries.flatMap((at) => {
      const key = u64(at + abi.TLB_KEY);
      if (key === 0n) return [];
      const cached = isTable ? tableOf(layout, key) : pageOf(layout, key, u64(at + abi.TLB_DATA));
      return [{ cpu, array: name, key, isTable, ...cached }];
    });
  });
}

function fieldsOf(key: bigint) {
  const tag = Number(key & BigInt(abi.TLB_TAG_MASK));
  const context = tag >> abi.TLB_CONTEXT_SHIFT;
  const owner: Cached["owner"] = context === abi.MAX_CONTEXTS ? "global" : context;
  return { owner, small: tag & abi.TLB_CLASS_MASK, address: key & ~0xfffn };
}

function levelShift(layout: CompiledLayout, level: number): number {
  return layout.halves[0].levels[level]?.shift ?? 0;
}

function around(address: bigint, shift: number) {
  const bytes = 1n << BigInt(shift);
  return { va: address & ~(bytes - 1n), bytes };
}

function tableOf(layout: CompiledLayout, key: bigint): Cached {
  const { owner, small: level, address } = fieldsOf(key);
  return { owner, ...around(address, levelShift(layout, level)) };
}

/** The page that the entry was made from: of a piece of a large page, the whole page. */
function pageOf(layout: CompiledLayout, key: bigint, data: bigint): Cached {
  const { owner, small, address } = fieldsOf(key);
  const level = Number(((data >> 62n) << 1n) | ((data >> 11n) & 1n));
  const shift = Math.max(layout.classShifts[small] ?? 0, levelShift(layout, level));
  return { owner, ...around(address, shift) };
}
