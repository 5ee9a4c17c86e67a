// Descriptor files that the command line names where a name may stand.

import { filesAmong } from "../config/read-descriptors.js";
import type { OwnFiles } from "../runner/plan.js";

/**
 * Reads the files among selectors of architectures and CPUs.
 * @throws MmulateError USAGE when a file cannot be read; INPUT with file, line and column
 */
export async function ownFiles(
  archs: readonly string[],
  cpus: readonly string[],
): Promise<OwnFiles> {
  return {
    architectures: await filesAmong("architecture", archs),
    cpus: await filesAmong("cpu", cpus),
  };
}
