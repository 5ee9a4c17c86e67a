// Worker threads need the built program: vitest cannot load a worker in TypeScript.

import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type * as Modules from "../../src/runner/module-files.js";
import type * as Planning from "../../src/runner/plan.js";
import type * as Library from "../../src/runner/run-cells.js";

const DIST = new URL("../../dist/src/runner/", import.meta.url);
const UNRULY = new URL("./unruly-worker.mjs", import.meta.url).href;

const built = async <T>(name: string): Promise<T> => (await import(new URL(name, DIST).href)) as T;

let settleCells: typeof Library.settleCells;
let loadCoreModule: typeof Modules.loadCoreModule;
let planRun: typeof Planning.planRun;
beforeAll(async () => {
  if (!existsSync(DIST)) throw new Error("dist is missing: run npm run build (npm test does)");
  ({ settleCells } = await built<typeof Library>("run-cells.js"));
  ({ loadCoreModule } = await built<typeof Modules>("module-files.js"));
  ({ planRun } = await built<typeof Planning>("plan.js"));
});

/** A short cell for each seed. */
function cellsOf(...seeds: number[]) {
  return seeds.flatMap((seed, i) =>
    planRun({
      inputs: [{ path: "chase:pages=64", format: "auto", accesses: "all", split: true }],
      archs: ["x86-64"],
      cpus: ["plain"],
      pages: ["base"],
      seed,
    }).map((cell) => ({ ...cell, id: String(i + 1) })),
  );
}

describe("cells over worker threads", () => {
  it("give what they give in this thread, in their order", async () => {
    const core = await loadCoreModule();
    const cells = cellsOf(1, 2, 3, 4, 5);
    const results = async (workers: number) =>
      (await settleCells(core, cells, { workers })).outcomes.map(({ result }) => result);
    const here = await results(0);
    expect(here.map(({ id }) => id)).toEqual(["1", "2", "3", "4", "5"]);
    for (const workers of [1, 2, 8]) expect(await results(workers)).toEqual(here);
  });

  it.each([
    [101, "INTERNAL", /^its worker ended: .*7/],
    [102, "MEMORY", /^the cell needs more than a heap of 128 MiB \(64 MiB are allowed/],
    [103, "STUCK", /^no progress for 4 s, so its worker was ended \(--timeout\)$/],
    [104, "INTERNAL", /^its worker ended: a bug$/],
  ])(
    "a cell that ends its worker (%i) is reported as %s, and the others go on",
    async (seed, code, message) => {
      const core = await loadCoreModule(64 << 20);
      const told: string[] = [];
      const end = await settleCells(core, cellsOf(1, seed, 2, 3, seed, 4), {
        workers: 2,
        stallSeconds: seed === 103 ? 4 : 600,
        workerFile: UNRULY,
        onProgress: ({ id }, _accesses, done, failure) => {
          if (done) told.push(`${id} ${failure === undefined ? "done" : failure.code}`);
        },
      });
      expect(end.outcomes.map(({ result }) => result.id)).toEqual(["1", "3", "4", "6"]);
      expect(end.failures.map(({ id, code: seen }) => [id, seen])).toEqual([
        ["2", code],
        ["5", code],
      ]);
      for (const failure of end.failures) expect(failure.message).toMatch(message);
      expect(end.unfinished).toBe(0);
      expect(told.sort()).toEqual([
        "1 done",
        `2 ${code}`,
        "3 done",
        "4 done",
        `5 ${code}`,
        "6 done",
      ]);
    },
  );

  it("a signal ends the run, and keeps what is finished", async () => {
    const core = await loadCoreModule();
    const controller = new AbortController();
    const end = await settleCells(core, cellsOf(1, 103, 2, 3), {
      workers: 1,
      workerFile: UNRULY,
      signal: controller.signal,
      onProgress: (_cell, _accesses, done) => {
        if (done) setTimeout(() => controller.abort(), 100);
      },
    });
    expect(end.outcomes.map(({ result }) => result.id)).toEqual(["1"]);
    expect([end.failures, end.unfinished]).toEqual([[], 3]);
  });
});
