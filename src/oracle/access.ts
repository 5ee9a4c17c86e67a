// Whether what went through was allowed.

import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { leafAt } from "../kernel/walk-entries.js";
import { Pte } from "../layout/linux-flags.js";
import type { Violation } from "./audit.js";

/**
 * Checks that an access which went through was allowed by the tables, and reached their frame: else a TLB
 * held what it must not.
 */
export function checkAccess(
  kernel: Kernel,
  mm: Mm,
  page: number,
  write: boolean,
  frame: number,
): Violation[] {
  const { exports } = kernel.mmu;
  const leaf = leafAt(kernel, mm.root, page);
  const flags = leaf === null ? 0 : exports.entryFlags(leaf.slot);
  const needs = Pte.present | (write ? Pte.write : 0);
  const allowed = (flags & needs) === needs && (flags & Pte.protnone) === 0;
  const reached =
    allowed &&
    leaf !== null &&
    exports.entryFrame(leaf.slot, leaf.level) + (page - leaf.first) === frame;
  if (reached) return [];
  const what = allowed ? `frame ${frame} is not the table's` : "the tables do not allow it";
  return [{ id: "TLB", text: `mm ${mm.id} page ${page} ${write ? "write" : "read"}: ${what}` }];
}
