// System calls on an address space: under its mmap_lock, in the mode that the call takes it, and a writer under the
// locks of the VMAs that it changes.

import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { makeRoom } from "./reclaim.js";
import type { LockMode } from "./time.js";

/** Runs a system call under the mmap_lock of `mm`. */
export function syscall<T>(kernel: Kernel, mm: Mm, mode: LockMode, body: () => T): T {
  const { clocks } = kernel;
  kernel.steps.needsMmap(mm);
  makeRoom(kernel);
  kernel.count(Event.syscall);
  const since = clocks.acquire(mm.mmapLock, mode);
  const result = body();
  if (mode === "write") kernel.locks.endWrites();
  clocks.release(mm.mmapLock, mode, since);
  return result;
}
