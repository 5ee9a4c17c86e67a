// Exclusive = writable or dirty, and D of a read-only entry also counts as dirty: some pages are written to swap that
// are not, and MADV_FREE does not get rid of those that are exclusive and read-only.

import type { Kernel } from "../kernel/kernel.js";
import { PG_DIRTY } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { EntryDirty } from "./entry-dirty.js";
import { ENTRY_DIRTY_RULES } from "./entry-dirty-rules.js";
import type { PaeScheme } from "./types.js";

const KEPT = Pte.write | Pte.softDirty;

export const pteLoose: PaeScheme<Kernel> = {
  name: "pte-loose",
  title: "write and dirty bits of the entry; a dirty read-only entry is dirty as well",
  forkCases: [
    { all: Pte.dirty, clear: Pte.write | Pte.dirty, frameSet: PG_DIRTY },
    { clear: Pte.write },
  ],
  clearCases: [{ all: Pte.write, clear: KEPT, set: Pte.dirty }, { clear: Pte.softDirty }],
  rules: [
    ...ENTRY_DIRTY_RULES,
    {
      name: "dirty when made writable",
      because:
        "a read-only entry that is exclusive is dirty, and stays so when it is made writable; its first write takes no fault to make it dirty, which today's does where the CPU cannot",
      after: ["mprotect", "uffd-wp"],
      softwareDirty: true,
    },
  ],
  hooks: (kernel) => new EntryDirty(kernel, { loose: true }),
};
