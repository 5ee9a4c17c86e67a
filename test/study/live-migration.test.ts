// A guest that moves arrives with its last stores; a log that forgets one is caught.

import { afterEach, describe, expect, it, vi } from "vitest";
import { Vm } from "../../src/kvm/vm.js";
import {
  type MigrationValues,
  runMigration,
} from "../../src/study/secondary-mmu/live-migration.js";
import type { PointResult } from "../../src/study/types.js";
import { Bench } from "../kvm/support.js";

const VALUES: MigrationValues = {
  pages: 64,
  log: "protect",
  bandwidth: 1250,
  stores: 200_000,
  limit: 20,
  seed: 1,
};

async function move(values: Partial<MigrationValues>, arch = "x86-64"): Promise<PointResult> {
  const { kernel, player } = await Bench.boot(undefined, arch);
  return runMigration({ kernel, player, accessCycles: () => 0 }, { ...VALUES, ...values });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("live migration", () => {
  it.each(["protect", "buffer", "ring"] as const)("loses nothing with log %s", async (log) => {
    const { metrics, checks } = await move({ log });
    expect([metrics.lost, checks[0]?.ok]).toEqual([0, true]);
    // All pages once, then fewer.
    expect(metrics.pages_sent).toBeGreaterThan(64);
    expect(metrics.guest_stores).toBeGreaterThan(0);
  });

  it("stops a guest that writes nothing for the last question alone", async () => {
    const { metrics } = await move({ stores: 1 });
    expect([metrics.rounds, metrics.pages_sent, metrics.guest_stores]).toEqual([1, 64, 0]);
    expect(metrics.downtime_us).toBeLessThan(1);
  });

  it("takes half as long over a link of twice the bandwidth", async () => {
    const [one, two] = [await move({ stores: 1 }), await move({ stores: 1, bandwidth: 2500 })];
    const time = ({ metrics }: PointResult): number => metrics.migration_us ?? 0;
    expect(time(one) / time(two)).toBeCloseTo(2, 0);
  });

  it("gives up after 30 rounds, and stops the guest for whatever is left", async () => {
    const { metrics } = await move({ stores: 5_000_000, limit: 1 });
    expect([metrics.rounds, metrics.lost]).toEqual([30, 0]);
    expect(metrics.downtime_us).toBeGreaterThan(10);
  });

  it("is refused a log that the hardware has not", async () => {
    const { found } = await move({ log: "buffer" }, "arm64");
    expect(found?.refused).toMatch(/no log/);
  });

  it("without the flush behind arming, loses stores", async () => {
    vi.spyOn(Vm.prototype, "flush").mockImplementation(() => undefined);
    for (const log of ["protect", "buffer"] as const) {
      const { metrics, checks } = await move({ log });
      expect(metrics.lost).toBeGreaterThan(0);
      expect(checks[0]?.ok).toBe(false);
    }
  });
});
