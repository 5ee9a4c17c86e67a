// Address spaces that are not in halves: one root, and address bits above those that are translated are zero.

import type { Descriptor } from "./schema.js";

/** Both halves, as the schema has them, are the same one. */
export function oneRoot(
  root: string,
): Pick<Descriptor["addressSpace"], "select" | "signExtended" | "halves" | "rangeLevel"> {
  const half = { root, own: {} };
  return { select: 63, signExtended: false, halves: [half, half], rangeLevel: "top" };
}
