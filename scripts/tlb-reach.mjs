// Both curves of test/data/host/tlb-reach.json, simulated and measured, as a Markdown table; any other working
// sets and strides by the arguments of the workload. Run `npm run build` before.
//
//   node scripts/tlb-reach.mjs [PARAMETER=VALUE:...] [PAGES...]        stride=8k:lines=2 1024 4096

import { readFileSync } from "node:fs";
import { loadCoreModule, planRun, runCell } from "../dist/src/index.js";

const MEASURED = JSON.parse(
  readFileSync(new URL("../test/data/host/tlb-reach.json", import.meta.url), "utf8"),
).chase;
const BACKINGS = { "4K": "base", "2M-backed": "2m" };

const args = process.argv.slice(2);
const settings = args.filter((arg) => arg.includes("=")).map((arg) => `:${arg}`);
const chosen = args.filter((arg) => !arg.includes("="));
const sizes = chosen.length > 0 ? chosen : Object.keys(MEASURED["4K"]);

const core = await loadCoreModule();
async function simulated(pages, backing) {
  const path = `chase:pages=${pages}${settings.join("")}`;
  const [cell] = planRun({
    inputs: [{ path, format: "auto", accesses: "all", split: true }],
    archs: ["x86-64"],
    cpus: ["golden-cove"],
    pages: [backing],
    dataCached: true,
    nested: "4k",
  });
  const { result } = await runCell(core, cell);
  if (result.checks.some(({ ok }) => !ok)) throw new Error(`${path}: a check failed`);
  return result.metrics.ns_per_access;
}

const titles = Object.keys(BACKINGS).flatMap((name) => [
  `${name}: measured, ns`,
  "simulated",
  "ratio",
]);
console.log(`| pages | ${titles.join(" | ")} |`);
console.log(`| ---: |${" ---: |".repeat(titles.length)}`);
for (const pages of sizes) {
  const row = [pages];
  for (const [name, backing] of Object.entries(BACKINGS)) {
    const was = settings.length > 0 ? undefined : MEASURED[name][pages];
    const is = await simulated(pages, backing);
    row.push(was ?? "–", is.toFixed(2), was === undefined ? "–" : (is / was).toFixed(2));
  }
  console.log(`| ${row.join(" | ")} |`);
}
