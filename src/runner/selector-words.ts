// The parameters of a selector: NAME:PARAMETER=VALUE:...

import { MmulateError } from "../errors.js";

/**
 * Reads them; which exist, and what they may be, whoever takes them checks.
 * @param selector as messages name it
 * @param words what stands behind its name
 * @param example of one that is allowed
 * @throws MmulateError USAGE where one has another form, or is given twice
 */
export function readParameters(
  selector: string,
  words: readonly string[],
  example: string,
): Record<string, boolean | number | string> {
  const set: Record<string, boolean | number | string> = {};
  for (const word of words) {
    const match = /^([A-Za-z][A-Za-z0-9_]*)=(.+)$/.exec(word);
    const [, parameter = "", value = ""] = match ?? [];
    if (match === null) {
      throw new MmulateError(
        "USAGE",
        `"${selector}": "${word}" is not PARAMETER=VALUE (as in ${example})`,
      );
    }
    if (Object.hasOwn(set, parameter)) {
      throw new MmulateError("USAGE", `"${selector}" sets ${parameter} twice`);
    }
    set[parameter] = settingValue(value);
  }
  return set;
}

function settingValue(text: string): boolean | number | string {
  if (text === "true" || text === "false") return text === "true";
  return /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : text;
}
