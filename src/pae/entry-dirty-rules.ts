// Where schemes that keep "exclusive" in D cannot show what today's does: a read-only entry's dirtiness is the folio's.

import type { PaeRule } from "./types.js";

export const ENTRY_DIRTY_RULES: readonly PaeRule[] = [
  {
    name: "free of shared pages",
    because:
      "fork has marked the folio dirty, and MADV_FREE leaves a dirty folio alone that several map; today D stays in the entries, and it goes on",
    after: ["madvise free"],
  },
  {
    name: "dirty after a split",
    because:
      "before 6.2 a split of a huge mapping forgets D of its entries, so that mprotect does not make them writable; the folio does not forget",
    after: ["mprotect"],
    feature: "upgradeNeedsDirty",
  },
];
