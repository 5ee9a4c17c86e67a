// A module whose memory may grow less far than it was compiled for: its memory section with another maximum.
//
//   05  size  01  flags  initial  maximum        flags 3: shared, with a maximum; sizes in pages of 64 KiB
//
// The core asks for memory as it needs it and says `OutOfMemory` when there is none, so a lower maximum is a
// limit that holds to the page, in whatever thread.

import { MmulateError } from "../errors.js";
import { uleb, WasmReader } from "./wasm-code.js";

const PAGE_BYTES = 64 * 1024;
const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/**
 * The module with memory of at most so many bytes.
 * @param module a module's binary form, as the compiler wrote it
 * @param bytes rounded down to whole pages of 64 KiB
 * @throws MmulateError CONFIG when it is less than the module begins with, or more than it was compiled for
 */
export function limitMemory(module: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  const reader = new WasmReader(module, HEADER_BYTES);
  for (;;) {
    const id = reader.byte();
    const size = reader.u32();
    if (id === MEMORY_SECTION) break;
    reader.at += size;
  }
  const memories = reader.u32();
  const flags = reader.u32();
  if (memories !== 1 || (flags & HAS_MAXIMUM) === 0) {
    throw new MmulateError("INTERNAL", "the module has no memory with a maximum");
  }
  const least = reader.u32();
  const at = reader.at;
  const most = reader.u32();
  const pages = Math.floor(bytes / PAGE_BYTES);
  if (!(pages >= least && pages <= most)) {
    const range = `${(least * PAGE_BYTES) / 2 ** 20} to ${(most * PAGE_BYTES) / 2 ** 20} MiB`;
    throw new MmulateError("CONFIG", `memory of ${bytes} bytes for a cell: ${range} are allowed`);
  }
  return replaced(module, at, padded(uleb(pages), reader.at - at));
}

/** A number in as many bytes as another took: leading noughts are allowed (binary format, 5.2.2). */
function padded(bytes: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, i) => (bytes[i] ?? 0) | (i < length - 1 ? 0x80 : 0));
}

function replaced(module: Uint8Array, at: number, by: readonly number[]): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(module);
  copy.set(by, at);
  return copy;
}
