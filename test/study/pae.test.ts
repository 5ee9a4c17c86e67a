// `mmulate study pae`: the schemes side by side, the hazards, and conclusions that the figures bear out.

import { describe, expect, it } from "vitest";
import type { Report } from "../../src/stats/report.js";
import { output } from "../cli/support.js";

async function study(...args: readonly string[]): Promise<Report> {
  return JSON.parse(await output("study", "pae", "--json", ...args)) as Report;
}

const GUARDED = "page,page-bitlock,bitmap,own-bit";

describe("study pae", () => {
  it("shows what each scheme costs where processes do the same", async () => {
    const { rows = [], claims = [] } = await study(
      ...["--arch", "x86-64", "--pae", GUARDED],
      ...["--set", "study.workload=snapshot", "--set", "study.folio=64k"],
      ...["--set", "study.pages=64", "--set", "study.hazard=none"],
    );
    const metric = (pae: string, name: string) =>
      rows.find(({ keys }) => keys.pae === pae)?.metrics[name];
    for (const pae of GUARDED.split(",")) {
      expect(metric(pae, "cycles_ratio")).toBe(1);
      expect(metric(pae, "copies")).toBe(metric("page", "copies"));
    }
    // 64 flags go at fork; the copies and the pages that are taken back get theirs.
    expect(metric("page", "atomics")).toBe(64 + 64);
    expect(metric("bitmap", "atomics")).toBe(0);
    expect(metric("own-bit", "meta_lines")).toBe(0);
    expect(claims.filter(({ holds }) => !holds)).toEqual([]);
  });

  it("finds each naive scheme broken, and the guarded ones not", async () => {
    const { verdicts = [] } = await study(
      ...["--arch", "x86-64", "--set", "study.workload=none"],
      ...["-L", "study.hazard=H3,H6,H10,H12,H13,H14"],
    );
    const broken = verdicts.filter(({ result }) => result.startsWith("broken"));
    const pairs = broken.map(({ keys }) => `${keys.pae} ${keys.hazard}`).sort();
    expect(pairs).toEqual([
      "bitmap-naive H6",
      "folio-naive H12",
      "folio-naive H3",
      "pte-naive H10",
      "pte-naive H12",
      "pte-naive H13",
      "pte-naive H14",
    ]);
  });
});
