// userfaultfd write-protection with a monitor: each first write is a message, answered by taking the protection off.

import { uffdRegister, uffdWriteProtect } from "../kernel/userfaultfd.js";
import { refuse } from "./refuse.js";
import { runsOf, type Tracker, type Watched } from "./types.js";

function protect({ kernel, mm, start, end }: Watched): void {
  refuse("UFFDIO_WRITEPROTECT", uffdWriteProtect(kernel, mm, start, end, "on"));
}

export const uffdSync: Tracker = {
  summary: "userfaultfd write-protection; a monitor answers message by message",
  arm(watched) {
    const { kernel, mm, start, end } = watched;
    const mode = { async: false, unpopulated: false };
    refuse("UFFDIO_REGISTER", uffdRegister(kernel, mm, start, end, mode));
    protect(watched);
  },
  collect(watched, { messages }) {
    protect(watched);
    return runsOf(messages);
  },
};
