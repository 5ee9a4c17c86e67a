// The formats a trace may have, and how a file's content tells which.

import { Buffer } from "node:buffer";
import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";
import { LackeyParser } from "./lackey.js";
import { looksLikeMmt, MmtReader } from "./mmt-reader.js";
import { quote } from "./quote.js";
import { Raw64Reader } from "./raw64.js";
import type { TraceFormat } from "./types.js";

/** Bytes of a file that recognition wants to see, if the file has as many. */
export const RECOGNITION_BYTES = 4096;

/** Ask for the format to be recognised. */
export const AUTO_FORMAT = "auto";

export const TRACE_FORMATS = {
  lackey: {
    summary: "text of valgrind --tool=lackey --trace-mem=yes",
    recognises: looksLikeLackey,
    parser: (file, batch, options) => new LackeyParser(file, batch, options),
  },
  mmt: {
    summary: "mmulate's own, made by trace convert",
    recognises: looksLikeMmt,
    open: (file, bytes, options, staging) => MmtReader.open(file, bytes, options, staging),
  },
  raw64: {
    summary: "8-byte little-endian records, address and kind",
    // Any multiple of 8 bytes with small low bits would do: too weak to tell it from other files.
    recognises: () => false,
    open: async (file, bytes, options, staging) => new Raw64Reader(file, bytes, options, staging),
  },
} as const satisfies Record<string, TraceFormat>;

export type TraceFormatName = keyof typeof TRACE_FORMATS;

const NAMES = Object.keys(TRACE_FORMATS) as TraceFormatName[];

/**
 * The format of a file that begins with these bytes.
 *
 * @param first the first bytes, decompressed; `RECOGNITION_BYTES` of them, or the whole file
 * @returns undefined when no format recognises them
 */
export function detectFormat(first: Uint8Array): TraceFormatName | undefined {
  return NAMES.find((name) => TRACE_FORMATS[name].recognises(first));
}

/**
 * The format asked for, or else recognised.
 *
 * @param file name for messages
 * @param first as for `detectFormat`
 * @param asked a format name, or `AUTO_FORMAT`
 * @throws MmulateError USAGE for an unknown name, INPUT when recognition fails
 */
export function chooseFormat(file: string, first: Uint8Array, asked: string): TraceFormatName {
  if (asked !== AUTO_FORMAT) return formatNamed(asked);
  const name = detectFormat(first);
  if (name !== undefined) return name;
  throw new MmulateError(
    "INPUT",
    `${file}: begins with ${quote(first)}, which is no trace format that can be recognised; ` +
      `known formats: ${knownFormats()}; choose one with --format NAME`,
  );
}

/**
 * @param name as the user wrote it
 * @throws MmulateError USAGE for an unknown name
 */
export function formatNamed(name: string): TraceFormatName {
  const known = NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  throw new MmulateError(
    "USAGE",
    `unknown trace format "${name}"; known formats: ${AUTO_FORMAT} (by content), ${knownFormats()}${hintFor(name, [AUTO_FORMAT, ...NAMES])}`,
  );
}

function knownFormats(): string {
  return NAMES.map((name) => `${name} (${TRACE_FORMATS[name].summary})`).join(", ");
}

/**
 * The first line that is not blank is a message of valgrind's, or an access as far as the comma. What
 * follows is left to the parser, so that a damaged line is reported as such.
 */
function looksLikeLackey(first: Uint8Array): boolean {
  const text = Buffer.from(first).toString("latin1");
  return /^[\r\n]*(?:==\d+==|--\d+--|(?:I {2}| [LSM] )[0-9a-fA-F]{1,16},)/.test(text);
}
