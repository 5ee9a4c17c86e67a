// A virtual machine of a script.

import type { PendingFault } from "../kvm/fault.js";
import type { Vm } from "../kvm/vm.js";

/** What a script's name of a machine stands for. */
export interface Guest {
  readonly vm: Vm;
  /** The process whose memory it has. */
  readonly process: object;
  /** A fault that a script holds between its look-up and its end. */
  held: { readonly gfn: number; readonly write: boolean; readonly fault: PendingFault } | null;
}
