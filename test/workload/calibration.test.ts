// The calibrated costs: fitted figures come out, predicted ones are near, and the page that says so is current.

import { beforeAll, describe, expect, it } from "vitest";
import { calibrationText, FITTED, isLeftOut, MEASURED, simulate } from "./calibration.js";

let one: Awaited<ReturnType<typeof simulate>>;
let two: typeof one;
beforeAll(async () => {
  one = await simulate("page-costs", "uffd-async", 1);
  two = await simulate("page-costs", "uffd-async", 2);
});

describe("golden-cove-linux", () => {
  it("has no more than eight fitted constants", () => {
    expect(FITTED.size).toBeLessThanOrEqual(8);
  });

  it.each([...FITTED])("%s is fitted to %s", (_, figure) => {
    const measured = MEASURED.one_cpu[figure] ?? Number.NaN;
    expect(Math.abs((one[figure] ?? 0) / measured - 1)).toBeLessThan(0.005);
  });

  it.each(Object.keys(MEASURED.one_cpu))("predicts %s within a quarter", (figure) => {
    for (const [set, simulated] of Object.entries({ one_cpu: one, two_cpus: two })) {
      if (isLeftOut(set, figure)) continue;
      const measured = MEASURED[set as keyof typeof MEASURED][figure] ?? Number.NaN;
      expect(Math.abs((simulated[figure] ?? 0) / measured - 1), set).toBeLessThan(0.25);
    }
  });
});

const POINTS = [4096, 16384].flatMap((pages) =>
  [0.01, 0.1, 0.5].map((fraction) => [pages, fraction] as const),
);

it("docs/calibration.md is current", async () => {
  const lines: string[] = [];
  for (const tracker of ["mprotect", "uffd-sync", "uffd-async"]) {
    for (const [pages, fraction] of POINTS) {
      const figures = await simulate(`predump:pages=${pages}:fraction=${fraction}`, tracker, 1);
      const { write_ns_per_dirty_page: write = 0, collect_ns_per_page: collect = 0 } = figures;
      lines.push(
        `| ${tracker} | ${pages} | ${fraction} | ${write.toFixed(0)} | ${collect.toFixed(2)} |`,
      );
    }
  }
  await expect(calibrationText(one, two, lines)).toMatchFileSnapshot("../../docs/calibration.md");
}, 120_000);
