// What schemes ask of a page before they may say "not exclusive".

import { maybePinned, pageFlags } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_ANON } from "../kernel/page-flags.js";
import type { Entry } from "./types.js";

/** fork: the page may be pinned by this address space, which has pinned some (`folio_needs_cow_for_dma`). */
export function needsCopy(kernel: Kernel, { mm, frame }: Entry): boolean {
  if (mm.hasPinned && maybePinned(kernel, frame)) return true;
  if (kernel.steps.armed) {
    kernel.steps.pass("fork-tested", { call: "fork", mm, table: true, folio: true });
  }
  return false;
}

/** An anonymous page. */
export function isAnon(kernel: Kernel, frame: number): boolean {
  return (pageFlags(kernel, frame) & PG_ANON) !== 0;
}
