// The sorted blocks of VMAs against a plain sorted array, large enough for blocks to be cut and to go.

import fc from "fast-check";
import { expect, it } from "vitest";
import { type Vma, VmaList } from "../../src/kernel/vma.js";

function vmaAt(start: number): Vma {
  return {
    start,
    end: start + 1,
    flags: 0,
    pgoff: start,
    object: null,
    uffd: null,
    anonVma: null,
    huge: null,
    anonChain: [],
  };
}

it("finds, adds and removes as a sorted array does", () => {
  const steps = fc.array(fc.nat(999), { minLength: 400, maxLength: 1500, size: "max" });
  fc.assert(
    fc.property(steps, fc.array(fc.nat(1000)), (places, probes) => {
      const list = new VmaList();
      const plain = new Map<number, Vma>();
      // A place that is taken is given back: about half of the steps remove.
      for (const place of places) {
        const there = plain.get(place);
        if (there === undefined) {
          const vma = vmaAt(2 * place);
          list.insert(vma);
          plain.set(place, vma);
        } else {
          list.remove(there);
          plain.delete(place);
        }
      }
      const sorted = [...plain.values()].sort((a, b) => a.start - b.start);
      expect(list.all).toEqual(sorted);
      expect(list.count).toBe(sorted.length);
      for (const probe of probes) {
        const page = 2 * probe;
        const next = sorted.findIndex(({ end }) => end > page);
        const behind = next < 0 ? sorted.length : next;
        expect(list.atOrAfter(page)).toBe(sorted[behind] ?? null);
        const here = sorted[behind];
        expect(list.at(page)).toBe(here !== undefined && here.start <= page ? here : null);
        const inside = here !== undefined && here.start < page ? here : sorted[behind - 1];
        expect(list.endingBefore(page)).toBe(inside ?? null);
        expect(list.within(page, page + 40)).toEqual(
          sorted.filter(({ start, end }) => end > page && start < page + 40),
        );
        if (here === undefined) continue;
        expect(list.before(here)).toBe(sorted[behind - 1] ?? null);
        expect(list.after(here)).toBe(sorted[behind + 1] ?? null);
      }
    }),
    { numRuns: 30, seed: 3 },
  );
});
