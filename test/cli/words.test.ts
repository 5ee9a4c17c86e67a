import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitWords } from "../../src/cli/words.js";
import { MmulateError } from "../../src/errors.js";

describe("words of a command line", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["  run  a\tb\n", ["run", "a", "b"]],
    ["'a b' \"c d\"", ["a b", "c d"]],
    ["a'b c'd", ["ab cd"]],
    ['"a\\"b\\c" \\"x\\ y', ['a"b\\c', '"x y']],
    ["''", [""]],
  ])("%j", (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it("are given back, whatever is in them, once they are quoted", () => {
    const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), (words) => {
        expect(splitWords(words.map(quote).join(" "))).toEqual(words);
      }),
    );
  });

  it.each(["'a", 'b "c', "x \\"])("%j has no end", (text) => {
    expect(() => splitWords(text)).toThrow(MmulateError);
  });
});
