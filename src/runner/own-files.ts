// Descriptor files that selectors name where a name may stand.

import { filesAmong } from "../config/read-descriptors.js";
import type { OwnFiles } from "./plan.js";

/** Selectors that may be files. */
export interface FileSelectors {
  readonly archs: readonly string[];
  readonly cpus: readonly string[];
  readonly layouts: readonly string[];
  readonly costs: readonly string[];
}

/**
 * Reads the files among selectors.
 * @throws MmulateError USAGE when a file cannot be read; INPUT with file, line and column
 */
export async function ownFiles({ archs, cpus, layouts, costs }: FileSelectors): Promise<OwnFiles> {
  return {
    architectures: await filesAmong("architecture", archs),
    cpus: await filesAmong("cpu", cpus),
    layouts: await filesAmong("Linux layout", layouts),
    costs: await filesAmong("costs", costs),
  };
}
