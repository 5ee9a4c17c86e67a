// CPU time of this thread: with several workers, the process's own says nothing about one of them.

import { readFileSync } from "node:fs";
import process from "node:process";

/** Nanoseconds on a CPU come first in it (Documentation/scheduler/sched-stats.rst). */
const THREAD_STATISTICS = "/proc/thread-self/schedstat";

/** Seconds this thread has run; of the whole process where the system does not tell them apart. */
export function cpuSeconds(): number {
  try {
    const [nanoseconds = ""] = readFileSync(THREAD_STATISTICS, "utf8").split(" ");
    if (/^\d+$/.test(nanoseconds)) return Number(nanoseconds) / 1e9;
  } catch {
    // Not Linux, or no /proc.
  }
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
