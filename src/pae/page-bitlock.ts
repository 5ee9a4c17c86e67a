// Today's flags, but those of tail pages are plain stores under one bit lock of the folio, taken once for pages in a
// row: nothing else may then live in a tail page's flags.

import { headOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { PG_EXCLUSIVE } from "../kernel/page-flags.js";
import { Pte } from "../layout/linux-flags.js";
import { PaeCosts } from "./costs.js";
import { pageFlagHooks } from "./page.js";
import type { PaeScheme } from "./types.js";

/** Taking a bit lock, and giving it back. */
const LOCK_ATOMICS = 2;

export const pageBitlock: PaeScheme<Kernel> = {
  name: "page-bitlock",
  title: "a flag of each page; a large folio's under one bit lock",
  fromPage: true,
  forkCases: [{ clear: Pte.write, frameClear: PG_EXCLUSIVE }],
  hooks: (kernel) => {
    const costs = new PaeCosts();
    let last = 0;
    return pageFlagHooks(kernel, costs, (frame) => {
      const head = headOf(kernel, frame);
      const held = frame === last + 1 && headOf(kernel, last) === head;
      last = frame;
      if (held) return;
      const small = head === frame && headOf(kernel, frame + 1) !== head;
      costs.add("atomics", small ? 1 : LOCK_ATOMICS);
      if (!small) costs.add("locks");
    });
  },
};
