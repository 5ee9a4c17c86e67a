// The core's side of a kernel: page tables, entries, frames and programs of one instance.
//
// Linear memory may grow whenever a table is made; what looks into it is made anew then (`words`).

import {
  CASE_BYTES,
  CASE_COUNT,
  GATHER_CAPACITY,
  MAX_PROGRAMS,
  PROGRAM_BYTES,
  PROGRAM_CASES,
} from "../../assembly/abi/bulk.js";
import { FRAME_RECORD_SHIFT } from "../../assembly/abi/frames.js";
import { GATHER_BASE, PROGRAMS_BASE, VIEW_BASE } from "../../assembly/abi/memory-map.js";
import { MmulateError } from "../errors.js";
import { encodeView } from "../layout/encode-view.js";
import { encodeProgram, type ProgramCase } from "../layout/entry-program.js";
import type { CompiledLinuxLayout } from "../layout/linux-layout.js";
import type { Core } from "./core.js";
import type { CoreExports } from "./instantiate.js";

/** A program over runs of entries, loaded. */
export interface Program {
  readonly address: number;
  readonly cases: number;
}

/** Memory of a simulated kernel in a core. */
export class MmCore {
  /** The module's functions; an explained run puts others before them. */
  exports: CoreExports;
  private programs = 0;
  private records = 0;
  private view: Uint32Array;
  /** What `gatherAlike` found. */
  readonly alike = new Uint32Array(2 * GATHER_CAPACITY);

  /** Pages of the whole address space, both halves. */
  readonly pages: number;

  /**
   * @param frames page frames to manage; frame 0 is never handed out
   * @throws MmulateError MEMORY when their records do not fit
   */
  constructor(
    readonly core: Core,
    readonly linux: CompiledLinuxLayout,
    readonly frames: number,
  ) {
    this.exports = core.exports;
    this.pages = 2 ** (64 - core.pageShift);
    this.write(VIEW_BASE, encodeView(linux));
    this.records = this.exports.makeFrames(frames) >>> 0;
    if (this.records === 0) {
      throw new MmulateError("MEMORY", `${frames} page frames do not fit the memory`);
    }
    this.view = new Uint32Array(this.exports.memory.buffer);
  }

  private write(at: number, bytes: Uint8Array): void {
    new Uint8Array(this.exports.memory.buffer).set(bytes, at);
  }

  /** All of linear memory as u32 words; valid until a table is made. */
  get words(): Uint32Array {
    if (this.view.length === 0) this.view = new Uint32Array(this.exports.memory.buffer);
    return this.view;
  }

  /** Index in `words` of a frame's record. */
  record(frame: number): number {
    return (this.records + (frame << FRAME_RECORD_SHIFT)) >>> 2;
  }

  /**
   * Loads a program.
   * @throws MmulateError INTERNAL when it is too large, or there are too many
   */
  program(cases: readonly ProgramCase[]): Program {
    if (this.programs === MAX_PROGRAMS) {
      throw new MmulateError("INTERNAL", `more than ${MAX_PROGRAMS} programs`);
    }
    const address = PROGRAMS_BASE + this.programs++ * PROGRAM_BYTES;
    const bytes = encodeProgram(this.linux, cases);
    this.write(address, bytes);
    return { address, cases: cases.length };
  }

  /** Entries of a compiled case since it was last asked. */
  takeCount(program: Program, index: number): number {
    const at = (program.address + PROGRAM_CASES + index * CASE_BYTES + CASE_COUNT) >>> 2;
    const { words } = this;
    const count = words[at] ?? 0;
    words[at] = 0;
    return count;
  }

  /**
   * Finds the runs of `count` entries from a slot on that differ at most in their page: `alike` holds pairs (flags,
   * length) then, until this is asked again. Returns how many pairs.
   */
  gatherAlike(slot: number, count: number): number {
    const runs = this.exports.gatherAlike(slot, count);
    const { words, alike } = this;
    for (let i = 0; i < 2 * runs; i++) alike[i] = words[(GATHER_BASE >>> 2) + i] ?? 0;
    return runs;
  }

  /** Describes `count` entries from a slot on: pairs (flags, frame; 0 where not present). Valid until the next. */
  gather(slot: number, count: number): Uint32Array {
    this.exports.gather(slot, count);
    return this.words.subarray(GATHER_BASE >>> 2, (GATHER_BASE >>> 2) + 2 * count);
  }

  /**
   * Describes the pages of `count` present entries, by runs of those whose frames say the same: pairs (frame of the
   * first, length); a frame with any flag of `apart` stands alone. Valid until the next.
   */
  gatherPages(slot: number, count: number, apart: number): Uint32Array {
    const runs = this.exports.gatherPages(slot, count, apart);
    return this.words.subarray(GATHER_BASE >>> 2, (GATHER_BASE >>> 2) + 2 * runs);
  }
}
