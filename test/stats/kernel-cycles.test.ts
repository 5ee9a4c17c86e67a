import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withKernel } from "../../src/stats/kernel-cycles.js";

const TRANSLATION = { elapsed: 70n, work: 70n, by: { walk: 60n, stlb_hit: 10n } };

describe("cycles of a script", () => {
  it("are those of translation, and beside them each event's cost under its own name", () => {
    const costs = { fault: { cycles: 1000 }, syscall: { cycles: 200 } };
    const events = { fault: 3, syscall: 0, page_alloc: 7 };
    expect(withKernel(TRANSLATION, events, costs, { elapsed: 3000, work: 3000 })).toEqual({
      elapsed: 3070n,
      work: 3070n,
      by: { walk: 60n, stlb_hit: 10n, "kernel.fault": 3000n },
    });
  });

  it("take less time than work where CPUs work side by side", () => {
    const events = { fault: 4 };
    const { elapsed, work } = withKernel(
      TRANSLATION,
      events,
      { fault: { cycles: 100 } },
      { elapsed: 250, work: 400 },
    );
    expect({ elapsed, work }).toEqual({ elapsed: 320n, work: 470n });
  });

  it("are whole, and work is the sum of its causes, whatever the costs", () => {
    const bag = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.nat(1000), {
      noNullPrototype: true,
    });
    const cost = fc.double({ min: 0, max: 1000, noNaN: true });
    fc.assert(
      fc.property(bag, fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), cost), (events, prices) => {
        const costs = Object.fromEntries(
          Object.entries(prices).map(([name, cycles]) => [name, { cycles }]),
        );
        const spent = Object.entries(events).reduce(
          (sum, [name, times]) => sum + times * (costs[name]?.cycles ?? 0),
          0,
        );
        const { elapsed, work, by } = withKernel(TRANSLATION, events, costs, {
          elapsed: spent,
          work: spent,
        });
        expect(Object.values(by).reduce((sum, cycles) => sum + cycles, 0n)).toBe(work);
        expect(elapsed).toBe(work);
        // Each cause is off by half a cycle at most.
        const causes = Object.keys(events).length;
        expect(Math.abs(Number(work) - 70 - spent)).toBeLessThanOrEqual(causes / 2 + 1e-6);
      }),
    );
  });
});
