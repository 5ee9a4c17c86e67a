import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseList, parseRange, parseSetting } from "../../src/config/setting.js";

const valuesOf = (text: string): readonly string[] => parseRange(`a.b=${text}`).values;

describe("--set", () => {
  it("splits at the first =, and keeps the value as it is written", () => {
    expect(parseSetting("kernel.version=6.10")).toEqual({
      path: "kernel.version",
      value: "6.10",
      from: "--set",
    });
    expect(parseSetting("arch=arm64:granule=16").value).toBe("arm64:granule=16");
  });

  it.each(["costs.ipi", "=3", "costs.ipi=", ".a=1", "a..b=1", "a b=1"])("refuses %s", (text) => {
    expect(() => parseSetting(text)).toThrow(`--set ${text}: PATH=VALUE, as in `);
  });
});

describe("-L", () => {
  it("takes a list", () => {
    expect(parseList("arch=x86-64, arm64").values).toEqual(["x86-64", "arm64"]);
  });

  it.each([
    ["a=1,", "a value of a is empty"],
    ["a=1,,2", "a value of a is empty"],
    ["a=1,2,1", "a has the value 1 twice"],
    ["1,2", "PATH=VALUE,VALUE, as in "],
  ])("refuses %s", (text, why) => {
    expect(() => parseList(text)).toThrow(`-L ${text}: ${why}`);
  });
});

describe("-P", () => {
  it.each([
    ["0..3", ["0", "1", "2", "3"]],
    ["5..5", ["5"]],
    ["0..8000:3000", ["0", "3000", "6000"]],
    ["0..0.3:0.1", ["0", "0.1", "0.2", "0.3"]],
    ["0.5..2:0.75", ["0.5", "1.25", "2"]],
    ["1k..8k:*2", ["1024", "2048", "4096", "8192"]],
    ["3..100:*3", ["3", "9", "27", "81"]],
  ])("%s", (text, expected) => {
    expect(valuesOf(text)).toEqual(expected);
  });

  it.each([
    ["3..1", "ends before it begins"],
    ["1..3:0", "steps above 0 are allowed"],
    ["0..3:*2", "whole factors above 1, from above 0, are allowed"],
    ["1..3:*1", "whole factors above 1, from above 0, are allowed"],
    ["1..3:*1.5", "whole factors above 1, from above 0, are allowed"],
    ["1..20000", "more than 10000 values"],
    ["a..b", "LO..HI:STEP or LO..HI:*FACTOR is allowed, as in 0..8000:1000 or 1k..64k:*2"],
    ["1-3", "LO..HI:STEP or LO..HI:*FACTOR is allowed, as in 0..8000:1000 or 1k..64k:*2"],
    ["1..3:", "LO..HI:STEP or LO..HI:*FACTOR is allowed, as in 0..8000:1000 or 1k..64k:*2"],
  ])("refuses %s", (text, why) => {
    expect(() => valuesOf(text)).toThrow(`-P a.b=${text}: ${why}`);
  });

  it("has every multiple of the step from lo to hi, whatever the numbers of decimals", () => {
    const part = fc.record({ value: fc.nat(5000), places: fc.integer({ min: 0, max: 3 }) });
    const text = ({ value, places }: { value: number; places: number }) =>
      (value / 10 ** places).toFixed(places);
    fc.assert(
      fc.property(part, fc.nat(200), part, (low, steps, step) => {
        fc.pre(step.value > 0);
        // In thousandths, where all of them are whole.
        const scaled = ({ value, places }: { value: number; places: number }) =>
          value * 10 ** (3 - places);
        const high = scaled(low) + steps * scaled(step);
        const values = valuesOf(`${text(low)}..${(high / 1000).toFixed(3)}:${text(step)}`);
        expect(values.map((value) => Math.round(Number(value) * 1000))).toEqual(
          Array.from({ length: steps + 1 }, (_, i) => scaled(low) + i * scaled(step)),
        );
      }),
    );
  });
});
