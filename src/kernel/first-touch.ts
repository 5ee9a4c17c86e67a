// First touch of a page (mm/memory.c do_pte_missing): private or shared.

import { anonymousFault } from "./anon-fault.js";
import type { Fault, FaultResult } from "./fault-types.js";
import type { Kernel } from "./kernel.js";
import { sharedFault } from "./shared-fault.js";

/** do_pte_missing: no page was ever here. */
export function missing(kernel: Kernel, fault: Fault, slot: number): FaultResult {
  return fault.vma.object === null
    ? anonymousFault(kernel, fault, slot)
    : sharedFault(kernel, fault, slot);
}
