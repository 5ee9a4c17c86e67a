// A proposal: where only dirty goes (MADV_FREE), SPTEs become clean and old and stay writable; the hardware makes them
// dirty again without a fault. That is only seen if dirty SPTEs are harvested when they go, so that dirty follows the
// rule from before 6.13. Where the hardware keeps no dirty flag, the right to write has to go instead.

import type { MmuPolicy } from "./types.js";

export const mkclean: MmuPolicy = {
  name: "mkclean",
  summary: "as write-protect, but where only dirty goes, SPTEs become clean and stay writable",
  reaction: (taken, { dirtyByHardware }) => {
    if (taken === "page") return "zap";
    return taken === "dirty" && dirtyByHardware.value ? "clean" : "write-protect";
  },
  dirty: "zap",
  allowsCleanHost: true,
};
