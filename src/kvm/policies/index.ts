// Policies by name.

import { mkclean } from "./mkclean.js";
import { strict } from "./strict.js";
import type { MmuPolicy } from "./types.js";
import { writeProtect } from "./write-protect.js";
import { zap } from "./zap.js";
import { zapLate } from "./zap-late.js";
import { zapTouch } from "./zap-touch.js";

/** What a secondary MMU does when the host's entries change (`--mmu-policy`). */
export const MMU_POLICIES: ReadonlyMap<string, MmuPolicy> = new Map(
  [zap, zapLate, zapTouch, strict, writeProtect, mkclean].map((policy) => [policy.name, policy]),
);
