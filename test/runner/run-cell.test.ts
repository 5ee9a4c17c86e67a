import { describe, expect, it } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { type OnProgress, runCell } from "../../src/runner/run-cell.js";
import { runCells } from "../../src/runner/run-cells.js";
import { errorOf, inputFolder, raw64Bytes } from "../trace/support.js";
import { runOne } from "./support.js";

const folder = inputFolder();

/** A raw64 file of reads. */
function reads(name: string, addresses: bigint[]): string {
  return folder.write(name, raw64Bytes(addresses));
}

function planned(path: string, ...archs: string[]) {
  const inputs = [{ path, format: "raw64", accesses: "all", split: true } as const];
  return planRun({ inputs, archs, cpus: ["plain"], pages: [] });
}

describe("a cell's result", () => {
  it("carries its labels, its whole configuration, and the hashes of layout and module", async () => {
    const path = reads("three", [0x1000n, 0x1008n, 0x5000n]);
    const result = await runOne({ path, arch: "arm64:granule=16", format: "raw64", pages: "32m" });
    expect(result.id).toBe("1");
    expect(result.labels).toEqual({
      input: path,
      arch: "arm64:granule=16",
      cpu: "plain",
      pages: "32m",
    });
    expect(result.config).toMatchObject({
      arch: "arm64",
      mode: { granule: 16, t0sz: 16, ha: true, hd: true },
      cpu: "plain",
      pages: "32m",
      input: { path, format: "raw64", accesses: "all", split: true },
    });
    expect(result.config.layoutHash).toMatch(/^[0-9a-f]{8,}$/);
    expect(result.config.moduleHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has another layout hash under another mode, and the same under the same", async () => {
    const path = reads("one", [0x1000n]);
    const hashOf = async (arch: string) =>
      (await runOne({ path, arch, format: "raw64" })).config.layoutHash;
    const usual = await hashOf("x86-64");
    expect(await hashOf("x86-64:levels=4")).toBe(usual);
    expect(await hashOf("x86-64:levels=5")).not.toBe(usual);
  });

  // Three first touches in one 16 KiB page and one in another; two tables below the root of granule 16:
  // 47 bits are 11 + 11 + 11 over 14, the root takes the one bit that is left, so three tables.
  it("is what can be counted by hand", async () => {
    const path = folder.write("hand", raw64Bytes([0x4000n, 0x4009n, 0x7ff8n, 0x8001n]));
    const { counters, cycles } = await runOne({ path, arch: "arm64:granule=16", format: "raw64" });
    expect(counters).toMatchObject({ reads: 2n, writes: 2n, fetches: 0n, instructions: 0n });
    expect(counters).toMatchObject({ dtlb_l1_hit: 2n, dtlb_l1_miss: 2n, stlb_miss: 2n, walks: 2n });
    expect(counters).toMatchObject({ demand_tables: 3n, demand_mappings: 2n, demand_entries: 2n });
    expect(counters).toMatchObject({ accessed_set: 2n, dirty_set: 2n, dirty_assist: 1n });
    // The first walk reads all four levels; the second begins behind the cached L2 entry.
    expect(counters).toMatchObject({ walk_loads_level0: 2n, walk_loads_level3: 1n });
    expect(counters).toMatchObject({ walk_cache_hit_level1: 1n });
    expect(cycles.by).toEqual({ stlb_hit: 0n, walk: 100n, demand: 5000n, dirty_assist: 100n });
    // Pages come from 4 GiB on, in the order of their first touch.
    const page = 2n ** 32n;
    expect(counters.pa_sum).toBe(page + (page + 8n) + (page + 0x3ff8n) + (page + 0x4000n));
  });

  // The same table indices in both halves. Three levels below each 48-bit root, two below a 39-bit one.
  it.each([
    ["x86-64", 0xffff_8000_0000_1000n, 6n],
    ["arm64", 0xffff_0000_0000_1000n, 6n],
    ["arm64:t1sz=25", 0xffff_ff80_0000_1000n, 5n],
  ])("keeps the halves of %s apart", async (arch, upper, tables) => {
    const path = reads("halves", [0x1000n, upper, 0x1000n, upper]);
    const { counters } = await runOne({ path, arch, format: "raw64" });
    expect(counters).toMatchObject({ demand_mappings: 2n, demand_tables: tables, walks: 2n });
    expect(counters.pa_sum).toBe(2n * (2n ** 32n + (2n ** 32n + 0x1000n)));
  });

  it("is the same in another run, host figures apart", async () => {
    const addresses = Array.from({ length: 70_000 }, (_, i) => BigInt((i * 7919) % 4096) << 12n);
    const path = reads("twice", addresses);
    const [cell] = planned(path, "arm64");
    if (cell === undefined) throw new Error("no cell");
    const core = await loadCoreModule();
    const [one, two] = [await runCell(core, cell), await runCell(core, cell)];
    expect(two.result).toEqual(one.result);
    expect(one.host).toMatchObject({ id: "1" });
    for (const [name, value] of Object.entries(one.host)) {
      if (name !== "id") expect(value, name).toBeGreaterThan(0);
    }
  });

  it("tells its progress after every batch of 65,536 records", async () => {
    const path = reads("long", new Array<bigint>(150_000).fill(0n));
    const [cell] = planned(path, "x86-64");
    if (cell === undefined) throw new Error("no cell");
    const seen: Parameters<OnProgress>[0][] = [];
    await runCell(await loadCoreModule(), cell, (accesses) => seen.push(accesses));
    expect(seen).toEqual([65_536, 131_072, 150_000]);
  });
});

describe("an access that cannot be translated ends the cell", () => {
  it.each([
    [
      "behind the canonical addresses of x86-64",
      "x86-64",
      1n << 47n,
      '0x800000000000: out-of-range under x86-64 with pages "base" (CR3 translates 48 bits)',
    ],
    [
      "behind those of five levels",
      "x86-64:levels=5",
      1n << 56n,
      '0x100000000000000: out-of-range under x86-64:levels=5 with pages "base" (CR3 translates 57 bits)',
    ],
    [
      "outside a small TTBR0 range",
      "arm64:t0sz=25",
      1n << 39n,
      '0x8000000000: out-of-range under arm64:t0sz=25 with pages "base" (TTBR0 translates 39 bits)',
    ],
    [
      "outside the TTBR1 range",
      "arm64:t1sz=30",
      1n << 55n,
      '0x80000000000000: out-of-range under arm64:t1sz=30 with pages "base" (TTBR1 translates 34 bits)',
    ],
  ])("%s", async (_, arch, address, message) => {
    const path = reads("range", [0n, 8n, address, 16n]);
    const error = await errorOf(() => runOne({ path, arch, format: "raw64" }));
    expect(error.code).toBe("UNMAPPABLE");
    expect(error.exitCode).toBe(1);
    expect(error.message).toBe(`${path}: access 3 to ${message}`);
  });

  it("and is counted over all batches", async () => {
    const path = reads("late", [...new Array<bigint>(70_000).fill(0n), 1n << 47n]);
    const error = await errorOf(() => runOne({ path, arch: "x86-64", format: "raw64" }));
    expect(error.message).toContain(": access 70001 to 0x800000000000: ");
  });
});

describe("simulated memory that is used up ends the cell", () => {
  // With 32-bit output addresses, pages lie from 2 to 4 GiB: two of 1 GiB.
  it("for pages", async () => {
    const path = reads("three-gib", [0n, 1n << 30n, 2n << 30n]);
    const wanted = { path, arch: "arm64:ips=32", format: "raw64", pages: "1g" };
    const error = await errorOf(() => runOne(wanted));
    expect(error.code).toBe("MEMORY");
    expect(error.exitCode).toBe(1);
    expect(error.message).toBe(
      `${path}: access 3 to 0x80000000: no simulated memory left under arm64:ips=32 with pages "1g"`,
    );
  });
});

describe("two page policies", () => {
  // Data pages begin at 2 or 4 GiB; the second policy has half of what lies above.
  it.each([
    ["arm64:ips=32", 2n, 3n],
    ["x86-64:maxphyaddr=32", 2n, 3n],
    ["x86-64:maxphyaddr=33", 4n, 6n],
    ["x86-64:maxphyaddr=34", 4n, 8n],
    ["x86-64", 4n, 8n],
  ])("both have memory under %s", async (arch, first, second) => {
    const path = reads("both", [0x1000n, 1n << 30n, 0x2000n, (1n << 30n) + 0x20_0008n]);
    const wanted = { path, arch, format: "raw64", pages: "base,2m@0x40000000" };
    const { counters } = await runOne(wanted);
    expect(counters).toMatchObject({ reads: 4n, demand_mappings: 4n, demand_entries: 4n });
    const [small, large] = [first << 30n, second << 30n];
    expect(counters.pa_sum).toBe(small + (small + 0x1000n) + large + (large + 0x20_0008n));
  });
});

describe("cells run in this thread", () => {
  it("give their outcomes in order, and their progress with a last call for each", async () => {
    const path = reads("order", new Array<bigint>(70_000).fill(0n));
    const cells = planned(path, "arm64", "x86-64");
    const calls: unknown[] = [];
    const outcomes = await runCells(await loadCoreModule(), cells, {
      workers: 0,
      onProgress: ({ id }, accesses, done) => calls.push([id, accesses, done]),
    });
    expect(outcomes.map(({ result }) => result.labels.arch)).toEqual(["arm64", "x86-64"]);
    const each = (id: string) => [
      [id, 65_536, false],
      [id, 70_000, false],
      [id, 70_000, true],
    ];
    expect(calls).toEqual([...each("1"), ...each("2")]);
  });

  it("end with the error of the first that fails", async () => {
    const path = reads("first", [0n, 1n << 47n]);
    const run = async () =>
      runCells(await loadCoreModule(), planned(path, "arm64", "x86-64"), { workers: 0 });
    await expect(run()).rejects.toThrow(MmulateError);
    await expect(run()).rejects.toThrow("access 2 to 0x800000000000: out-of-range under x86-64");
  });
});
