import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toMarkdown } from "../../src/report/markdown.js";
import { REPORT } from "./arbitrary-report.js";
import { readTables, shown } from "./markdown-reader.js";
import { FAILED, LARGE, reportOf, SCRIPT } from "./support.js";

/** A text within one line. */
const flat = (text: string): string => text.replaceAll(/\s*[\r\n]+\s*/g, " ").trim();

describe("Markdown", () => {
  it("of traces has the table of the terminal, and the checks that failed", async () => {
    const text = toMarkdown(reportOf(FAILED, LARGE));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-markdown.md");
    const [table = []] = readTables(text);
    expect(table[0]).toEqual(["", "base", "2m", "/ base"]);
    expect(table.find(([title]) => title === "page walks")).toEqual([
      "page walks",
      "1,000",
      "250",
      "0.250",
    ]);
  });

  it("of scripts has what operations showed, and cycles by cause", async () => {
    const other = {
      ...SCRIPT,
      id: "2",
      labels: { ...SCRIPT.labels, arch: "arm64" },
      cycles: { elapsed: 120n, work: 120n, by: { walk: 120n } },
    };
    const text = toMarkdown(reportOf(SCRIPT, other));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-markdown-script.md");
    const [operations = [], cycles = []] = readTables(text);
    expect(operations[1]).toEqual(["1", "write A_x 0 3", "minflt 3", "="]);
    expect(cycles.slice(-1)).toEqual([["cycles.by.kernel.fault", "3,000", "0", "0.000"]]);
  });

  it("says that all checks hold where they do", () => {
    const held = { ...LARGE, checks: [{ id: "a", ok: true }] };
    expect(toMarkdown(reportOf(held)).trimEnd().split("\n").at(-1)).toBe("All 1 checks hold.");
  });

  it("shows every label and check as it was, to an independent reader", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        const text = toMarkdown(report);
        const [table = []] = readTables(text);
        const titles = report.cells.map(({ labels }) => Object.values(labels));
        const head = table[0]?.filter((_, i) => i === 1 || (i > 1 && i % 2 === 0)) ?? [];
        expect(head).toHaveLength(titles.length);
        head.forEach((title, i) => {
          const telling = titles[i] ?? [];
          // A title is made of some of the labels, in their order, each as it was.
          const subsets = [1, 2, 3, 4, 5, 6, 7].map((mask) =>
            flat(telling.filter((_, bit) => ((mask >> bit) & 1) === 1).join(" ")),
          );
          expect(subsets).toContain(title);
        });
        const linesOf = (start: string) =>
          text
            .split("\n")
            .filter((line) => line.startsWith(start))
            .map((line) => shown(line.slice(start.length)).trim());
        const failed = report.cells.flatMap(({ id, checks }) =>
          checks.filter(({ ok }) => !ok).map((check) => `${id}: ${check.id}: ${check.first}`),
        );
        expect(linesOf("- **failed** in cell ")).toEqual(failed.map(flat));
        const unfinished = (report.failures ?? []).map(({ id, message }) => `${id}: ${message}`);
        expect(linesOf("- **did not finish**: cell ")).toEqual(unfinished.map(flat));
      }),
    );
  });
});
