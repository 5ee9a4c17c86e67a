// Exclusive = writable or dirty, and D of a read-only entry says nothing else: that the page is dirty, says the folio.

import type { Kernel } from "../kernel/kernel.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { EntryDirty } from "./entry-dirty.js";
import { ENTRY_DIRTY_RULES } from "./entry-dirty-rules.js";
import type { PaeScheme } from "./types.js";

const KEPT = Pte.write | Pte.softDirty;

export const pteStrict: PaeScheme<Kernel> = {
  name: "pte-strict",
  title: "write and dirty bits of the entry; a read-only entry's dirtiness is the folio's",
  forkCases: [
    { all: Pte.write | Pte.dirty, clear: Pte.write | Pte.dirty, frameSet: PG_DIRTY },
    { clear: Pte.write | Pte.dirty },
  ],
  clearCases: [
    { all: Pte.write | Pte.dirty, clear: KEPT, frameSet: PG_DIRTY },
    { all: Pte.write, clear: KEPT, set: Pte.dirty },
    { clear: Pte.softDirty },
  ],
  rules: ENTRY_DIRTY_RULES,
  hooks: (kernel) => new EntryDirty(kernel, { loose: false }),
};
