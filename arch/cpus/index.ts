// The CPU profiles, by name.

import type { CpuProfile } from "../cpu-schema.js";
import { plain } from "./plain.js";
import { yardstick } from "./yardstick.js";

/** Every CPU profile that mmulate ships, by name. */
export const CPUS: ReadonlyMap<string, CpuProfile> = new Map([
  [plain.name, plain],
  [yardstick.name, yardstick],
]);
