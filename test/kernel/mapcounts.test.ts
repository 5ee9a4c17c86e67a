// Who maps a large folio: counts by page, of the whole and by address space, against a plain list of mappings.
//
// include/linux/rmap.h promises of the last: it may say "shared" of a folio that one address space has, but never
// "exclusive" of one that several have; with nothing left it says exclusive; and who was there from the first mapping
// on, with at most one other, is found to be alone again.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import {
  addMapping,
  addWholeMapping,
  folioMapsOf,
  mapsOf,
  newAnonFolio,
  putPage,
  wholeMapsOf,
} from "../../src/kernel/folio.js";
import type { Kernel } from "../../src/kernel/kernel.js";
import { isShared } from "../../src/kernel/mapped-shared.js";
import { maybeMappedShared } from "../../src/kernel/mm-ids.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { play } from "../scenario/support.js";

const ORDER = 2;
const PAGES = 2 ** ORDER;

async function boot(version: string): Promise<Kernel> {
  const inputs = [{ path: "x", text: "clear_refs" }];
  const [cell] = planScripts({ inputs, archs: ["x86-64"], kernels: [version], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  return bootMachine(new Core((await loadCoreModule()).module), cell.machine);
}

/** One step: an address space maps, or unmaps, a page; page PAGES stands for the whole. */
interface Step {
  readonly mm: number;
  readonly page: number;
  readonly map: boolean;
}

/** A folio and the mappings it has, each as "mm:page". */
class Plain {
  readonly mappings: Step[] = [];

  /** False: there is no such mapping to take away. */
  take({ mm, page, map }: Step): boolean {
    if (map) {
      this.mappings.push({ mm, page, map });
      return true;
    }
    const index = this.mappings.findIndex((each) => each.mm === mm && each.page === page);
    if (index < 0) return false;
    this.mappings.splice(index, 1);
    return true;
  }

  get spaces(): Set<number> {
    return new Set(this.mappings.map(({ mm }) => mm));
  }

  of(page: number): number {
    return this.mappings.filter((each) => each.page === page).length;
  }
}

const steps = (spaces: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      mm: fc.integer({ min: 1, max: spaces }),
      page: fc.integer({ min: 0, max: PAGES }),
      map: fc.boolean(),
    }),
    { maxLength: 80, size: "max" },
  );

function follow(
  kernel: Kernel,
  taken: readonly Step[],
  look: (head: number, plain: Plain) => void,
): void {
  const head = newAnonFolio(kernel, ORDER);
  const plain = new Plain();
  for (const step of taken) {
    if (!plain.take(step)) continue;
    const by = step.map ? 1 : -1;
    if (step.page === PAGES) addWholeMapping(kernel, head, by, step.mm);
    else addMapping(kernel, head + step.page, by, step.mm);
    look(head, plain);
  }
  for (const { mm, page } of [...plain.mappings]) {
    if (page === PAGES) addWholeMapping(kernel, head, -1, mm);
    else addMapping(kernel, head + page, -1, mm);
  }
  expect(maybeMappedShared(kernel, head)).toBe(false);
  expect(folioMapsOf(kernel, head)).toBe(0);
  putPage(kernel, head);
}

describe("mappings of a large folio", () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await boot("7.2");
  });

  it("are counted by page, as a whole, and in all", () => {
    const property = fc.property(steps(5), (taken) => {
      follow(kernel, taken, (head, plain) => {
        const wholes = plain.of(PAGES);
        expect(wholeMapsOf(kernel, head)).toBe(wholes);
        expect(folioMapsOf(kernel, head)).toBe(plain.mappings.length);
        for (let i = 0; i < PAGES; i++) {
          expect(mapsOf(kernel, head + i)).toBe(plain.of(i) + wholes);
        }
      });
    });
    fc.assert(property, { numRuns: 200, seed: 1 });
  });

  it("of several address spaces are never said to be exclusive", () => {
    const property = fc.property(steps(6), (taken) => {
      follow(kernel, taken, (head, plain) => {
        if (plain.spaces.size > 1) expect(maybeMappedShared(kernel, head)).toBe(true);
      });
    });
    fc.assert(property, { numRuns: 500, seed: 2 });
  });

  it("of at most two address spaces are always told right", () => {
    const property = fc.property(steps(2), (taken) => {
      follow(kernel, taken, (head, plain) => {
        expect(maybeMappedShared(kernel, head)).toBe(plain.spaces.size > 1);
      });
    });
    fc.assert(property, { numRuns: 500, seed: 3 });
  });

  it("can be said to be shared for too long: a third one came while both slots were taken", () => {
    let shared = false;
    const taken = [1, 2, 3].map((mm) => ({ mm, page: 0, map: true }));
    const gone = [
      { mm: 2, page: 0, map: false },
      { mm: 3, page: 1, map: true },
      { mm: 1, page: 0, map: false },
    ];
    follow(kernel, [...taken, ...gone], (head, plain) => {
      shared = maybeMappedShared(kernel, head);
      if (plain.mappings.length === 2 && plain.spaces.size === 1) expect(shared).toBe(true);
    });
    expect(shared).toBe(true);
  });
});

describe.each([
  // Mappings as "mm page": what each version makes of them.
  [
    "nobody else",
    [
      [1, 0],
      [1, 1],
    ],
    { "6.1": true, "6.8": false, "6.12": false, "7.2": false },
  ],
  [
    "another one's first page",
    [
      [1, 0],
      [2, 0],
    ],
    { "6.1": true, "6.8": true, "6.12": true, "7.2": true },
  ],
  [
    "another one's last page",
    [
      [1, 0],
      [2, 3],
    ],
    { "6.1": true, "6.8": false, "6.12": false, "7.2": true },
  ],
  [
    "the whole, and another one's last page",
    [
      [1, 4],
      [2, 3],
    ],
    { "6.1": true, "6.8": false, "6.12": true, "7.2": true },
  ],
  [
    "all but the first, twice",
    [
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
      [2, 2],
      [2, 3],
    ],
    { "6.1": true, "6.8": false, "6.12": true, "7.2": true },
  ],
  ["one mapping alone", [[1, 3]], { "6.1": false, "6.8": false, "6.12": false, "7.2": false }],
] as const)("a folio with %s", (_name, mappings, want) => {
  it.each(Object.entries(want))("counts as shared or not on Linux %s", async (version, shared) => {
    const kernel = await boot(version);
    const head = newAnonFolio(kernel, ORDER);
    for (const [mm, page] of mappings) {
      if (page === PAGES) addWholeMapping(kernel, head, 1, mm);
      else addMapping(kernel, head + page, 1, mm);
    }
    expect(isShared(kernel, head)).toBe(shared);
  });
});

it("folios of two pages are never made of anonymous memory", async () => {
  const text = "mmap A 8 rw private align=512\nmadvise A 0 8 hugepage\nwrite A 0 1\npagemap A\n";
  const { observations, complaints } = await play(text, "arm64:granule=16", "7.2:mthp=32k");
  expect(complaints).toEqual([]);
  expect(observations[3]?.pages).toEqual([
    [1, "PXE"],
    [7, "-"],
  ]);
});
