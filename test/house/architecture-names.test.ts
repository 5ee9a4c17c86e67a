// No code knows an architecture by name: an architecture more is files in arch/ (docs/adr/0026). Comments may
// speak of them, and help texts give examples.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Code without comments; strings stay. */
function codeOf(source: string): string {
  const pattern =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return source.replaceAll(pattern, (token) => (token.startsWith("/") ? " " : token));
}

function filesIn(folder: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

/** Names of architectures, of machines and of their registers and bits. */
const NAMES = [
  ...["x86", "amd64", "arm64", "aarch64", "riscv", "intel", "sv39", "svadu", "svrsw"],
  ...["cr3", "ttbr", "satp", "invlpg", "invpcid", "tlbi", "sfence", "pkru", "granule"],
  ...["dbm", "pte_cont", "saved_dirty"],
].join("|");
const PATTERN = new RegExp(`(?<![a-z])(${NAMES})`, "gi");

/** Where code prints to people: examples of commands, and whose perf events a list gives. */
const SPEAKERS = [
  "src/report/counters-text.ts",
  ...["run-config", "setting", "template"].map((name) => `src/config/${name}.ts`),
];
const speaks = (file: string): boolean => file.startsWith("src/cli/") || SPEAKERS.includes(file);

describe("the code of src/ and assembly/", () => {
  const files = [...filesIn("assembly"), ...filesIn("src")];

  it.each(files.filter((file) => !speaks(file)))("%s names no architecture", (file) => {
    const code = codeOf(readFileSync(join(ROOT, file), "utf8"));
    expect(code.match(PATTERN) ?? []).toEqual([]);
  });

  it("is searched for names that are there", () => {
    const source =
      "// arm64 in a comment\nconst a = \"x86-64\"; /* riscv */ const sfence = 'http://x';\n";
    expect(codeOf(source).match(PATTERN)).toEqual(["x86", "sfence"]);
  });
});

describe("what ships", () => {
  it("is data from end to end: YAML and JSON of it are the same", () => {
    for (const value of [...ARCHITECTURES.values(), ...LINUX_LAYOUTS.values(), ...CPUS.values()]) {
      expect(parse(JSON.stringify(value))).toEqual(value);
    }
  });

  it("has a Linux layout for every architecture", () => {
    const with_ = new Set([...LINUX_LAYOUTS.values()].map(({ architecture }) => architecture));
    expect([...with_].sort()).toEqual([...ARCHITECTURES.keys()].sort());
  });
});
