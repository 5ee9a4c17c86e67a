// A command line within a command line: words as a shell would make them.

import { MmulateError } from "../errors.js";

/** A run of bare characters, a quoted part, or a character behind a backslash. */
const PART = /([^\s'"\\]+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|(.)/gs;

/**
 * Splits text at blanks; quotes hold words together, a backslash takes the next character as it is.
 * @throws MmulateError USAGE for a quote without an end
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (const [, bare, single, double, escaped, blank, foreign] of text.matchAll(PART)) {
    if (foreign !== undefined) {
      throw new MmulateError("USAGE", `${text}: the ${foreign} has no end`);
    }
    if (blank === undefined) {
      const quoted = double?.replaceAll(/\\(["\\$`])/g, "$1");
      word = (word ?? "") + (bare ?? single ?? quoted ?? escaped ?? "");
    } else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  return word === null ? words : [...words, word];
}
