// docs/sources.md says how many facts each file of `arch/` holds and how sure they are. People cite that
// page; so its table is counted anew here.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { BIT_BOOKS } from "../../arch/linux/bit-books.js";
import { LINUX_FUNCTIONS } from "../../arch/linux/functions.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { KERNEL_FEATURES, KERNEL_LAYOUTS } from "../../arch/linux/kernels.js";
import { SECOND_STAGES } from "../../arch/linux/kvm.js";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import { PTE_MARKERS, SOFTLEAF_TYPES } from "../../arch/linux/softleaf.js";
import { STAGE2S } from "../../arch/stage2/index.js";

const PAGE = readFileSync(new URL("../../docs/sources.md", import.meta.url), "utf8");

/** Marks of every object with a `cite`, the labels of explanations left out. */
function marksOf(value: unknown, name = ""): string[] {
  if (typeof value !== "object" || value === null || name === "steps") return [];
  const inside = Object.entries(value).flatMap(([key, each]) => marksOf(each, key));
  if (Array.isArray(value) || !("cite" in value)) return inside;
  return ["confidence" in value ? String(value.confidence) : "no mark", ...inside];
}

const FILES: [string, unknown][] = [
  ...[...ARCHITECTURES].map(([name, data]): [string, unknown] => [`arch/${name}.ts`, data]),
  ...[...STAGE2S].map(([name, data]): [string, unknown] => [`arch/stage2/${name}.ts`, data]),
  ...[...CPUS].map(([name, data]): [string, unknown] => [`arch/cpus/${name}.ts`, data]),
  ...[...LINUX_LAYOUTS].map(([name, data]): [string, unknown] => [`arch/linux: ${name}`, data]),
  ["arch/costs/plain.ts", DEFAULT_COSTS],
  ["arch/linux/softleaf.ts", [SOFTLEAF_TYPES, PTE_MARKERS]],
  ["arch/linux/kernels.ts", [[...KERNEL_FEATURES.values()], KERNEL_LAYOUTS]],
  ...[...BIT_BOOKS].map(([name, data]): [string, unknown] => [`arch/linux/bits/${name}.ts`, data]),
  ["arch/linux/proposals", [...PROPOSALS.values()]],
  ["arch/linux/functions.ts", [...LINUX_FUNCTIONS.values()]],
  ["arch/linux/kvm.ts", [...SECOND_STAGES.values()]],
];

/** "arch/x86-64.ts" -> column -> count, of the table under "How sure". */
function tableOf(page: string): Record<string, Record<string, string>> {
  const rows = page
    .slice(page.indexOf("## How sure"))
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  const [head = [], , ...body] = rows;
  return Object.fromEntries(
    body.map((cells) => [
      cells[1] ?? "",
      Object.fromEntries(head.map((column, i) => [column, cells[i] ?? ""]).slice(2, -1)),
    ]),
  );
}

describe("the table of how sure the facts are", () => {
  const table = tableOf(PAGE);

  it.each(FILES)("counts %s", (file, data) => {
    const marks = marksOf(data);
    expect(Object.keys(table)).toContain(file);
    const row = table[file] ?? {};
    const count = (mark: string) => marks.filter((each) => each === mark).length;
    const expected = Object.fromEntries(
      Object.keys(row).map((column) => [column, column === "facts" ? marks.length : count(column)]),
    );
    const told = Object.fromEntries(
      Object.entries(row).map(([column, cell]) => [column, cell === "–" ? 0 : Number(cell)]),
    );
    expect(told).toEqual(expected);
    const { facts, ...by } = told;
    expect(Object.values(by).reduce((sum, each) => sum + each, 0)).toBe(facts);
  });
});
