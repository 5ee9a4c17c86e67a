// Linux before 6.13: SPTEs go at every event, and a dirty one makes its page dirty then (arch/x86/kvm/mmu/tdp_mmu.c
// handle_changed_spte: kvm_set_pfn_dirty). Sound only because the notifier comes before whoever asks whether the page
// is dirty (mm/rmap.c try_to_unmap_one).

import type { MmuPolicy } from "./types.js";

export const zapLate: MmuPolicy = {
  name: "zap-late",
  summary: "SPTEs go at every event; a dirty one makes its page dirty then (before 6.13)",
  reaction: () => "zap",
  dirty: "zap",
  allowsCleanHost: true,
  tellsWriteback: false,
};
