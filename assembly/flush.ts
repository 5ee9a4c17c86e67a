// Flushing: what software tells a CPU to forget.

import { GEOMETRY_BASE } from "./abi/memory-map";
import {
  ARRAY_BYTES,
  ARRAY_HASHED,
  ARRAY_SET_MASK,
  ARRAY_TAGS,
  ARRAY_WAYS,
  CPU_CLEARED,
  GEOMETRY_ARRAYS,
  GEOMETRY_TLB_END,
  MAX_ARRAYS,
} from "./abi/tlb";
import { emptyOrder, Tagged } from "./tlb-tagged";

/** Forgets every translation of every context of one CPU, walk caches included. Data caches stay. */
export function flushBlock(cpu: u32): void {
  clearBlock(cpu, load<u32>(GEOMETRY_BASE, GEOMETRY_TLB_END));
}

/** Empties what lies within the first `bytes` of the block: all of them, and the data caches go, too. */
export function clearBlock(cpu: u32, bytes: u32): void {
  if (bytes <= <u32>CPU_CLEARED) return;
  memory.fill(cpu + CPU_CLEARED, 0, bytes - CPU_CLEARED);
  for (let i: u32 = 0; i < <u32>MAX_ARRAYS; i++) {
    const array: u32 = GEOMETRY_BASE + GEOMETRY_ARRAYS + i * ARRAY_BYTES;
    if (load<u32>(array, ARRAY_TAGS) == 0) continue;
    // An array that several CPUs share lies in the block of the first.
    if (Tagged.entryAt(cpu, array, 0, 0) - cpu < bytes) resetOrders(cpu, array);
  }
}

function resetOrders(cpu: u32, array: u32): void {
  const order = emptyOrder(load<u32>(array, ARRAY_WAYS));
  const sets = (load<u32>(array, ARRAY_SET_MASK) & ~(<u32>ARRAY_HASHED)) + 1;
  for (let set: u32 = 0; set < sets; set++) store<u64>(Tagged.orderAt(cpu, array, set), order);
}
