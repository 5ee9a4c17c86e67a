// The architectures, by name.

import { arm64 } from "./arm64.js";
import { riscv64 } from "./riscv64.js";
import type { Descriptor } from "./schema.js";
import { x8664 } from "./x86-64.js";

/** Every architecture that mmulate ships, by name. */
export const ARCHITECTURES: ReadonlyMap<string, Descriptor> = new Map([
  [x8664.name, x8664],
  [arm64.name, arm64],
  [riscv64.name, riscv64],
]);

/** Architectures of a run that names none. */
export const DEFAULT_ARCHITECTURES: readonly string[] = [x8664.name, arm64.name];
