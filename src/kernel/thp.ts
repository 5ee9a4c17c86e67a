// Where anonymous memory may be huge (mm/huge_memory.c thp_vma_allowable_orders; mm/memory.c alloc_anon_folio).

import type { ThpSwitch } from "./features.js";
import type { Kernel } from "./kernel.js";
import { VM_HUGEPAGE, VM_NOHUGEPAGE } from "./vm-flags.js";
import type { Vma } from "./vma.js";
import { entriesPerTable } from "./walk-entries.js";

/** log2 of the base pages that an upper entry maps (PMD_ORDER). */
export function hugeOrder(kernel: Kernel): number {
  return Math.log2(entriesPerTable(kernel));
}

function isOn(value: ThpSwitch, { flags }: Vma): boolean {
  if ((flags & VM_NOHUGEPAGE) !== 0 || value === "never") return false;
  return value === "always" || (flags & VM_HUGEPAGE) !== 0;
}

/** Whether the 2^order pages around a page may be one folio: switched on, and all inside of the VMA. */
export function mayBeHuge(kernel: Kernel, vma: Vma, page: number, order: number): boolean {
  const { thp, mthp } = kernel.config;
  const value = order === hugeOrder(kernel) ? thp : (mthp.get(order) ?? "never");
  if (!isOn(value, vma)) return false;
  const first = page - (page % 2 ** order);
  return first >= vma.start && first + 2 ** order <= vma.end;
}

/** Orders below a huge page's that may be taken for a page, largest first; two pages never (THP_ORDERS_ALL_ANON). */
export function middleOrders(kernel: Kernel, vma: Vma, page: number): number[] {
  return [...kernel.config.mthp.keys()]
    .filter(
      (order) => order > 1 && order < hugeOrder(kernel) && mayBeHuge(kernel, vma, page, order),
    )
    .sort((a, b) => b - a);
}
