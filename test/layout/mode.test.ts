/** Which modes are accepted, what is filled in, and what a user is told of a bad one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { x8664 } from "../../arch/x86-64.js";
import type { Value } from "../../src/layout/condition.js";
import { type ModeInput, resolveMode } from "../../src/layout/mode.js";
import { nearest } from "../../src/layout/nearest.js";
import { errorOf, messageOf } from "./failures.js";
import { arbitraryMode, isLegalArm64 } from "./modes.js";

describe.each([x8664, arm64])("a mode of $name", (descriptor) => {
  const { parameters } = descriptor;

  it("keeps every value that is given", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), (mode) => {
        expect(resolveMode(descriptor, mode)).toEqual(mode);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("takes defaults for what is left out, in the order of the descriptor", () => {
    const defaults = Object.entries(parameters).map(([name, { default: value }]) => [name, value]);
    expect(Object.entries(resolveMode(descriptor, {}))).toEqual(defaults);
  });

  it("takes the typical values that the descriptor names", () => {
    expect(resolveMode(descriptor, descriptor.typical.values)).toMatchObject(
      descriptor.typical.values,
    );
  });

  it("takes the values that the input has itself, not those it inherits", () => {
    const inherited = Object.fromEntries(
      Object.entries(parameters).map(([name, { type, allowed, min }]) => [
        name,
        type === "boolean" ? true : (allowed?.[0] ?? min),
      ]),
    );
    const input: ModeInput = Object.create(inherited);
    expect(resolveMode(descriptor, input)).toEqual(resolveMode(descriptor, {}));
  });

  it("is refused with a value just outside the range of any parameter, or of another type", () => {
    for (const [name, { type, allowed, min, max }] of Object.entries(parameters)) {
      const outside: Value[] = [1.5, Number.NaN, "1", "x"];
      if (type === "boolean") outside.push(0, 1, "true");
      if (type === "integer") outside.push(true, false);
      if (allowed !== undefined) outside.push(Math.min(...allowed) - 1, Math.max(...allowed) + 1);
      if (min !== undefined) outside.push(min - 1);
      if (max !== undefined) outside.push(max + 1);
      for (const value of outside) {
        const error = errorOf(() => resolveMode(descriptor, { [name]: value }));
        expect([name, value, error.code]).toEqual([name, value, "CONFIG"]);
        // What was seen, and what the parameter is for.
        expect(error.message).toContain(`${name} = ${String(value)}`);
        expect(error.message).toContain(parameters[name]?.means);
      }
    }
  });
});

describe("the sizes of arm64 address ranges", () => {
  const every = [4, 16, 64].flatMap((granule) =>
    [false, true].flatMap((ds) =>
      Array.from({ length: 64 }, (_, tnsz): ModeInput => ({ granule, ds, t0sz: tnsz })),
    ),
  );

  it.each(["t0sz", "t1sz"])("are accepted exactly where the manual allows them: %s", (name) => {
    for (const { granule = 4, ds = false, t0sz = 16 } of every) {
      const tried = { granule, ds, [name]: t0sz };
      const legal = isLegalArm64({
        granule: Number(granule),
        ds: ds === true,
        t0sz: 16,
        t1sz: 16,
        [name]: Number(t0sz),
      });
      const accepted = (() => {
        try {
          return resolveMode(arm64, tried)[name] === t0sz;
        } catch {
          return false;
        }
      })();
      expect([tried, accepted]).toEqual([tried, legal]);
    }
  });
});

describe("the output size of arm64", () => {
  it("is at most the implemented physical address size", () => {
    for (const ips of [32, 36, 40, 42, 44, 48, 52]) {
      expect(resolveMode(arm64, { ips, pamax: 52 })).toMatchObject({ ips });
      const accepted = isLegalArm64({ granule: 4, t0sz: 16, t1sz: 16, ips, pamax: 48 });
      expect(accepted).toBe(ips <= 48);
      if (accepted) expect(resolveMode(arm64, { ips, pamax: 48 })).toMatchObject({ ips });
      else expect(errorOf(() => resolveMode(arm64, { ips, pamax: 48 })).code).toBe("CONFIG");
    }
  });
});

describe("the message on a bad mode", () => {
  const message = (descriptor: typeof arm64, input: ModeInput) =>
    messageOf("CONFIG", () => resolveMode(descriptor, input));
  const all = "levels, wp, nx, smep, smap, ac, pge, pke, pkru, maxphyaddr, pse1g";

  it("names the nearest parameter, and all there are", () => {
    expect(message(x8664, { maxphyadr: 40 })).toBe(
      `x86-64 has no parameter "maxphyadr"; did you mean "maxphyaddr"? (it has ${all})`,
    );
    expect(message(arm64, { TOSZ: 16 })).toMatch(
      /^arm64 has no parameter "TOSZ"; did you mean "t0sz"\? /,
    );
  });

  it("names no parameter where none is near", () => {
    expect(message(x8664, { granularity: 4 })).toBe(
      `x86-64 has no parameter "granularity" (it has ${all})`,
    );
  });

  it("says which values are allowed and what the parameter means", () => {
    expect(message(x8664, { levels: 3 })).toBe(
      "x86-64: levels = 3, but 4, 5 is allowed (paging levels: 5 with CR4.LA57)",
    );
    expect(message(x8664, { maxphyaddr: 31 })).toBe(
      "x86-64: maxphyaddr = 31, but 32 to 52 is allowed (MAXPHYADDR: physical-address width)",
    );
    expect(message(x8664, { maxphyaddr: "40" })).toBe(
      "x86-64: maxphyaddr = 40, but an integer is allowed (MAXPHYADDR: physical-address width)",
    );
    expect(message(x8664, { wp: 1 })).toBe(
      "x86-64: wp = 1, but true or false is allowed (CR0.WP: supervisor writes obey R/W)",
    );
  });

  it("says on which other parameter a range depends, and where the manual says so", () => {
    expect(message(arm64, { t0sz: 12 })).toBe(
      "arm64: t0sz = 12, but 16 to 48 is allowed (ARM D8.2.4, FEAT_TTST)",
    );
    expect(message(arm64, { granule: 64, t1sz: 48 })).toBe(
      "arm64: t1sz = 48, but 12 to 47 is allowed with granule=64 (ARM D8.2.4, FEAT_LVA and FEAT_TTST)",
    );
    expect(message(arm64, { pamax: 48, ips: 52 })).toBe(
      "arm64: ips = 52, but 32 to 48 is allowed with pamax=48 " +
        "(ARM D8.2.2: an output size above the implemented one is not used)",
    );
  });

  it.each(["toString", "constructor", "__proto__", "hasOwnProperty"])(
    "takes no name that every object has for a parameter: %s",
    (name) => {
      const input = JSON.parse(`{ "${name}": true }`) as ModeInput;
      expect(message(x8664, input)).toMatch(
        new RegExp(`^x86-64 has no parameter "${name}"(; did you mean "\\w+"\\?)? \\(it has `),
      );
    },
  );
});

describe("the nearest name", () => {
  const names = ["levels", "wp", "nx", "maxphyaddr"];

  it.each([
    ["level", "levels"],
    ["LEVELS", "levels"],
    ["maxphysaddress", "maxphyaddr"],
    ["np", "wp"],
    ["max", "maxphyaddr"],
    ["le", "levels"],
  ])("to %s is %s", (word, near) => {
    expect(nearest(word, names)).toBe(near);
  });

  it("is the one that begins with the word, if only one does", () => {
    expect(nearest("hit", ["bits", "hitsInSecondLevel"])).toBe("hitsInSecondLevel");
    expect(nearest("hit", ["bits", "hitsInSecondLevel", "hitsInFirstLevel"])).toBe("bits");
    expect(nearest("h", ["hitsInSecondLevel"])).toBeNull();
  });

  it("is none when all are further than a third of the word, or two letters", () => {
    expect(nearest("granule", names)).toBeNull();
    expect(nearest("abc", [])).toBeNull();
  });

  it("is the word itself where it is one of them", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1, selector: (s) => s.toLowerCase() }),
        (words) => {
          for (const word of words) expect(nearest(word, words)).toBe(word);
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });
});
