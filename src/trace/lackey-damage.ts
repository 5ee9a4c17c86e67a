// Says what is wrong with a line that the fast parser of lackey.ts refused. It runs at most once per
// file, so it reads like the format's description and costs what it costs.

import { Buffer } from "node:buffer";
import { MmulateError } from "../errors.js";
import { MAX_ACCESS_BYTES } from "./access-writer.js";
import { quote } from "./quote.js";

export const MAX_ADDRESS_DIGITS = 16;

const FORM = '"I  ADDR,SIZE", " L ADDR,SIZE", " S ADDR,SIZE", " M ADDR,SIZE" or "==PID== message"';

/**
 * @param file name for the message
 * @param line number of the line, from 1
 * @param bytes the line without its line ending (its first 64 bytes suffice)
 * @param truncated the file ended before the line did
 */
export function damagedLine(
  file: string,
  line: number,
  bytes: Uint8Array,
  truncated: boolean,
): MmulateError {
  const where = `${file}: line ${line}`;
  const found = truncated ? `the file ends within ${quote(bytes)}` : `found ${quote(bytes)}`;
  return new MmulateError("INPUT", `${where}: ${found}, expected ${expected(bytes)}`);
}

/** What the line should have had at the first place where it goes wrong. */
function expected(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  const head = /^(?:I {2}| [LSM] )/.exec(text);
  if (head === null) return FORM;

  const rest = text.slice(head[0].length);
  const address = (/^[0-9a-f]*/i.exec(rest) as RegExpExecArray)[0];
  if (address === "") return "a hexadecimal address without 0x behind the access kind";
  if (address.length > MAX_ADDRESS_DIGITS) {
    return `an address of at most ${MAX_ADDRESS_DIGITS} hex digits`;
  }

  const tail = rest.slice(address.length);
  if (!tail.startsWith(",")) return `"," and a size in bytes behind the address`;
  const size = (/^[0-9]*/.exec(tail.slice(1)) as RegExpExecArray)[0];
  if (size === "") return "a decimal size in bytes behind the comma";
  if (tail.length > 1 + size.length) return "the end of the line behind the size";
  return `a size of 1 to ${MAX_ACCESS_BYTES} bytes`;
}
