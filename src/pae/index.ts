// Schemes of PageAnonExclusive, by name.

import type { Kernel } from "../kernel/kernel.js";
import { page } from "./page.js";
import type { PaeScheme } from "./types.js";

/** Today's. */
export const DEFAULT_PAE = page.name;

export const PAE_SCHEMES: ReadonlyMap<string, PaeScheme<Kernel>> = new Map(
  [page].map((scheme) => [scheme.name, scheme]),
);
