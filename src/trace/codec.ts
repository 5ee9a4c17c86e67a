// What is done to every record of a trace, in WebAssembly (assembly/codec): checksums, packing, looking at
// kinds. JavaScript takes 1 ns for a word of a checksum, half of what the core takes for an access; SIMD 0.1 ns.

import { readFileSync } from "node:fs";
import type * as Bindings from "#build/codec.js";
import { EVENT_KIND_MASK } from "../../assembly/abi/event.js";
import { buildFile } from "../build-file.js";
import type { Checksum } from "./fletcher.js";

/** Bytes that `pack` and `unpack` work with. */
export const CODEC_TABLE_BYTES = 32768;

type Exports = Awaited<ReturnType<typeof Bindings.instantiate>>;

let compiled: WebAssembly.Module | undefined;

/** The codec at work in one memory. Addresses are linear ones, and those of records multiples of 8. */
export class Codec {
  private readonly exports: Exports;

  /**
   * @param memory shared, as the core's is
   * @throws MmulateError INTERNAL when the package was not built
   */
  constructor(memory: WebAssembly.Memory) {
    compiled ??= new WebAssembly.Module(readFileSync(buildFile("codec.wasm")));
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    this.exports = exports as unknown as Exports;
  }

  /** @param bytes a multiple of 8 */
  checksum(at: number, bytes: number): Checksum {
    this.exports.addUp(at, bytes);
    const [sum, weighted] = [this.exports.checksumSum(), this.exports.checksumWeighted()];
    return { sum: BigInt.asUintN(64, sum), weighted: BigInt.asUintN(64, weighted) };
  }

  /** Whether there are fetches among records, and kinds beyond them, which are no accesses. */
  kinds(at: number, records: number): { readonly fetches: boolean; readonly controls: boolean } {
    const kinds = this.exports.kindsOf(at, records);
    return { fetches: (kinds & 2) !== 0, controls: kinds > EVENT_KIND_MASK };
  }

  /**
   * Packs records (assembly/codec/packed.ts).
   *
   * @param tokens room for a byte per record
   * @param operands room for 8 bytes per record
   * @param table room of `CODEC_TABLE_BYTES`
   * @returns the end of the operands
   */
  pack(from: number, records: number, tokens: number, operands: number, table: number): number {
    return this.exports.pack(from, records, tokens, operands, table) >>> 0;
  }

  /**
   * Unpacks records. Tokens that are no packed records do no harm, but may be found to have more operands.
   *
   * @param operands memory must reach 8 bytes per record beyond
   * @param out room for the records
   * @returns the end of the operands
   */
  unpack(tokens: number, records: number, operands: number, out: number, table: number): number {
    return this.exports.unpack(tokens, records, operands, out, table) >>> 0;
  }
}
