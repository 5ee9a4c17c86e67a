// Second stages, by the architecture whose guests they serve.

import type { Descriptor } from "../schema.js";
import { armStage2 } from "./arm64.js";
import { gStage } from "./riscv64.js";
import { ept } from "./x86-64.js";

export const STAGE2S: ReadonlyMap<string, Descriptor> = new Map([
  ["x86-64", ept],
  ["arm64", armStage2],
  ["riscv64", gStage],
]);
