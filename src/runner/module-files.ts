// The compiled module, from the package's own files.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { compileCore } from "../core/instantiate.js";
import { MmulateError } from "../errors.js";

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
  const path = resolveBuild();
  const bytes = await readFile(path);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { module: await compileCore(bytes), bytes, hash };
}

function resolveBuild(): string {
  try {
    return createRequire(import.meta.url).resolve("#build/release.wasm");
  } catch (error) {
    throw notBuilt(error);
  }
}

function notBuilt(cause: unknown): MmulateError {
  return new MmulateError("INTERNAL", "build/release.wasm is missing: run npm run build", {
    cause,
  });
}
