// Schemes of PageAnonExclusive, by name.

import type { Kernel } from "../kernel/kernel.js";
import { bitmap } from "./bitmap.js";
import { ownBit } from "./own-bit.js";
import { page } from "./page.js";
import { pageBitlock } from "./page-bitlock.js";
import { pteLoose } from "./pte-loose.js";
import { pteStrict } from "./pte-strict.js";
import type { PaeScheme } from "./types.js";

/** Today's. */
export const DEFAULT_PAE = page.name;

export const PAE_SCHEMES: ReadonlyMap<string, PaeScheme<Kernel>> = new Map(
  [page, pageBitlock, bitmap, ownBit, pteStrict, pteLoose].map((scheme) => [scheme.name, scheme]),
);
