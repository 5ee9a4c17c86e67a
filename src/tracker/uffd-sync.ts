// userfaultfd write-protection with a monitor: each first write is a message, answered by taking the protection off.

import { uffdRegister, uffdWriteProtect } from "../kernel/userfaultfd.js";
import { refuse } from "./refuse.js";
import { bitmapBytes, runsOf, type Tracker, type Watched } from "./types.js";

function register({ kernel, mm, start, end }: Watched): void {
  const mode = { async: false, unpopulated: false };
  refuse("UFFDIO_REGISTER", uffdRegister(kernel, mm, start, end, mode));
}

function protect(watched: Watched): void {
  const { kernel, mm, start, end } = watched;
  const errno = uffdWriteProtect(kernel, mm, start, end, "on");
  if (errno !== "ENOENT") {
    refuse("UFFDIO_WRITEPROTECT", errno);
    return;
  }
  // A mapping that is not registered is new here, or was moved here.
  register(watched);
  refuse("UFFDIO_WRITEPROTECT", uffdWriteProtect(kernel, mm, start, end, "on"));
}

export const uffdSync: Tracker = {
  summary: "userfaultfd write-protection; a monitor answers message by message",
  bufferBytes: bitmapBytes,
  blindTo: {
    discard: "MADV_DONTNEED is no write fault (UFFD_FEATURE_EVENT_REMOVE would tell it)",
    move: "mremap is no write fault, and its mapping is not registered (UFFD_FEATURE_EVENT_REMAP would tell it)",
  },
  arm(watched) {
    register(watched);
    protect(watched);
  },
  collect(watched, { messages }) {
    protect(watched);
    return runsOf(messages);
  },
};
