// Workloads of the simulated kernel, by name.

import { pageCosts } from "./page-costs.js";
import { predump } from "./predump.js";
import type { KernelWorkload } from "./types.js";

export const KERNEL_WORKLOADS: ReadonlyMap<string, KernelWorkload> = new Map<
  string,
  KernelWorkload
>([
  ["predump", predump],
  ["page-costs", pageCosts],
]);
