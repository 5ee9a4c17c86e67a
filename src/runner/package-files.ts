// Data that ships with the package.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Path of a file of the package, from its root. */
export function packageFile(name: string): string {
  const root = dirname(createRequire(import.meta.url).resolve("mmulate/package.json"));
  return join(root, name);
}
