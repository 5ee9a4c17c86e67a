// Where the compiled modules are, in the package's own files.

import { createRequire } from "node:module";
import { MmulateError } from "./errors.js";

/**
 * Path of a file of the build.
 * @throws MmulateError INTERNAL when the package was not built
 */
export function buildFile(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(`#build/${name}`);
  } catch (error) {
    throw notBuilt(name, error);
  }
}

function notBuilt(name: string, cause: unknown): MmulateError {
  return new MmulateError("INTERNAL", `build/${name} is missing: run npm run build`, { cause });
}
