// What a lackey trace means, read slowly: one regular expression and BigInt arithmetic. Written from the
// format's description, not from the parser.

import type { TraceOptions } from "../../src/trace/types.js";

const LINE = /^(I {2}| [LSM] )([0-9a-fA-F]{1,16}),([0-9]+)$/;
const KINDS = new Map([
  ["I  ", [2n]],
  [" L ", [0n]],
  [" S ", [1n]],
  [" M ", [0n, 1n]],
]);

/** The access records of a valid trace, in order; `instructions` records are left out. */
export function* oracleRecords(text: string, options: TraceOptions): Generator<bigint> {
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("==") || line.startsWith("--")) continue;
    const match = LINE.exec(line);
    if (match === null) throw new Error(`the oracle cannot read "${line}"`);
    const [, head, address, size] = match as unknown as [string, string, string, string];
    if (head === "I  " && options.accesses === "data") continue;
    for (const kind of KINDS.get(head) ?? []) {
      for (const start of pieces(BigInt(`0x${address}`), BigInt(size), options)) {
        yield (start - (start % 8n)) | kind;
      }
    }
  }
}

/** Where the parts of an access begin: at its address, and at every page it goes on in. */
function pieces(address: bigint, size: bigint, options: TraceOptions): bigint[] {
  if (!options.split) return [address];
  const page = 2n ** BigInt(options.pageShift ?? 12);
  const starts = [address];
  for (let at = (address / page + 1n) * page; at < address + size; at += page) {
    starts.push(BigInt.asUintN(64, at));
  }
  return starts;
}
