// The study of secondary MMUs, on few points: its claims hold, its checks are those of the oracle, and what cannot be is
// said. The whole of it is written by `npm run study:secondary-mmu`.

import { describe, expect, it } from "vitest";
import type { Report } from "../../src/stats/report.js";
import { output } from "../cli/support.js";

async function study(...words: readonly string[]): Promise<Report> {
  const small = ["--set", "study.pages=512", "--kernel", "7.2"];
  return JSON.parse(await output("study", "secondary-mmu", ...small, ...words, "--json")) as Report;
}

describe("mmulate study secondary-mmu", () => {
  it("bears its claims out", async () => {
    const callers = "study.caller=madv-free,ksm,fork";
    const policies = "zap,strict,write-protect,mkclean";
    const { claims, cells } = await study(
      "--mmu-policy",
      policies,
      "-L",
      callers,
      "--set",
      "study.host=base",
    );
    expect(claims?.map(({ id }) => id)).toEqual([
      "nothing-lost",
      "few-clear-dirty",
      "told-before",
      "windows-today",
      "no-windows",
      "write-protect-saves-reads",
      "mkclean-saves-writes",
    ]);
    expect(claims?.filter(({ holds }) => !holds)).toEqual([]);
    expect(cells.flatMap(({ checks }) => checks.filter(({ ok }) => !ok))).toEqual([]);
  });

  it("counts shadow entries by what becomes of them", async () => {
    const { rows } = await study(
      "--arch",
      "x86-64",
      "-L",
      "study.caller=fork,log-buffer",
      "--set",
      "study.host=base",
      "--mmu-policy",
      "zap,write-protect",
    );
    const figures = rows?.map(({ keys, metrics: m }) => [
      keys.caller,
      keys.mmuPolicy,
      m.spte_zapped,
      m.spte_protected,
      m.spte_cleaned,
      m.read_exits,
      m.write_exits,
    ]);
    // A write that copies is told of its own copy: the fault looks again, which is a second exit.
    expect(figures).toEqual([
      ["fork", "zap", 512, 0, 0, 512, 256],
      ["fork", "write-protect", 0, 512, 0, 0, 256],
      ["log-buffer", "zap", 0, 0, 512, 0, 0],
      ["log-buffer", "write-protect", 0, 0, 512, 0, 0],
    ]);
  });

  it("has a verdict where the hardware has no such log", async () => {
    const { rows, verdicts } = await study(
      "--arch",
      "arm64",
      "--set",
      "study.caller=log-buffer",
      "--set",
      "study.host=base",
      "--mmu-policy",
      "zap",
    );
    expect(rows).toEqual([]);
    expect(verdicts?.map(({ result }) => result)).toContain(
      "the hardware has no log of written pages",
    );
  });

  it("takes whole huge pages only", async () => {
    const words = ["study", "secondary-mmu", "--set", "study.pages=513"];
    await expect(output(...words)).rejects.toThrow(/multiple of 512/);
  });
});
