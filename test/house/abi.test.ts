// assembly/abi is the one source of every code and offset: what TypeScript imports from it is what the
// compiled module says, and the module leaves the memory below MEMORY_BASE to the compiler.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { COUNTERS, Counter } from "../../assembly/abi/counters.js";
import { MAX_COUNTERS, MEMORY_BASE } from "../../assembly/abi/memory-map.js";
import { ACCESSES, Access, FAULT_KINDS, FaultKind } from "../../assembly/abi/stop.js";
import { TLB_STRUCTURES, TlbStructure } from "../../assembly/abi/tlb.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ABI = join(ROOT, "assembly/abi");

type Members = Record<string, number>;

/** The members of a TypeScript enum, without its reverse mapping; undefined for anything else. */
function membersOf(value: unknown): Members | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const named = Object.entries(value).filter(([name]) => Number.isNaN(Number(name)));
  return Object.fromEntries(named) as Members;
}

/** Every enum of assembly/abi by name. */
async function abiEnums(): Promise<Record<string, Members>> {
  const enums: Record<string, Members> = {};
  for (const file of readdirSync(ABI)) {
    const module: Record<string, unknown> = await import(/* @vite-ignore */ join(ABI, file));
    for (const [name, value] of Object.entries(module)) {
      const members = membersOf(value);
      if (members !== undefined) enums[name] = members;
    }
  }
  return enums;
}

function instantiate(build: string): WebAssembly.Exports {
  const module = new WebAssembly.Module(readFileSync(join(ROOT, `build/${build}.wasm`)));
  const imports: Record<string, Record<string, () => void>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: () => undefined };
  }
  return new WebAssembly.Instance(module, imports).exports;
}

/** asc exports each member of an exported enum as a global named like `Counter.Reads`. */
function exportedEnums(exports: WebAssembly.Exports): Record<string, Members> {
  const enums: Record<string, Members> = {};
  for (const [path, value] of Object.entries(exports)) {
    const [name, member] = path.split(".");
    if (name === undefined || member === undefined) continue;
    enums[name] = { ...enums[name], [member]: (value as WebAssembly.Global).value };
  }
  return enums;
}

describe.each(["release", "debug"])("the %s module", (build) => {
  test("exports every enum of assembly/abi, with the same members and values", async () => {
    expect(exportedEnums(instantiate(build))).toEqual(await abiEnums());
  });

  test("keeps the compiler's static data below MEMORY_BASE", () => {
    const { heapBase } = instantiate(build) as { heapBase: () => number };
    expect(heapBase()).toBeLessThanOrEqual(MEMORY_BASE);
  });
});

test.each([
  ["COUNTERS", COUNTERS, Counter],
  ["FAULT_KINDS", FAULT_KINDS, FaultKind],
  ["ACCESSES", ACCESSES, Access],
  ["TLB_STRUCTURES", TLB_STRUCTURES, TlbStructure],
])("%s counts its enum, whose values run from 0", (_, count, members) => {
  const values = Object.values(membersOf(members) ?? {});
  expect(values).toEqual(Array.from({ length: count }, (_, value) => value));
});

test("the counters fit their region", () => {
  expect(COUNTERS).toBeLessThanOrEqual(MAX_COUNTERS);
});

/** What stands behind the decorators at the start of a line, unless it is a class. */
function decoratedAtTopLevel(source: string): string[] {
  const found: string[] = [];
  for (const { 0: decorators, index } of source.matchAll(/^(?:@\w+(?:\([^)]*\))?\s+)+/gm)) {
    const declaration = source.slice(index + decorators.length).split("\n", 1)[0] ?? "";
    if (!/^(?:export )?(?:abstract )?class\b/.test(declaration)) found.push(declaration);
  }
  return found;
}

// Biome, ESLint and Prettier cannot parse them; a static method with @inline is parsed by all.
test("no function, constant or variable in assembly/ is decorated", () => {
  const files = readdirSync(join(ROOT, "assembly"), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(join(ROOT, "assembly", file), "utf8");
    expect(decoratedAtTopLevel(source), file).toEqual([]);
  }
});

test("the search for decorators finds them", () => {
  const source =
    "@inline\nfunction a(): void {}\n@unmanaged\nclass B {\n  @inline static c(): void {}\n}\n";
  expect(decoratedAtTopLevel(source)).toEqual(["function a(): void {}"]);
});
