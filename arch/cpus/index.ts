// The CPU profiles, by name.

import type { CpuProfile } from "../cpu-schema.js";
import { bare } from "./bare.js";
import { goldenCove } from "./golden-cove.js";
import { neoverseN1 } from "./neoverse-n1.js";
import { neoverseV2 } from "./neoverse-v2.js";
import { plain } from "./plain.js";
import { skylakeSp } from "./skylake-sp.js";
import { yardstick } from "./yardstick.js";
import { zen4 } from "./zen4.js";

const ALL = [plain, bare, yardstick, goldenCove, skylakeSp, zen4, neoverseN1, neoverseV2];

/** Every CPU profile that mmulate ships, by name. */
export const CPUS: ReadonlyMap<string, CpuProfile> = new Map(ALL.map((cpu) => [cpu.name, cpu]));
