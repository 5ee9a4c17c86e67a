// Writes the counts of the table "How sure" in docs/sources.md anew, from the built files of arch/.
//
//   npm run sources

import { readFileSync, writeFileSync } from "node:fs";

const at = (path) => import(`../dist/arch/${path}.js`);
const [{ ARCHITECTURES }, { CPUS }, { LINUX_LAYOUTS }, { BIT_BOOKS }, { DEFAULT_COSTS }] =
  await Promise.all(
    ["index", "cpus/index", "linux/index", "linux/bit-books", "costs/index"].map(at),
  );
const { STAGE2S } = await at("stage2/index");
const [softleaf, kernels, { PROPOSALS }, { LINUX_FUNCTIONS }, { SECOND_STAGES }] =
  await Promise.all(
    ["linux/softleaf", "linux/kernels", "linux/proposals", "linux/functions", "linux/kvm"].map(at),
  );

const named = (map, name) => [...map].map(([key, data]) => [name(key), data]);
const files = new Map([
  ...named(ARCHITECTURES, (key) => `arch/${key}.ts`),
  ...named(STAGE2S, (key) => `arch/stage2/${key}.ts`),
  ...named(CPUS, (key) => `arch/cpus/${key}.ts`),
  ...named(LINUX_LAYOUTS, (key) => `arch/linux: ${key}`),
  ["arch/costs/plain.ts", DEFAULT_COSTS],
  ["arch/linux/softleaf.ts", [softleaf.SOFTLEAF_TYPES, softleaf.PTE_MARKERS]],
  ["arch/linux/kernels.ts", [[...kernels.KERNEL_FEATURES.values()], kernels.KERNEL_LAYOUTS]],
  ...named(BIT_BOOKS, (key) => `arch/linux/bits/${key}.ts`),
  ["arch/linux/proposals", [...PROPOSALS.values()]],
  ["arch/linux/functions.ts", [...LINUX_FUNCTIONS.values()]],
  ["arch/linux/kvm.ts", [...SECOND_STAGES.values()]],
]);

/** Marks of every object with a `cite`, the labels of explanations left out. */
function marksOf(value, name = "") {
  if (typeof value !== "object" || value === null || name === "steps") return [];
  const inside = Object.entries(value).flatMap(([key, each]) => marksOf(each, key));
  if (Array.isArray(value) || !("cite" in value)) return inside;
  return [value.confidence ?? "no mark", ...inside];
}

const page = new URL("../docs/sources.md", import.meta.url);
let columns = [];
const lines = readFileSync(page, "utf8")
  .split("\n")
  .map((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells[1] === "file") columns = cells;
    const data = files.get(cells[1]?.replaceAll("`", ""));
    if (data === undefined || columns.length === 0) return line;
    const marks = marksOf(data);
    const counts = columns.slice(2, -1).map((column, i) => {
      if (column === "facts") return marks.length;
      const count = marks.filter((mark) => mark === column).length;
      return count === 0 ? (cells[i + 2] === "0" ? 0 : "–") : count;
    });
    return `| ${[cells[1], ...counts].join(" | ")} |`;
  });
writeFileSync(page, lines.join("\n"));
