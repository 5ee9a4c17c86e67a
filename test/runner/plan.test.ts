import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CPUS } from "../../arch/cpus/index.js";
import { MmulateError } from "../../src/errors.js";
import type { TraceInput } from "../../src/runner/cell.js";
import {
  architectureNamed,
  cpuNamed,
  parseSelector,
  planRun,
  type RunRequest,
} from "../../src/runner/plan.js";

const input = (path: string): TraceInput => ({
  path,
  format: "auto",
  accesses: "all",
  split: true,
});
const REQUEST: RunRequest = {
  inputs: [input("a")],
  archs: ["x86-64"],
  cpus: ["plain"],
  pages: [],
};

/** Code and text of the error that a request, or a selector, is refused with. */
function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof MmulateError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a plan", () => {
  it("has a cell for every combination; inputs vary slowest, then archs, cpus, pages", () => {
    const cells = planRun({
      inputs: [input("a"), input("b")],
      archs: ["x86-64", "x86-64:levels=5"],
      cpus: ["plain", "yardstick"],
      pages: ["base", "2m"],
    });
    const names = cells.map(({ labels }) => Object.values(labels).join(" "));
    expect(names).toEqual([
      "a x86-64 plain base",
      "a x86-64 plain 2m",
      "a x86-64 yardstick base",
      "a x86-64 yardstick 2m",
      "a x86-64:levels=5 plain base",
      "a x86-64:levels=5 plain 2m",
      "a x86-64:levels=5 yardstick base",
      "a x86-64:levels=5 yardstick 2m",
      "b x86-64 plain base",
      "b x86-64 plain 2m",
      "b x86-64 yardstick base",
      "b x86-64 yardstick 2m",
      "b x86-64:levels=5 plain base",
      "b x86-64:levels=5 plain 2m",
      "b x86-64:levels=5 yardstick base",
      "b x86-64:levels=5 yardstick 2m",
    ]);
    expect(cells.map(({ id }) => id)).toEqual(cells.map((_, i) => String(i + 1)));
  });

  it("is plain JSON with everything a cell needs", () => {
    const cells = planRun({ ...REQUEST, archs: ["arm64:granule=16"], pages: ["32m"] });
    expect(JSON.parse(JSON.stringify(cells))).toEqual([
      {
        id: "1",
        labels: { input: "a", arch: "arm64:granule=16", cpu: "plain", pages: "32m" },
        arch: "arm64",
        mode: {
          granule: 16,
          t0sz: 16,
          t1sz: 16,
          ha: true,
          hd: true,
          wxn: false,
          pan: false,
          hpd0: false,
          hpd1: false,
          ds: false,
          ips: 48,
          pamax: 52,
        },
        cpu: "plain",
        pages: "32m",
        dataCached: false,
        input: { path: "a", format: "auto", accesses: "all", split: true },
      },
    ]);
  });

  it("maps base pages where neither the user nor the CPU says otherwise", () => {
    const pages = (cpu: string, wanted: string[]) =>
      planRun({ ...REQUEST, cpus: [cpu], pages: wanted }).map((cell) => cell.pages);
    expect(pages("plain", [])).toEqual(["base"]);
    expect(pages("yardstick", [])).toEqual(["base,2m@0x400000000000"]);
    expect(pages("yardstick", ["thp"])).toEqual(["thp"]);
  });

  it("has as many cells as there are combinations", () => {
    const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });
    const request = fc.record({
      inputs: some(input("a"), input("b"), input("c")),
      archs: some("x86-64", "x86-64:levels=5", "x86-64:maxphyaddr=52"),
      cpus: some("plain", "yardstick"),
      pages: some("base", "thp", "contiguous", "1g"),
    });
    fc.assert(
      fc.property(request, (drawn) => {
        const cells = planRun(drawn);
        const sizes = [drawn.inputs, drawn.archs, drawn.cpus, drawn.pages].map((a) => a.length);
        expect(cells).toHaveLength(sizes.reduce((product, size) => product * size));
        const labels = cells.map((cell) => JSON.stringify(cell.labels));
        expect(new Set(labels).size).toBe(cells.length);
      }),
    );
  });
});

