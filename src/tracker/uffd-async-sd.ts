// Asynchronous userfaultfd write-protection as it was first proposed (2022): the kernel takes the protection off by
// itself, and the soft-dirty bit tells who was written. UFFDIO_WRITEPROTECT clears it, over a range and under the
// mmap_lock for reading; it is read as pagemap has it, so between reading and clearing the process must stand still.

import { uffdRegister, uffdWriteProtect } from "../kernel/userfaultfd.js";
import { refuse } from "./refuse.js";
import { LOSES_BETWEEN, PAGEMAP_BYTES, softDirtyPages } from "./soft-dirty.js";
import type { Tracker, Watched } from "./types.js";

function protect({ kernel, mm, start, end }: Watched): void {
  refuse("UFFDIO_WRITEPROTECT", uffdWriteProtect(kernel, mm, start, end, "on"));
}

function register({ kernel, mm, start, end }: Watched): void {
  const mode = { async: true, unpopulated: false, softDirty: true };
  refuse("UFFDIO_REGISTER (asynchronous, soft-dirty)", uffdRegister(kernel, mm, start, end, mode));
}

export const uffdAsyncSd: Tracker = {
  summary: "asynchronous userfaultfd write-protection as first proposed, on the soft-dirty bit",
  bufferBytes: () => PAGEMAP_BYTES,
  seesNewMappings: true,
  blindTo: {
    race: LOSES_BETWEEN,
    discard:
      "MADV_DONTNEED empties entries, and only a write sets the bit of a new one (VM_SOFTDIRTY is not asked)",
    move: "mremap takes the registration away and leaves the bits of whole tables as they are",
  },
  arm(watched) {
    register(watched);
    protect(watched);
  },
  collect(watched) {
    const pages = softDirtyPages(watched);
    // What was mapped or moved here since is registered, too.
    register(watched);
    protect(watched);
    return pages;
  },
};
