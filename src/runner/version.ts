// The version of this package.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** As package.json states it. */
export function packageVersion(): string {
  const path = createRequire(import.meta.url).resolve("mmulate/package.json");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return version;
}
