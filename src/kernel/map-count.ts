// How many mappings a process may have (sysctl vm.max_map_count): whoever changes the rights of single pages here and there
// comes to that end, long before memory does.

import type { KernelConfig } from "./features.js";
import type { Mm } from "./mm.js";

/** DEFAULT_MAX_MAP_COUNT (include/linux/mm.h): what fits 16 bits, less 5 that a core dump needs. */
const MAX_MAP_COUNT = 65530;

/** The limit of a kernel. */
export function maxMapCount({ config }: { readonly config: KernelConfig }): number {
  return config.maxMapCount ?? MAX_MAP_COUNT;
}

/** Whether one VMA more is refused: split_vma, and unmapping a hole (vms_gather_munmap_vmas). */
export function isFull(kernel: { readonly config: KernelConfig }, { vmas }: Mm): boolean {
  return vmas.count >= maxMapCount(kernel);
}
