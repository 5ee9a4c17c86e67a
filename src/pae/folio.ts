// One flag for a folio, frozen while the folio is locked: fork waits for migration and swap-out, and write-protects
// every mapping of the folio before the first is shared. Mixed states become copies.

import type { Kernel } from "../kernel/kernel.js";
import { PG_EXCLUSIVE } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { FolioFlag } from "./folio-flag.js";
import type { PaeScheme } from "./types.js";

export const folio: PaeScheme<Kernel> = {
  name: "folio",
  title: "a flag of each folio, frozen by its lock",
  fromPage: true,
  forkCases: [{ clear: Pte.write, frameClear: PG_EXCLUSIVE }],
  rules: [
    {
      name: "all or none",
      because:
        "of a large folio that was shared, one page cannot be exclusive again by itself, and a reuse makes all of it exclusive; so some pages are copied, or are not, where today it is the other way round",
      after: ["fork", "pin", "pageout", "migrate"],
    },
  ],
  hooks: (kernel) =>
    new FolioFlag(kernel, {
      first: !kernel.lacks("folio-first"),
      lock: !kernel.lacks("folio-lock"),
    }),
};
