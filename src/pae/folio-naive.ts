// One flag for a folio, as the idea first reads: fork clears it and write-protects what it copies; whoever comes back
// from swap or migration sets it for all.

import type { Kernel } from "../kernel/kernel.js";
import { PG_EXCLUSIVE } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { FolioFlag } from "./folio-flag.js";
import type { PaeScheme } from "./types.js";

export const folioNaive: PaeScheme<Kernel> = {
  name: "folio-naive",
  title: "a flag of each folio, without guards",
  fromPage: true,
  forkCases: [{ clear: Pte.write, frameClear: PG_EXCLUSIVE }],
  hooks: (kernel) => new FolioFlag(kernel, { first: false, lock: false }),
};
