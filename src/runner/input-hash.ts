// What an input holds, in one word.

import { createHash } from "node:crypto";
import { openBytes } from "../trace/open.js";

/**
 * SHA-256 of a file's bytes, decompressed: the same trace packed otherwise is the same input.
 * @throws MmulateError INPUT when it cannot be read
 */
export async function inputHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of openBytes(path)) hash.update(chunk);
  return hash.digest("hex");
}
