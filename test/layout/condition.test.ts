/** The small language of conditions: what each form means, and what an unknown name does. */
import { describe, expect, it } from "vitest";
import { holds, holdsFor, parseCondition, partial } from "../../src/layout/condition.js";
import { messageOf } from "./failures.js";

const ENVIRONMENT = { nx: true, wp: false, granule: 16, pkru: 0, fault: "key" };

describe("a condition", () => {
  it.each([
    ["nx", true],
    ["!nx", false],
    ["wp", false],
    ["!wp", true],
    ["granule", true],
    ["pkru", false],
    ["!pkru", true],
    ["granule=16", true],
    ["granule=4", false],
    ["granule!=4", true],
    ["granule!=16", false],
    ["granule<16", false],
    ["granule<17", true],
    ["granule>=16", true],
    ["granule>=17", false],
    ["granule>=-1", true],
    ["fault=key", true],
    ["fault=reserved", false],
    ["fault!=reserved", true],
    ["nx=true", true],
    ["nx=false", false],
    ["nx!=false", true],
  ])("%s is %s", (text, expected) => {
    expect(holds([text], ENVIRONMENT)).toBe(expected);
  });

  it("is parsed into a name, an operator and a value", () => {
    expect(parseCondition("table.US")).toEqual({ name: "table.US", operator: "!=", value: false });
    expect(parseCondition("level=-1")).toEqual({ name: "level", operator: "=", value: -1 });
    expect(parseCondition("fault=not-present").value).toBe("not-present");
    expect(holdsFor(parseCondition("level<0"), -1)).toBe(true);
  });

  it.each(["", "!", "a b", "=1", "a=", "a==1", "a>1", "1a", "a<=1"])(
    "is refused when it is none: %o",
    (text) => {
      expect(messageOf("DESCRIPTOR", () => parseCondition(text))).toBe(
        `condition "${text}" is not NAME, !NAME or NAME=VALUE`,
      );
    },
  );
});

describe("a list of conditions", () => {
  it("holds when all do, and when there are none", () => {
    expect(holds(["nx", "granule=16"], ENVIRONMENT)).toBe(true);
    expect(holds(["nx", "granule=4"], ENVIRONMENT)).toBe(false);
    expect([holds([], ENVIRONMENT), holds(undefined, ENVIRONMENT)]).toEqual([true, true]);
  });

  it("is refused when it hangs on an unknown name", () => {
    expect(messageOf("DESCRIPTOR", () => holds(["nx", "us"], { nx: true, wp: false }))).toBe(
      'condition on "us", which is none of: nx, wp',
    );
  });

  it("is decided as far as the names are known", () => {
    expect(partial(["nx", "US", "!table.US"], ENVIRONMENT)?.map(({ name }) => name)).toEqual([
      "US",
      "table.US",
    ]);
    expect(partial(["US", "wp"], ENVIRONMENT)).toBeNull();
    expect(partial(undefined, ENVIRONMENT)).toEqual([]);
  });
});
