// The import rules of biome.json bite: a small tree is written that has every forbidden edge, Biome
// lints it once with the project's own configuration, and every edge must be reported. The allowed
// edges stand in the same tree and must not be.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EDGE = "lint/style/noRestrictedImports";
const CYCLE = "lint/suspicious/noImportCycles";

/** Importing folder, then what a file there must not import. */
const FORBIDDEN: Record<string, readonly string[]> = {
  assembly: ["../src/errors", "../arch/schema", "node:fs", "zod"],
  "assembly/abi": ["./layout", "../run", "node:fs", "zod"],
  arch: ["../src/layout/compile.js", "../src/errors.js", "../assembly/abi/stop.js", "node:fs"],
  "arch/cpus": ["../../src/errors.js", "../../assembly/abi/tlb.js", "node:path"],
  "src/layout": [
    "node:fs",
    "../core/load.js",
    "../stats/counters.js",
    "../trace/open.js",
    "../../arch/x86-64.js",
    "../../assembly/run.js",
    "../index.js",
    "./../core/load.js",
    "zod",
  ],
  "src/stats": ["node:os", "../core/load.js", "../runner/plan.js", "../../arch/index.js"],
  "src/core": [
    "node:fs/promises",
    "../kernel/fault.js",
    "../runner/plan.js",
    "../trace/open.js",
    "../../arch/x86-64.js",
    "../../assembly/index.js",
    "../../build/release.js",
  ],
  "src/kernel": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/tracker": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/pae": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/kvm": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/oracle": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/scenario": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/workload": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/workload/deep": ["../../cli/main.js", "../../runner/plan.js", "node:fs"],
  "src/study": ["../cli/main.js", "../runner/plan.js", "../report/table.js", "node:fs"],
  "src/verify": ["../cli/main.js", "../runner/plan.js", "../report/table.js"],
  "src/trace": ["../core/load.js", "../kernel/fault.js", "../runner/plan.js", "../cli/main.js"],
  "src/config": ["../core/load.js", "../kernel/fault.js", "../runner/plan.js", "../cli/main.js"],
  "src/report": ["../core/load.js", "../runner/plan.js", "../cli/main.js", "node:util"],
  "src/runner": ["../report/table.js", "../cli/main.js", "../../test/reference/vector.js"],
  "src/cli": ["../../test/reference/vector.js", "../../bench/run.js"],
};

const ALLOWED: Record<string, readonly string[]> = {
  assembly: ["./walk", "./abi/layout"],
  arch: ["./schema.js", "./cpus/a72.js", "zod"],
  "arch/cpus": ["../schema.js", "./other.js"],
  "src/layout": ["./bits.js", "../errors.js", "../../arch/schema.js", "../../assembly/abi/stop.js"],
  "src/stats": ["./counters.js", "../errors.js", "../../assembly/abi/counters.js"],
  "src/core": [
    "../layout/compile.js",
    "../../assembly/abi/stop.js",
    "@assemblyscript/loader",
    "#build/release.js",
  ],
  "src/kernel": ["../core/load.js", "../layout/compile.js", "../../arch/index.js"],
  "src/tracker": ["../core/load.js", "../kernel/pagemap.js"],
  "src/workload": ["../core/load.js", "../kernel/fault.js", "../../assembly/abi/event.js"],
  "src/workload/deep": ["../random.js", "../../core/load.js", "../../errors.js"],
  "src/verify": ["../core/load.js", "../layout/compile.js", "../trace/open.js"],
  "src/trace": ["node:fs/promises", "../../assembly/abi/event.js", "../errors.js", "zod"],
  "src/config": ["node:fs/promises", "../../arch/index.js", "zod"],
  "src/report": ["../stats/result.js", "../errors.js", "cli-table3"],
  "src/runner": ["../core/load.js", "../trace/open.js", "node:os", "piscina"],
  "src/cli": ["../runner/plan.js", "../report/table.js", "node:process", "commander"],
};

