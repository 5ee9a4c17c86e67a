// A proposal: get_user_pages with FOLL_TOUCH makes the host's entry dirty where it gives out a page to write to, so
// that the entry says all there is to know. Pages that are only read become dirty, too, where they are mapped
// writable at once.

import type { MmuPolicy } from "./types.js";

export const zapTouch: MmuPolicy = {
  name: "zap-touch",
  summary: "SPTEs go at every event; whoever maps a page writable makes the host's entry dirty",
  reaction: () => "zap",
  dirty: "host-entry",
  allowsCleanHost: true,
  tellsWriteback: false,
};