describe("a selector", () => {
  it("takes what a usual system sets, and changes single parameters", () => {
    const usual = { pge: true, wp: true, nx: true, smep: true, smap: true, maxphyaddr: 46 };
    expect(parseSelector("x86-64").mode).toEqual(usual);
    const changed = parseSelector("x86-64:maxphyaddr=0x34:wp=false:levels=5:pkru=12").mode;
    expect(changed).toEqual({ ...usual, maxphyaddr: 52, wp: false, levels: 5, pkru: 12 });
  });

  it.each([
    ["x86-64:levels", '"x86-64:levels": "levels" is not PARAMETER=VALUE (as in x86-64:levels=4)'],
    ["x86-64:wp=", '"x86-64:wp=": "wp=" is not PARAMETER=VALUE (as in x86-64:levels=4)'],
    ["x86-64:", '"x86-64:": "" is not PARAMETER=VALUE (as in x86-64:levels=4)'],
    ["arm64:ha", '"arm64:ha": "ha" is not PARAMETER=VALUE (as in arm64:granule=4)'],
    ["x86-64:wp=true:wp=false", '"x86-64:wp=true:wp=false" sets wp twice'],
    ["arm64:ha=true:hd=true:ha=true", '"arm64:ha=true:hd=true:ha=true" sets ha twice'],
    ["x86", 'unknown architecture "x86"; did you mean "x86-64"? (known: x86-64, arm64, riscv64)'],
    ["arm", 'unknown architecture "arm"; did you mean "arm64"? (known: x86-64, arm64, riscv64)'],
    [
      "arm46",
      'unknown architecture "arm46"; did you mean "arm64"? (known: x86-64, arm64, riscv64)',
    ],
    ["", 'unknown architecture "" (known: x86-64, arm64, riscv64)'],
  ])("%j is refused", (selector, message) => {
    expect(refusalOf(() => parseSelector(selector))).toBe(`USAGE: ${message}`);
  });
});

describe("a plan is refused before anything runs", () => {
  const refused = (change: Partial<RunRequest>) =>
    refusalOf(() => planRun({ ...REQUEST, ...change }));

  it.each([
    [
      "an unknown CPU",
      { cpus: ["yardstik"] },
      `USAGE: unknown cpu "yardstik"; did you mean "yardstick"? (known: ${[...CPUS.keys()].join(", ")})`,
    ],
    [
      "a CPU of another architecture",
      { archs: ["arm64"], cpus: ["yardstick"] },
      "CONFIG: cpu yardstick is made for x86-64, not for arm64 (choose with --arch)",
    ],
    [
      "an unknown parameter",
      { archs: ["x86-64:level=5"] },
      'CONFIG: x86-64 has no parameter "level"; did you mean "levels"? (it has levels, wp, nx, ' +
        "smep, smap, ac, pge, pke, pkru, maxphyaddr, pse1g)",
    ],
    [
      "the beginning of a parameter",
      { archs: ["x86-64:max=40"] },
      'CONFIG: x86-64 has no parameter "max"; did you mean "maxphyaddr"? (it has levels, wp, nx, ' +
        "smep, smap, ac, pge, pke, pkru, maxphyaddr, pse1g)",
    ],
    [
      "a name that every object has",
      { archs: ["x86-64:toString=1"] },
      'CONFIG: x86-64 has no parameter "toString" (it has levels, wp, nx, ' +
        "smep, smap, ac, pge, pke, pkru, maxphyaddr, pse1g)",
    ],
    ["no input", { inputs: [] }, "USAGE: inputs: none was named"],
    ["no architecture", { archs: [] }, "USAGE: archs: none was named"],
    ["no CPU", { cpus: [] }, "USAGE: cpus: none was named"],
    [
      "a second page policy from within a page",
      { pages: ["base,2m@0x300000"] },
      'CONFIG: pages "base,2m@0x300000": the address 0x300000 lies within a page; a multiple of ' +
        "2m is allowed",
    ],
    [
      "a value that is not allowed",
      { archs: ["x86-64:levels=3"] },
      "CONFIG: x86-64: levels = 3, but 4, 5 is allowed (paging levels: 5 with CR4.LA57)",
    ],
    [
      "a word for a switch",
      { archs: ["x86-64:wp=on"] },
      "CONFIG: x86-64: wp = on, but true or false is allowed (CR0.WP: supervisor writes obey R/W)",
    ],
    [
      "a page size of another architecture",
      { pages: ["64k"] },
      'CONFIG: pages "64k": x86-64 maps base, thp, contiguous or one of 4k, 2m, 1g; a second one ' +
        "may follow from an address on: POLICY,POLICY@0x400000000000",
    ],
    [
      "data through caches that a CPU does not have",
      { dataCached: true },
      "CONFIG: cpu plain has no data caches for data to go through; a profile of a real machine has",
    ],
  ])("over %s", (_, change, message) => {
    expect(refused(change)).toBe(message);
  });

  it("over its last cell too", () => {
    expect(refused({ archs: ["x86-64", "x86-64:levels=9"] })).toContain("levels = 9");
    expect(refused({ pages: ["base", "3k"] })).toContain('pages "3k"');
  });
});

describe("look-up by name", () => {
  it("finds what ships", () => {
    expect(architectureNamed("arm64").name).toBe("arm64");
    expect(cpuNamed("yardstick").name).toBe("yardstick");
  });
});
