// A message of a synchronous userfaultfd (fs/userfaultfd.c handle_userfault, userfaultfd_read_iter): the faulting
// thread sleeps until the monitor has answered.
//
//   one CPU:    writer  fault | switch |          monitor: poll, read, ioctl          | switch | goes on
//   two CPUs:   writer  fault, wake |                   sleeps                              | goes on
//               monitor             | wakes up | read, ioctl, read again, wake | poll
//
// The monitor's calls other than the answer itself are counted here; whoever answers counts that one. How long an
// idle CPU takes to wake up is a property of the machine more than of the mechanism (tens of microseconds in some
// virtual machines): an event of its own, free unless a cost profile says otherwise.

import { Event } from "./events.js";
import type { FaultResult } from "./fault-types.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";

/** poll, a read of the message, and one more that finds none. */
const MONITOR_CALLS = 3;

/** Tells the monitor of a page, and waits for its answer; the fault is tried again then. */
export function handleUserfault(kernel: Kernel, mm: Mm, page: number): FaultResult {
  const { cpus, monitorCpu } = kernel;
  kernel.locks.unlockFault();
  kernel.count(Event.uffd_message);
  const writer = cpus.current;
  if (monitorCpu === null || monitorCpu === writer) {
    kernel.count(Event.context_switch, 2);
    answer(kernel, mm, page);
    return "retry";
  }
  wake(kernel, monitorCpu);
  cpus.idle();
  cpus.moveTo(monitorCpu);
  cpus.run(mm);
  answer(kernel, mm, page);
  wake(kernel, writer);
  cpus.idle();
  cpus.moveTo(writer);
  cpus.run(mm);
  return "retry";
}

function answer(kernel: Kernel, mm: Mm, page: number): void {
  kernel.count(Event.syscall, MONITOR_CALLS);
  kernel.monitor(mm, page);
}

/** try_to_wake_up of what sleeps on another, idle CPU: that one goes on when the message has come. */
function wake(kernel: Kernel, cpu: number): void {
  const { clocks, cpus } = kernel;
  kernel.count(Event.wake);
  const sent = clocks.now;
  const waker = cpus.moveTo(cpu);
  clocks.until(sent);
  kernel.count(Event.idle_wake);
  cpus.moveTo(waker);
}
