// What a tracker says where the kernel does not let it work.

import { MmulateError } from "../errors.js";
import type { Errno } from "../kernel/errno.js";

/** @throws MmulateError CONFIG unless the call went well */
export function refuse(call: string, errno: Errno): void {
  if (errno !== 0) throw new MmulateError("CONFIG", `this kernel answers ${call} with ${errno}`);
}
