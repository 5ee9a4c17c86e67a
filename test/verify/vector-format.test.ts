import { describe, expect, it } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { modeOf, parseVector } from "../../src/verify/vector-format.js";
import { descriptorOf, line } from "./support.js";

describe("a line of a vector file", () => {
  it("becomes a vector whose addresses and entries are bigints", () => {
    const tables = [["0xfffffffffffff", "0xffffffffffffffff"]];
    const vector = parseVector(line({ tables, may: [["0x8", "0x1"]], note: "anything" }), "f:1");
    expect(vector).toEqual({
      id: "made/1",
      arch: "x86-64",
      config: {},
      root: 0x1000n,
      tables: [[0xfffffffffffffn, 0xffffffffffffffffn]],
      access: { va: 0x123n, type: "read", mode: "user" },
      expect: { pa: 0x5123n },
      after: [
        [0x1000n, 0x2027n],
        [0x2000n, 0x3027n],
        [0x3000n, 0x4027n],
        [0x4000n, 0x5027n],
      ],
      may: [[8n, 1n]],
    });
  });

  it("may leave out `may`, and keeps a fault as it is written", () => {
    const fault = { kind: "translation", level: -1, fsc: "0x2b" };
    const vector = parseVector(line({ expect: { fault }, after: [] }), "f:1");
    expect(vector.expect).toEqual({ fault });
    expect(vector.may).toEqual([]);
  });

  it("may end in a carriage return", () => {
    expect(parseVector(`${line()}\r`, "f:1")).toEqual(parseVector(line(), "f:1"));
  });
});

/** Text of the INPUT error that a line is refused with. */
function refusalOf(text: string): string {
  try {
    parseVector(text, "vectors.jsonl:17");
  } catch (error) {
    if (error instanceof MmulateError && error.code === "INPUT") return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a damaged line", () => {
  it.each(["{", "", "not json", '{"id":"a"} {"id":"b"}', line().slice(0, -1), `\uFEFF${line()}`])(
    "that is no JSON is refused with file and line: %j",
    (text) => {
      expect(refusalOf(text)).toBe(
        "vectors.jsonl:17: not JSON, expected a translation vector or a kernel recording",
      );
    },
  );

  it.each(["id", "arch", "config", "root", "tables", "access", "expect", "after"])(
    "without %s is refused with its name",
    (name) => {
      expect(refusalOf(line({ [name]: undefined }))).toMatch(
        new RegExp(`^vectors\\.jsonl:17: not a translation vector: ${name}: \\S`),
      );
    },
  );

  const HEX = "a lower-case hex string such as 0x1f000";
  it.each([
    ["root", { root: "0X1000" }, `root: ${HEX}`],
    ["root", { root: "1000" }, `root: ${HEX}`],
    ["root", { root: "0xABC" }, `root: ${HEX}`],
    ["root", { root: `0x${"1".repeat(17)}` }, `root: ${HEX}`],
    ["root", { root: 4096 }, "root: Invalid input: expected string, received number"],
    [
      "table entry",
      {
        tables: [
          ["0x0", "0x1"],
          ["0x8", "8"],
        ],
      },
      `tables.1.1: ${HEX}`,
    ],
    ["address", { access: { va: "-0x1", type: "read", mode: "user" } }, `access.va: ${HEX}`],
    ["update", { after: [["", "0x1"]] }, `after.0.0: ${HEX}`],
    ["open update", { may: [["0x1", "0x"]] }, `may.0.1: ${HEX}`],
  ])("with a bad number as %s is refused with its place: %j", (_, change, reason) => {
    const message = `vectors.jsonl:17: not a translation vector: ${reason}`;
    expect(refusalOf(line(change))).toBe(message);
  });

  it.each([
    ["a list", "[]"],
    ["a number", "1"],
    ["null", "null"],
    ["a triple in its tables", line({ tables: [["0x0", "0x1", "0x2"]] })],
    ["a single in its tables", line({ tables: [["0x0"]] })],
    ["an unknown access", line({ access: { va: "0x0", type: "execute", mode: "user" } })],
    ["an unknown mode", line({ access: { va: "0x0", type: "read", mode: "kernel" } })],
    ["more to its access", line({ access: { va: "0x0", type: "read", mode: "user", size: 8 } })],
    ["two expectations", line({ expect: { pa: "0x0", fault: { kind: "page-fault" } } })],
    ["no expectation", line({ expect: {} })],
    ["a list as fault", line({ expect: { fault: [] } })],
    ["an object in its configuration", line({ config: { levels: {} } })],
  ])("with %s is refused", (_, text) => {
    expect(refusalOf(text)).toMatch(/^vectors\.jsonl:17: not a translation vector: \S/);
  });
});

describe("the mode of a vector", () => {
  const modeWith = (arch: string, config: Record<string, unknown>) => {
    const vector = parseVector(line({ arch, config }), "f:1");
    return modeOf(descriptorOf(vector), vector);
  };

  it("has numbers where the line has hex strings, and keeps the rest", () => {
    const config = { pkru: "0xffffffff", levels: 5, wp: true, odd: "word" };
    expect(modeWith("x86-64", config)).toEqual({
      pkru: 0xffffffff,
      levels: 5,
      wp: true,
      odd: "word",
    });
  });

  it("leaves out the second root, which is no parameter, where there are two", () => {
    expect(modeWith("arm64", { root1: "0x1000", granule: 4 })).toEqual({ granule: 4 });
    expect(modeWith("x86-64", { root1: "0x1000", wp: true })).toEqual({ root1: 4096, wp: true });
  });
});