/** Every form of an import that names another module. */
const FORMS: readonly string[] = [
  'import { x } from "node:fs";\nexport const y = x;\n',
  'import type { x } from "node:fs";\nexport type Y = x;\n',
  'import "node:fs";\n',
  'export { x } from "node:fs";\n',
  'export * from "node:fs";\n',
  'export const y = await import("node:fs");\n',
];

let tree = "";
let reported: ReadonlyMap<string, ReadonlySet<string>>;

function write(path: string, text: string): string {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
  return path;
}

/** A file of its own for each edge, so that a report names the edge. */
function writeEdges(kind: string, edges: Record<string, readonly string[]>): void {
  for (const [folder, specifiers] of Object.entries(edges)) {
    specifiers.forEach((specifier, index) => {
      write(
        `${folder}/${kind}-${index}.ts`,
        `import { x } from "${specifier}";\nexport const y = x;\n`,
      );
    });
  }
}

/** Lints the tree: the rules broken, by file. */
function lint(): Map<string, Set<string>> {
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
  const flags = ["lint", "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout } = spawnSync(process.execPath, [biome, ...flags], {
    cwd: tree,
    encoding: "utf8",
  });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  const rules = new Map<string, Set<string>>();
  for (const { category, location } of diagnostics) {
    rules.set(location.path, (rules.get(location.path) ?? new Set()).add(category));
  }
  return rules;
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "mmulate-rules-"));
  copyFileSync(join(ROOT, "biome.json"), join(tree, "biome.json"));
  writeEdges("forbidden", FORBIDDEN);
  writeEdges("allowed", ALLOWED);
  FORMS.forEach((text, index) => {
    write(`src/pae/form-${index}.ts`, text);
  });
  write("src/layout/one.ts", 'import { two } from "./two.js";\nexport const one = () => two;\n');
  write("src/layout/two.ts", 'import { one } from "./one.js";\nexport const two = () => one;\n');
  write("assembly/one.ts", 'import { two } from "./two";\nexport const one = () => two;\n');
  write("assembly/two.ts", 'import { one } from "./one";\nexport const two = () => one;\n');
  write("src/errors.ts", 'import { x } from "./core/load.js";\nexport const y = x;\n');
  reported = lint();
});

afterAll(() => {
  rmSync(tree, { recursive: true, force: true });
});

describe.each(Object.entries(FORBIDDEN))("%s must not import", (folder, specifiers) => {
  test.each(specifiers.map((specifier, index) => [specifier, index] as const))("%s", (_, index) => {
    expect(reported.get(`${folder}/forbidden-${index}.ts`)).toContain(EDGE);
  });
});

describe.each(Object.entries(ALLOWED))("%s may import", (folder, specifiers) => {
  test.each(specifiers.map((specifier, index) => [specifier, index] as const))("%s", (_, index) => {
    expect(reported.get(`${folder}/allowed-${index}.ts`)).toBeUndefined();
  });
});

describe("every form of import is seen", () => {
  test.each(FORMS.map((text, index) => [text.split("\n", 1)[0], index] as const))(
    "%s",
    (_, index) => {
      expect(reported.get(`src/pae/form-${index}.ts`)).toContain(EDGE);
    },
  );
});

test("the catalogue of errors imports nothing", () => {
  expect(reported.get("src/errors.ts")).toContain(EDGE);
});

test.each(["src/layout", "assembly"])("a cycle in %s is reported at both ends", (folder) => {
  expect(reported.get(`${folder}/one.ts`)).toContain(CYCLE);
  expect(reported.get(`${folder}/two.ts`)).toContain(CYCLE);
});

describe("ESLint refuses the spellings that Biome cannot see", () => {
  test.each([
    ["a detour", 'export { x } from "../arch/../src/core/load.js";\n'],
    ["an import type expression", 'export type X = import("./core/load.js").X;\n'],
  ])("%s", async (_, text) => {
    const eslint = new ESLint({ cwd: ROOT });
    const [result] = await eslint.lintText(text, { filePath: join(ROOT, "src/errors.ts") });
    expect(result?.messages.map((message) => message.ruleId)).toEqual(["no-restricted-syntax"]);
  });
});
