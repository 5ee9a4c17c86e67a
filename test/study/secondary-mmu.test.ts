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

  it("writes a file back, and counts what becomes of its entries", async () => {
    const { rows, claims } = await study(
      "--arch",
      "x86-64",
      "--set",
      "study.caller=writeback",
      "--mmu-policy",
      "zap,write-protect,mkclean",
    );
    const figures = rows?.map(({ keys, metrics: m }) => [
      [keys.arch, keys.mmuPolicy].join(" "),
      [m.host_dirty, m.host_dirty_cleared, m.host_write_cleared],
      [m.spte_zapped, m.spte_protected, m.spte_cleaned],
      [m.read_exits, m.write_exits, m.dirty_unasked],
    ]);
    const all = [512, 512, 512];
    expect(figures).toEqual([
      ["x86-64 zap", all, [512, 0, 0], [512, 128, 0]],
      ["x86-64 write-protect", all, [0, 512, 0], [0, 128, 0]],
      ["x86-64 mkclean", all, [0, 0, 512], [0, 0, 128]],
    ]);
    expect(claims?.filter(({ holds }) => !holds)).toEqual([]);
    expect(claims?.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["files-clear-at-writeback", "mkclean-behind-writeback"]),
    );
  });

  it("moves a guest, which is slowed down by faults and not by the hardware's log", async () => {
    const { rows, claims } = await study(
      "--arch",
      "x86-64",
      "--set",
      "study.caller=live-migration",
      "-L",
      "study.stores=50000,400000",
    );
    expect(claims?.filter(({ holds }) => !holds)).toEqual([]);
    expect(claims?.map(({ id }) => id)).toEqual([
      "nothing-lost",
      "downtime-within-limit",
      "log-buffer-slows-less",
    ]);
    const slow = rows?.filter(({ keys }) => keys.stores === "50000") ?? [];
    expect(slow.map(({ keys, metrics: m }) => [keys.log, m.rounds, m.lost])).toEqual([
      ["protect", 2, 0],
      ["buffer", 2, 0],
      ["ring", 2, 0],
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
