// The independent oracles, by architecture: random cases, and what the manual says of them.

import type fc from "fast-check";
import { arbitraryArm64 } from "../reference/arbitrary-arm64.js";
import { arbitraryRiscv64 } from "../reference/arbitrary-riscv64.js";
import { arbitraryX8664 } from "../reference/arbitrary-x86-64.js";
import { referenceWalkArm64 } from "../reference/arm64.js";
import { referenceWalkRiscv64 } from "../reference/riscv64.js";
import { judge, type Outcome, type ReferenceOutcome } from "../reference/vector.js";
import { referenceWalkX8664 } from "../reference/x86-64.js";
import type { ArchitectureName, Case } from "./support.js";

/** Random cases of an architecture. */
export const ARBITRARY: Record<ArchitectureName, () => fc.Arbitrary<Case>> = {
  "x86-64": arbitraryX8664,
  arm64: arbitraryArm64,
  riscv64: arbitraryRiscv64,
};

/** What the manual makes of a case, with cold TLBs. */
export function referenceWalk(drawn: Case): ReferenceOutcome {
  if (drawn.arch === "x86-64") return referenceWalkX8664(drawn);
  return drawn.arch === "arm64" ? referenceWalkArm64(drawn) : referenceWalkRiscv64(drawn);
}

/** Why an outcome breaks the manual's rule, or null. */
export function verdict(drawn: Case, outcome: Outcome): string | null {
  return judge({ ...drawn, ...referenceWalk(drawn) }, outcome);
}
