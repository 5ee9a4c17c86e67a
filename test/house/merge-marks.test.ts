// No file that people read holds marks of a merge that nobody finished: code with them does not compile, texts do.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MARK = /^(<{7} |>{7} |\|{7} )/m;

function textsIn(folder: string, recursive: boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive, encoding: "utf8" })
    .filter((name) => /\.(md|ya?ml|json|scn|txt)$/.test(name))
    .map((name) => join(folder, name));
}

it("texts hold no marks of a merge", () => {
  const texts = [
    ...textsIn(".", false),
    ...["docs", "bench", "test/golden", "test/data/scripts"].flatMap((each) => textsIn(each, true)),
  ];
  expect(texts).toContain("README.md");
  expect(texts.filter((path) => MARK.test(readFileSync(join(ROOT, path), "utf8")))).toEqual([]);
});
