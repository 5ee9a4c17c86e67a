// The compiled module, from the package's own files.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buildFile } from "../build-file.js";
import { compileCore } from "../core/instantiate.js";

export interface CoreModule {
  readonly module: WebAssembly.Module;
  /** Its binary form, from which modules for one layout and CPU are made. */
  readonly bytes: Uint8Array;
  /** SHA-256 of its bytes, hex. */
  readonly hash: string;
}

/**
 * Loads the release build.
 * @throws MmulateError INTERNAL when the package was not built
 */
export async function loadCoreModule(): Promise<CoreModule> {
  const bytes = await readFile(buildFile("release.wasm"));
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { module: await compileCore(bytes), bytes, hash };
}
