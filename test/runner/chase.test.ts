// The measured machine: both curves of test/data/host/tlb-reach.json, point by point and knee by knee.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { type CoreModule, loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { runCell } from "../../src/runner/run-cell.js";
import type { CellResult } from "../../src/stats/report.js";

type Curve = Readonly<Record<string, number>>;
const { chase: MEASURED } = JSON.parse(
  readFileSync(new URL("../data/host/tlb-reach.json", import.meta.url), "utf8"),
) as { chase: Record<"4K" | "2M-backed", Curve> };
const BACKINGS = [
  ["4K", "base"],
  ["2M-backed", "2m"],
] as const;
const WITHIN = 0.25;

let core: CoreModule;
beforeAll(async () => {
  core = await loadCoreModule();
});

interface Wanted {
  readonly settings: string;
  readonly pages?: string;
  readonly nested?: string | undefined;
  readonly seed?: number;
}
async function chase({
  settings,
  pages = "base",
  nested = "4k",
  seed,
}: Wanted): Promise<CellResult> {
  const inputs = [
    { path: `chase:${settings}`, format: "auto", accesses: "all", split: true } as const,
  ];
  const [cell] = planRun({
    inputs,
    archs: ["x86-64"],
    cpus: ["golden-cove"],
    pages: [pages],
    dataCached: true,
    nested: nested === "none" ? undefined : nested,
    seed,
  });
  if (cell === undefined) throw new Error("no cell");
  const { result } = await runCell(core, cell);
  expect(result.checks.filter(({ ok }) => !ok)).toEqual([]);
  return result;
}
const nsOf = async (wanted: Wanted) => (await chase(wanted)).metrics.ns_per_access ?? 0;

describe.each(BACKINGS)("the %s curve", (name, pages) => {
  const points = Object.entries(MEASURED[name]);

  it("has points from 16 pages to 1 GiB", () => {
    expect(points).toHaveLength(29);
  });

  it.each(points)("at %s pages is within a quarter of %d ns", async (count, measured) => {
    const ns = await nsOf({ settings: `pages=${count}:passes=1`, pages });
    expect(Math.abs(ns / measured - 1)).toBeLessThan(WITHIN);
  });

  it("has its knees where the machine has them", async () => {
    const at = async (count: number) => nsOf({ settings: `pages=${count}`, pages });
    // 96 entries: a load of 5 cycles, then of 12; the first page more is the first miss.
    expect(await at(96)).toBe(1.25);
    expect(await at(97)).toBeGreaterThan(1.25);
    expect(await at(112)).toBe(3);
    // 768 lines are what L1D holds.
    expect(await at(768)).toBe(3);
    expect(await at(832)).toBeGreaterThan(3);
    // 2,048 entries: few walks at 1,024 pages, all at 4,096.
    const walks = async (count: number) => {
      const { counters } = await chase({ settings: `pages=${count}`, pages });
      return Number(counters.walks) / Number(counters.reads);
    };
    expect(await walks(1024)).toBeLessThan(0.02);
    expect(await walks(4096)).toBeGreaterThan(0.99);
  });
});

describe("other chases", () => {
  it("of two pages' stride reach half as far in the first level, and as far in the second", async () => {
    const at = (settings: string) => nsOf({ settings });
    expect(await at("pages=48:stride=8k")).toBe(1.25);
    expect(await at("pages=56:stride=8k")).toBe(3);
    expect(await at("pages=512:stride=8k")).toBe(3);
  });

  it("of several lines a page miss the TLB once a page, but find lines by their number", async () => {
    expect(await nsOf({ settings: "pages=24:lines=4" })).toBe(1.25);
    const { counters } = await chase({ settings: "pages=4096:stride=1k" });
    const { metrics } = await chase({ settings: "pages=1024:lines=4" });
    expect(counters.walks).toBeLessThan((counters.reads ?? 0n) / 50n);
    expect(metrics.ns_per_access).toBeGreaterThan(5);
    expect(metrics.ns_per_access).toBeLessThan(6);
  });

  it("in another random order cost about the same", async () => {
    for (const pages of [2048, 24_576]) {
      const [one = 1, two = 0] = [
        await nsOf({ settings: `pages=${pages}`, seed: 1 }),
        await nsOf({ settings: `pages=${pages}`, seed: 2 }),
      ];
      expect(Math.abs(two / one - 1)).toBeLessThan(0.05);
    }
  });

  it("report the rounds behind the mark alone: nothing is mapped or set there", async () => {
    const { counters } = await chase({ settings: "pages=5000:passes=3" });
    expect(counters.reads).toBe(15_000n);
    for (const name of ["writes", "demand_mappings", "accessed_set", "dirty_set", "stlb_hit"]) {
      expect([name, (counters[name] ?? 0n) < 1000n]).toEqual([name, true]);
    }
    expect(counters.writes).toBe(0n);
    expect(counters.demand_mappings).toBe(0n);
  });
});

describe("a guest", () => {
  it("keeps large pages as the host's in its TLBs, and reads a host entry for every entry and page", async () => {
    const native = await chase({ settings: "pages=3072", pages: "2m", nested: "none" });
    const guest = await chase({ settings: "pages=3072", pages: "2m", nested: "4k" });
    const large = await chase({ settings: "pages=3072", pages: "2m", nested: "2m" });
    // 12 MiB are 6 pages of 2 MiB: 32 entries hold them.
    expect([native.counters.walks, large.counters.walks]).toEqual([0n, 0n]);
    const { counters, cycles } = guest;
    expect(counters.walks).toBeGreaterThan((counters.reads ?? 0n) / 2n);
    expect(counters.nested_pages).toBe(counters.walks);
    expect(cycles.by.nested).toBeGreaterThan(0n);
    expect(Object.keys(native.cycles.by)).not.toContain("nested");
  });

  it("translates as it does without a host, but for the size of TLB entries", async () => {
    const settings = "pages=3000:stride=12k";
    const [native, guest] = [
      await chase({ settings, nested: "none" }),
      await chase({ settings, nested: "4k" }),
    ];
    const translation = ({ counters }: CellResult) =>
      Object.entries(counters).filter(([name]) => !/_from_|nested/.test(name));
    expect(translation(guest)).toEqual(translation(native));
  });
});
