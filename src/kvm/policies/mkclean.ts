// A proposal: where only dirty goes (MADV_FREE), SPTEs become clean and old and stay writable; the hardware makes them
// dirty again without a fault. That is only seen if dirty SPTEs are harvested when they go, so that dirty follows the
// rule from before 6.13. Where the hardware keeps no dirty flag, the right to write has to go instead.
//
// Writeback of a file (folio_mkclean) takes the right to write from the host's entry as well, so as to see the next write;
// here the SPTE keeps it. Nobody would see that the guest writes on, for writeback looks at dirty folios alone: so it must
// ask first (`tellsWriteback`), which costs a look at every SPTE of the file at each writeback. And the file system is not
// asked before the page is written (page_mkwrite); `dirty_unasked` counts how often.

import type { MmuPolicy } from "./types.js";

export const mkclean: MmuPolicy = {
  name: "mkclean",
  summary:
    "as write-protect, but where dirty goes (MADV_FREE, writeback), SPTEs become clean and stay writable",
  reaction: (taken, { dirtyByHardware }) => {
    if (taken === "page") return "zap";
    if (taken === "write" || !dirtyByHardware.value) return "write-protect";
    return taken === "dirty" ? "free" : "mkclean";
  },
  dirty: "zap",
  allowsCleanHost: true,
  tellsWriteback: true,
};
