// Pins as a device sees them: whatever a process writes to a page, the frame that is pinned for it must contain, until the
// process gives the page up. A kernel that puts another page in its place (a copy, a migration, a merge, swap) leaves the
// device behind with the old one.

import { stampOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Violation } from "./audit.js";
import type { PlainMemory } from "./plain-memory.js";

/** Compares what devices see with what processes wrote; and whoever pins without locks looks at nothing that is free. */
export function checkPinnedPages(kernel: Kernel, memory: PlainMemory): Violation[] {
  const { usesAfterFree } = kernel.steps;
  const freed = usesAfterFree === 0 ? [] : [{ id: "no use after free", text: "of a bitmap" }];
  const replaced = [...memory.held()]
    .filter(({ frame, value }) => stampOf(kernel, frame) !== value)
    .map(({ frame, value }) => ({
      id: "I3: the page pinned is the page mapped",
      text: `page ${frame}: a device sees ${stampOf(kernel, frame)}, should see ${value}`,
    }));
  return [...freed, ...replaced];
}
