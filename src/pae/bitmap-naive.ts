// The bitmap without its guards: memory is asked for where the bit is needed, under the page-table lock, and where there
// is none the bit is not set; a bit is found by the entry's place in its table, though other tables may share the page;
// the bitmap is freed at once with a table; and an entry and its bit are taken to belong together.

import type { Kernel } from "../kernel/kernel.js";
import { Pte } from "../layout/linux-flags.js";
import { BitmapHooks } from "./bitmap.js";
import type { Entry, PaeScheme } from "./types.js";

class Unguarded extends BitmapHooks {
  constructor(kernel: Kernel) {
    super(kernel, { fragments: false, rcu: false, again: false });
  }

  override reserve(): boolean {
    return true;
  }

  override dupRun(slot: number, to: number, count: number): void {
    for (const at of [slot, to]) if (this.bitmaps.make(at)) this.bitmaps.mark(at, count, true);
  }

  override putX(entry: Entry, exclusive: boolean): void {
    if (exclusive || this.bitmaps.make(entry.slot)) super.putX(entry, exclusive);
  }

  override split(parts: Entry, count: number, exclusive: boolean): void {
    if (exclusive || this.bitmaps.make(parts.slot)) super.split(parts, count, exclusive);
  }

  override moveEntry(from: number, to: number): void {
    if (!this.bitmaps.has(from) || this.bitmaps.make(to)) super.moveEntry(from, to);
  }
}

export const bitmapNaive: PaeScheme<Kernel> = {
  name: "bitmap-naive",
  title: "the bitmap, allocated where it is needed",
  forkCases: [{ clear: Pte.write }],
  hooks: (kernel) => new Unguarded(kernel),
};
