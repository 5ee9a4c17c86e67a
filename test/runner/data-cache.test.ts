// Runs on CPUs with data caches: identities hold, and the switch changes nothing but what it is for.

import { describe, expect, it } from "vitest";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { runCell } from "../../src/runner/run-cell.js";
import { inputFolder, raw64Bytes } from "../trace/support.js";

const folder = inputFolder();

/** Reads over 40 pages in turns, a line further each time: they miss TLBs and caches now and then. */
const ADDRESSES = Array.from({ length: 6000 }, (_, i) => {
  const page = BigInt((i * 7) % 40);
  return 0x4000_0000n + (page << 12n) + BigInt((i % 64) * 64);
});

async function results(cpus: string[], archs: string[], dataCached: boolean) {
  const path = folder.write("reads.raw64", raw64Bytes(ADDRESSES));
  const inputs = [{ path, format: "raw64", accesses: "all", split: true } as const];
  const cells = planRun({ inputs, archs, cpus, pages: ["base"], dataCached });
  const module = await loadCoreModule();
  return Promise.all(cells.map(async (cell) => (await runCell(module, cell)).result));
}

describe.each([
  [["golden-cove", "skylake-sp", "zen4"], "x86-64"],
  [["neoverse-n1", "neoverse-v2"], "arm64"],
])("on %s", (cpus, arch) => {
  it("every line of a walk, and of data by the switch, is found somewhere", async () => {
    for (const dataCached of [false, true]) {
      for (const { checks, counters, labels } of await results(cpus, [arch], dataCached)) {
        expect(
          checks.filter(({ ok }) => !ok),
          labels.cpu,
        ).toEqual([]);
        const ids = checks.map(({ id }) => id);
        expect(ids).toContain("entries read = lines found");
        expect(ids.includes("data accesses = lines found")).toBe(dataCached);
        expect(counters.walks, labels.cpu).toBeGreaterThan(0n);
      }
    }
  });

  it("data through the caches leaves translation as it is", async () => {
    const [without, through] = await Promise.all([
      results(cpus, [arch], false),
      results(cpus, [arch], true),
    ]);
    const translation = (counters: Readonly<Record<string, bigint>>) =>
      Object.entries(counters).filter(([name]) => !/_from_/.test(name));
    expect(through.map(({ counters }) => translation(counters))).toEqual(
      without.map(({ counters }) => translation(counters)),
    );
  });
});
