import { describe, expect, it } from "vitest";
import { parseRunConfig } from "../../src/config/run-config.js";
import { pointsOf, type Selection, select, selectionAt } from "../../src/config/selection.js";
import { parseList, parseRange, parseSetting } from "../../src/config/setting.js";

const NOTHING: Selection = { values: new Map(), settings: [], axes: [] };

/** What the command line says. */
function line(parts: { values?: [string, string][]; set?: string[]; L?: string[]; P?: string[] }) {
  const { values = [], set = [], L = [], P = [] } = parts;
  return {
    values: new Map(values.map(([name, value]) => [name, { value: [value], from: `--${name}` }])),
    settings: set.map((text) => parseSetting(text)),
    axes: [...L.map((text) => parseList(text)), ...P.map((text) => parseRange(text))],
  };
}

const FILE = parseRunConfig(
  "cpu: zen4\nseed: 3\nset: { costs.fault: 9, costs.syscall: 8 }\nsweep: { costs.page_copy: [1, 2] }",
  "f",
);

describe("the command line wins over the file, path by path", () => {
  it("for selectors and settings", () => {
    const { values, settings } = select(
      FILE,
      line({ values: [["cpu", "plain"]], set: ["costs.fault=1"] }),
    );
    expect(values.get("cpu")).toEqual({ value: ["plain"], from: "--cpu" });
    expect(values.get("seed")?.from).toBe("f:2:7");
    expect(settings.map(({ path, value }) => [path, value])).toEqual([
      ["costs.syscall", "8"],
      ["costs.fault", "1"],
    ]);
  });

  it("for a sweep over what the file sets, and for one value of what it sweeps", () => {
    const { settings, axes } = select(
      FILE,
      line({ set: ["costs.page_copy=5"], P: ["costs.fault=1..2"] }),
    );
    expect(settings.map(({ path }) => path)).toEqual(["costs.syscall", "costs.page_copy"]);
    expect(axes.map(({ path, values }) => [path, values])).toEqual([["costs.fault", ["1", "2"]]]);
  });
});

describe("a selector by its path", () => {
  it("counts as the option: --set for one value, -L for the lists", () => {
    const { values, settings, axes } = select(
      null,
      line({ set: ["seed=7"], L: ["arch=x86-64,arm64"] }),
    );
    expect(values.get("seed")).toEqual({ value: ["7"], from: "--set" });
    expect(values.get("arch")).toEqual({ value: ["x86-64", "arm64"], from: "-L" });
    expect([settings, axes]).toEqual([[], []]);
  });

  it("may be swept where it takes one value", () => {
    const { axes } = select(null, line({ P: ["seed=1..3"] }));
    expect(axes.map(({ values }) => values)).toEqual([["1", "2", "3"]]);
  });
});

describe("one thing said twice in one place is refused", () => {
  it.each([
    [
      { values: [["arch", "arm64"]] as [string, string][], set: ["arch=x86-64"] },
      "arch is given twice: by --arch and by --set",
    ],
    [{ set: ["a.b=1", "a.b=2"] }, "a.b is given twice: by --set and by --set"],
    [{ set: ["a.b=1"], L: ["a.b=2,3"] }, "a.b is given twice: by --set and by -L"],
    [{ L: ["a.b=2,3"], P: ["a.b=2..3"] }, "a.b is given twice: by -L and by -P"],
  ])("%j", (parts, message) => {
    expect(() => select(null, line(parts))).toThrow(message);
  });
});

describe("points", () => {
  it("are every combination, the last axis fastest; one where there is none", () => {
    const { axes } = select(null, line({ L: ["a.x=1,2", "b.y=p,q"] }));
    const points = pointsOf(axes).map((point) => point.map(({ value }) => value).join(""));
    expect(points).toEqual(["1p", "1q", "2p", "2q"]);
    expect(pointsOf([])).toEqual([[]]);
  });

  it("say their part of the selection", () => {
    const chosen = select(FILE, NOTHING);
    const [point = []] = pointsOf([...chosen.axes, parseRange("seed=9..9")]);
    const { values, settings, axes } = selectionAt(chosen, point);
    expect(values.get("seed")?.value).toEqual(["9"]);
    expect(settings.map(({ path }) => path)).toEqual([
      "costs.fault",
      "costs.syscall",
      "costs.page_copy",
    ]);
    expect(axes).toEqual([]);
  });
});
