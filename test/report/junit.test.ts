import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJunit } from "../../src/report/junit.js";
import { REPORT } from "./arbitrary-report.js";
import { FAILED, LARGE, reportOf } from "./support.js";
import { type Element, readXml } from "./xml-reader.js";

/** What XML can hold of a text. */
function holdable(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const control = code < 0x20 && ![0x9, 0xa, 0xd].includes(code);
      const half = code >= 0xd800 && code <= 0xdfff;
      return control || half || code === 0xfffe || code === 0xffff ? "\ufffd" : character;
    })
    .join("");
}

function named(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name);
}

describe("JUnit XML", () => {
  it("has a suite for each cell and a test case for each check", async () => {
    const text = toJunit(reportOf(FAILED, LARGE));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-junit.xml");
  });

  it("says how long a cell took only where the report has host figures", () => {
    const host = { cpuSeconds: 0.5, wallSeconds: 0.25, accessesPerSecond: 8, peakBytes: 65536 };
    const [with1, without] = readXml(
      toJunit({ ...reportOf(FAILED, LARGE), host: { cells: [{ id: "1", ...host }] } }),
    ).children;
    expect(with1?.attributes.time).toBe("0.25");
    expect(without?.attributes.time).toBeUndefined();
  });

  it("is read by an independent reader, every text as it was", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        const root = readXml(toJunit(report));
        const checks = report.cells.flatMap((cell) => cell.checks);
        const { failures: unfinished = [] } = report;
        expect(root.name).toBe("testsuites");
        expect(root.attributes).toMatchObject({
          tests: `${checks.length + unfinished.length}`,
          failures: `${checks.filter(({ ok }) => !ok).length}`,
          errors: `${unfinished.length}`,
        });
        expect(root.children).toHaveLength(report.cells.length + unfinished.length);
        const errors = root.children.slice(report.cells.length).map((suite) => {
          const [only] = named(suite, "testcase");
          return only?.children[0]?.attributes;
        });
        expect(errors).toEqual(
          unfinished.map(({ code, message }) => ({ type: code, message: holdable(message) })),
        );
        report.cells.forEach((cell, i) => {
          const suite = root.children[i] ?? root;
          const [properties] = named(suite, "properties");
          expect(properties?.children.map(({ attributes }) => attributes)).toEqual(
            Object.entries(cell.labels).map(([name, value]) => ({ name, value: holdable(value) })),
          );
          const cases = named(suite, "testcase");
          expect(cases.map(({ attributes }) => attributes.name)).toEqual(
            cell.checks.map(({ id }) => holdable(id)),
          );
          cell.checks.forEach(({ ok, first }, j) => {
            const failures = cases[j]?.children ?? [];
            expect(failures.map(({ attributes }) => attributes.message)).toEqual(
              ok ? [] : [holdable(first ?? "")],
            );
          });
        });
      }),
    );
  });
});
