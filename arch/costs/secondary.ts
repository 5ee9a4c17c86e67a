// What the work of secondary MMUs and of files costs: shared by the profiles, for nothing of it was measured.

import type { CostProfileInput } from "./schema.js";

function chosen(cycles: number, cite: string): CostProfileInput["events"][string] {
  return { cycles, cite: `CHOICE ${cite}`, confidence: "choice" };
}

/** Cycles of the events of files: of the CPU, not of the disk. */
export const FILE_COSTS: CostProfileInput["events"] = {
  file_read: chosen(4000, "as swap_in of the profile of round numbers"),
  file_write: chosen(4000, "as swap_out of the profile of round numbers"),
  page_mkwrite: chosen(1000, "round number: what a file system does differs by far more"),
  mkclean_entry: chosen(60, "as protect_entry of the profile of round numbers"),
};

/** Cycles of the events of src/kvm. */
export const SECONDARY_COSTS: CostProfileInput["events"] = {
  notifier_range: chosen(
    200,
    "a walk of the subscriptions and a lock, to the nearest round number",
  ),
  notifier_age: chosen(100, "a walk of the subscriptions, to the nearest round number"),
  notifier_dirty: chosen(100, "as notifier_age"),
  spte_look: chosen(5, "as dirty_sweep of the profile of round numbers"),
  kvm_exit: chosen(
    1500,
    "a round trip of exit and entry alone: 1344 to 1376 were published for one CPU",
  ),
  kvm_retry: chosen(300, "round number"),
  kvm_flush: chosen(2000, "a kick of the virtual CPUs: round number"),
  kvm_log: chosen(50, "round number"),
  kvm_log_full: chosen(1500, "as an exit"),
  kvm_ring_full: chosen(0, "the exit is counted apart"),
  spte_map: chosen(800, "get_user_pages, walk and entry: round number"),
  spte_zap: chosen(60, "as zap_entry of the profile of round numbers"),
  spte_protect: chosen(40, "round number"),
  spte_clean: chosen(40, "round number"),
  spte_age: chosen(40, "round number"),
};
