// The list of VMAs against an array that is searched from the front.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyOf, dropVma, type Vma, VmaList } from "../../src/kernel/vma.js";

function vma(start: number, end: number): Vma {
  return {
    start,
    end,
    flags: 0,
    pgoff: start,
    object: null,
    uffd: null,
    anonVma: null,
    huge: null,
    anonChain: [],
  };
}

/** Ranges apart from one another, in any order. */
const ranges = fc
  .uniqueArray(fc.nat({ max: 60 }), { minLength: 2, maxLength: 24 })
  .map((cuts) => {
    const sorted = [...cuts].sort((a, b) => a - b);
    const list: [number, number][] = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) {
      list.push([sorted[i] ?? 0, sorted[i + 1] ?? 0]);
    }
    return list;
  })
  .chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));

describe("a list of VMAs", () => {
  it("answers every question as a search from the front does", () => {
    const property = fc.property(
      ranges,
      fc.nat({ max: 64 }),
      fc.nat({ max: 20 }),
      (list, at, count) => {
        const vmas = new VmaList();
        const all = list.map(([start, end]) => vma(start, end));
        for (const each of all) vmas.insert(each);
        all.sort((a, b) => a.start - b.start);
        expect(vmas.all).toEqual(all);
        expect(vmas.at(at)).toBe(all.find(({ start, end }) => start <= at && at < end) ?? null);
        expect(vmas.atOrAfter(at)).toBe(all.find(({ end }) => end > at) ?? null);
        expect(vmas.endingBefore(at)).toBe(all.findLast(({ start }) => start < at) ?? null);
        const met = all.filter(({ start, end }) => start < at + count && end > at);
        if (count > 0) expect(vmas.within(at, at + count)).toEqual(met);
        all.forEach((each, i) => {
          expect(vmas.before(each)).toBe(all[i - 1] ?? null);
          expect(vmas.after(each)).toBe(all[i + 1] ?? null);
        });
      },
    );
    fc.assert(property, { numRuns: 200, seed: 6 });
  });

  it("shares the anon_vma of what is copied, and counts who has it", () => {
    const pool = { living: 1 };
    const anonVma = { pool, parent: null, links: 1, children: 1, active: 1 };
    const first = { ...vma(0, 4), anonVma, anonChain: [anonVma] };
    const vmas = new VmaList();
    vmas.insert(first);
    const copy = copyOf(first, 8, 12, 8);
    expect([copy.anonVma, anonVma.active]).toEqual([anonVma, 2]);
    dropVma(vmas, first);
    expect([first.anonVma, anonVma.active]).toEqual([null, 1]);
    dropVma(vmas, copy);
    expect([anonVma.links, pool.living]).toEqual([0, 0]);
  });
});
