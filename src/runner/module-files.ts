// The compiled module, from the package's own files.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buildFile } from "../build-file.js";
import { compileCore } from "../core/instantiate.js";
import { limitMemory } from "../core/memory-limit.js";

export interface CoreModule {
  readonly module: WebAssembly.Module;
  /** Its binary form, from which modules for one layout and CPU are made. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes as built, hex. */
  readonly hash: string;
  /** Most bytes of linear memory that an instance may have; left out, what it was compiled for: 4 GiB. */
  readonly memoryBytes?: number;
}

/**
 * Loads the release build.
 * @param memoryBytes limit of an instance's memory
 * @throws MmulateError INTERNAL when the package was not built; CONFIG when no instance fits the limit
 */
export async function loadCoreModule(memoryBytes?: number): Promise<CoreModule> {
  const built = await readFile(buildFile("release.wasm"));
  const hash = createHash("sha256").update(built).digest("hex");
  const bytes = memoryBytes === undefined ? built : limitMemory(built, memoryBytes);
  const limit = memoryBytes === undefined ? {} : { memoryBytes };
  return { module: await compileCore(bytes), bytes, hash, ...limit };
}
