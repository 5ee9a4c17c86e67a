// Flushing: what software tells a CPU to forget.

import {
  ARRAY_BYTES,
  ARRAY_ENTRIES,
  ARRAY_HASHED,
  ARRAY_ORDERS,
  ARRAY_SET_MASK,
  ARRAY_TAGS,
  ARRAY_WAYS,
  CPU_ARRAYS,
  CPU_CLEARED,
  CPU_TLB_END,
  MAX_ARRAYS,
} from "./abi/tlb";
import { emptyOrder } from "./tlb-tagged";

/** Forgets every translation of every context of one CPU, walk caches included. Data caches stay. */
export function flushBlock(cpu: u32): void {
  clearBlock(cpu, load<u32>(cpu, CPU_TLB_END));
}

/** Empties what lies within the first `bytes` of the block: all of them, and the data caches go, too. */
export function clearBlock(cpu: u32, bytes: u32): void {
  if (bytes <= <u32>CPU_CLEARED) return;
  memory.fill(cpu + CPU_CLEARED, 0, bytes - CPU_CLEARED);
  for (let i: u32 = 0; i < <u32>MAX_ARRAYS; i++) {
    const array = cpu + CPU_ARRAYS + i * ARRAY_BYTES;
    // An array that several CPUs share lies in the block of the first.
    const cleared = load<u32>(array, ARRAY_ENTRIES) - cpu < bytes;
    if (load<u32>(array, ARRAY_TAGS) != 0 && cleared) resetOrders(array);
  }
}

function resetOrders(array: u32): void {
  const order = emptyOrder(load<u32>(array, ARRAY_WAYS));
  const orders = load<u32>(array, ARRAY_ORDERS);
  const sets = (load<u32>(array, ARRAY_SET_MASK) & ~(<u32>ARRAY_HASHED)) + 1;
  for (let set: u32 = 0; set < sets; set++) store<u64>(orders + (set << 3), order);
}
