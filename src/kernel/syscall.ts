// System calls on an address space: under its mmap_lock, in the mode that the call takes it.

import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import { makeRoom } from "./reclaim.js";
import type { LockMode } from "./time.js";

/** Runs a system call under the mmap_lock of `mm`. */
export function syscall<T>(kernel: Kernel, mm: Mm, mode: LockMode, body: () => T): T {
  const { clocks } = kernel;
  makeRoom(kernel);
  kernel.count(Event.syscall);
  const since = clocks.acquire(mm.mmapLock, mode);
  const result = body();
  clocks.release(mm.mmapLock, mode, since);
  return result;
}
