// mprotect and SIGSEGV: the range is made read-only; the handler notes the page and makes it writable.

import { mprotect } from "../kernel/mprotect.js";
import { VM_READ } from "../kernel/vm-flags.js";
import { refuse } from "./refuse.js";
import { bitmapBytes, runsOf, type Tracker, type Watched } from "./types.js";

function protect({ kernel, mm, start, end }: Watched): void {
  refuse("mprotect", mprotect(kernel, mm, start, end, VM_READ));
}

export const mprotectTracker: Tracker = {
  summary: "mprotect of the range; a SIGSEGV handler unprotects page by page",
  bufferBytes: bitmapBytes,
  blindTo: {
    discard: "MADV_DONTNEED asks for no right to write: no SIGSEGV",
    move: "mremap brings its own mapping with its own rights: no SIGSEGV",
  },
  arm: protect,
  collect(watched, { segv }) {
    protect(watched);
    return runsOf(segv);
  },
};
