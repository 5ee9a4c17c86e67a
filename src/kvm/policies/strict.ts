// A proposal: an SPTE is never writable or dirty while the host's entry is clean. A read maps a page writable only
// where the host's entry is dirty already; a write makes it so. Costs a second fault at the first write behind a read.

import type { MmuPolicy } from "./types.js";

export const strict: MmuPolicy = {
  name: "strict",
  summary: "as zap-touch, and reads map a page writable only where the host's entry is dirty",
  reaction: () => "zap",
  dirty: "host-entry",
  allowsCleanHost: false,
  tellsWriteback: false,
};
