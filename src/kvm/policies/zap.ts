// Linux 6.13 and later: whatever the event, SPTEs of the range go (virt/kvm/kvm_main.c
// kvm_mmu_notifier_invalidate_range_start looks at no event). The page counts as dirty from the moment an SPTE is made
// writable (kvm_release_faultin_page), so nothing has to be harvested when it goes.

import type { MmuPolicy } from "./types.js";

export const zap: MmuPolicy = {
  name: "zap",
  summary: "SPTEs go at every event; pages are dirty once an SPTE is writable (6.13 and later)",
  reaction: () => "zap",
  dirty: "install",
  allowsCleanHost: true,
  tellsWriteback: false,
};
