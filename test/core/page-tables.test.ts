// Page tables made, found, skipped and freed, against a map from page to value.

import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type MmMachine, mmMachine, newRoot, peek, poke } from "./mm-support.js";

const MACHINES = [
  ["x86-64-7.0", {}],
  ["x86-64-7.0", { levels: 5 }],
  ["arm64-7.0", {}],
  ["arm64-7.0", { granule: 16 }],
  ["arm64-7.0", { granule: 64 }],
  ["riscv64-7.0", {}],
  ["riscv64-7.0", { sv: 57 }],
] as const;

/** The filled bit of an entry that is no table and no leaf: software's own. */
const MARK = 1n << 20n;

describe.each(MACHINES)("tables of %s %j", (name, mode) => {
  let machine: MmMachine;
  let root = 0;
  let size = 0;
  /** Pages of the half. */
  let end = 0;
  beforeEach(async () => {
    machine = await mmMachine(name, 8, mode);
    root = newRoot(machine.mmu, machine.hardware);
    end = 2 ** (machine.hardware.halves[0].vaBits - machine.hardware.pageShift);
    size = 2 ** (machine.hardware.halves[0].levels[0]?.indexBits ?? 0);
  });

  const find = (page: number): number => machine.mmu.exports.findEntry(root, page, 0) >>> 0;
  const make = (page: number): number => machine.mmu.exports.makeEntry(root, page, 0) >>> 0;

  /** Pages close together and far apart, so that tables are shared and not. */
  const page = (): fc.Arbitrary<number> =>
    fc
      .tuple(fc.constantFrom(0, 1, 2, 511, 512, 2 ** 17, 2 ** 18 + 1), fc.nat({ max: 7 }))
      .map(([table, index]) => table * size + index);

  it("are found where they were made, and hold what was written", () => {
    const property = fc.property(fc.array(page(), { maxLength: 30 }), (pages) => {
      root = newRoot(machine.mmu, machine.hardware);
      const before = Number(machine.mmu.exports.tableCount.valueOf());
      const model = new Map<number, bigint>();
      pages.forEach((at, i) => {
        const slot = make(at);
        expect(slot).not.toBe(0);
        expect(find(at)).toBe(slot);
        expect(peek(machine.mmu, slot)).toBe(model.get(at) ?? 0n);
        poke(machine.mmu, slot, MARK | BigInt(i));
        model.set(at, MARK | BigInt(i));
      });
      for (const [at, value] of model) expect(peek(machine.mmu, find(at))).toBe(value);
      // Entries of one table lie side by side; where none was made, there is none.
      for (const at of pages) {
        const neighbour = find(at - (at % size));
        expect(find(at) - neighbour).toBe(8 * (at % size));
      }
      expect(find(7 * size)).toBe(0);
      for (const at of model.keys()) poke(machine.mmu, find(at), 0n);
      machine.mmu.exports.freeTables(root, 0, end, 0, end);
      expect(Number(machine.mmu.exports.tableCount.valueOf())).toBe(before);
      for (const at of pages) expect(find(at)).toBe(0);
    });
    fc.assert(property, { numRuns: 40, seed: 1 });
  });

  it("are visited in order by nextEntry, and holes are passed over", () => {
    const property = fc.property(
      fc.array(page(), { maxLength: 12 }),
      fc.tuple(page(), page()),
      (pages, [a, b]) => {
        root = newRoot(machine.mmu, machine.hardware);
        for (const at of pages) make(at);
        const [start, stop] = [Math.min(a, b), Math.max(a, b)];
        const tables = new Set(pages.map((at) => Math.floor(at / size)));
        const visited: number[] = [];
        for (let at = start; ; ) {
          const found = machine.mmu.exports.nextEntry(root, at, stop, 0);
          if (found >= stop) break;
          visited.push(found);
          at = found - (found % size) + size;
        }
        const want = [...tables]
          .sort((x, y) => x - y)
          .filter((table) => (table + 1) * size > start && table * size < stop)
          .map((table) => Math.max(start, table * size))
          .filter(() => start < stop);
        expect(visited).toEqual(want);
      },
    );
    fc.assert(property, { numRuns: 40, seed: 2 });
  });

  it("are freed only wholly between floor and ceiling", () => {
    for (const at of [0, size, 2 * size]) make(at);
    const { exports } = machine.mmu;
    // Pages behind `size` still belong to a neighbour that ends within the second table.
    expect(exports.freeTables(root, 2 * size, 3 * size, size + 1, 3 * size)).toBe(1);
    expect([find(0), find(size), find(2 * size)].map((slot) => slot !== 0)).toEqual([
      true,
      true,
      false,
    ]);
    expect(exports.freeTables(root, size, 2 * size, size + 1, end)).toBe(0);
    expect(exports.freeTables(root, size, 2 * size, size, 2 * size)).toBe(1);
    expect(find(0)).not.toBe(0);
  });

  it("used again are empty", () => {
    const slot = make(3);
    poke(machine.mmu, slot, 0n);
    poke(machine.mmu, slot + 8, MARK);
    poke(machine.mmu, slot + 8, 0n);
    machine.mmu.exports.freeTables(root, 0, size, 0, end);
    const again = make(3);
    for (let i = -3; i < size - 3; i++) expect(peek(machine.mmu, again + 8 * i)).toBe(0n);
  });

  it("move as a whole, with what is in them", () => {
    const { exports } = machine.mmu;
    poke(machine.mmu, make(5), MARK);
    make(4 * size);
    exports.freeTables(root, 4 * size, 5 * size, 4 * size, 5 * size);
    const from = exports.findEntry(root, 5, 1) >>> 0;
    const to = exports.makeEntry(root, 4 * size, 1) >>> 0;
    expect([exports.isTable(from, 1), exports.isTable(to, 1)].map(Boolean)).toEqual([true, false]);
    exports.moveTable(from, to);
    expect(find(5)).toBe(0);
    expect(peek(machine.mmu, find(4 * size + 5))).toBe(MARK);
  });

  it("are not made where an entry on the way is filled and no table", () => {
    const { exports } = machine.mmu;
    const above = exports.makeEntry(root, 0, 1) >>> 0;
    poke(machine.mmu, above, MARK);
    expect(make(0)).toBe(0);
    expect(find(0)).toBe(0);
    expect(exports.nextEntry(root, 0, size, 0)).toBe(0);
  });
});
