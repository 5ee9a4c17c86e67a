// What every process must read: a plain, slow memory model, one object a page, written from what the calls
// promise to their callers and not from the kernel model. No entries, no references, no copy-on-write.
//
//   private page   { value }                       fork copies it
//   shared page    { object, index }               fork shares the object; a file is one with a name
//
// What depends on where mappings begin and end (which of several VMAs mremap moves before it fails, say) it
// does not foretell: it is told what was done.

import {
  ADVICE,
  GONE,
  type PlainFile,
  type PlainObject,
  type PlainPage,
  PRIVATE_ONLY,
  whole,
} from "./plain-page.js";

type PlainRights = "readable" | "writable" | "guard" | "notForked" | "wipedOnFork";

type Space = Map<number, PlainPage>;

/** What a call returns, as far as the plain model knows it: ENOMEM where it met a hole. */
export type PlainResult = 0 | "ENOMEM" | "EINVAL";

/** Memory of all processes. A process is whatever object the caller knows it by. */
export class PlainMemory {
  private readonly spaces = new Map<object, Space>();
  private readonly files = new Map<string, PlainObject>();

  private space(process: object): Space {
    const space = this.spaces.get(process) ?? new Map<number, PlainPage>();
    this.spaces.set(process, space);
    return space;
  }

  /** A file; it outlives its mappings. */
  private fileOf({ name, pages }: PlainFile): PlainObject {
    const file = this.files.get(name) ?? { pages, values: new Map() };
    this.files.set(name, file);
    return file;
  }

  /** What a page of a file must hold. */
  inFile(name: string, index: number): number {
    return this.files.get(name)?.values.get(index) ?? 0;
  }

  /** A new mapping, in place of whatever was there: it reads as zero, or as its file. `huge`: base pages of its pages. */
  mmap(
    process: object,
    start: number,
    pages: number,
    access: string,
    shared: boolean,
    huge = 1,
    file: PlainFile | null = null,
  ): void {
    const made: PlainObject | null = shared ? { pages, values: new Map() } : null;
    const object = file === null ? made : this.fileOf(file);
    for (let index = 0; index < pages; index++) {
      this.put(process, start + index, {
        readable: access !== "none",
        writable: access === "rw",
        object,
        index: (file?.first ?? 0) + index,
        value: 0,
        mayBeZero: false,
        guard: false,
        notForked: false,
        wipedOnFork: false,
        huge,
        pins: [],
      });
    }
  }

  private put(process: object, at: number, page: PlainPage): void {
    this.space(process).set(at, page);
  }

  munmap(process: object, start: number, end: number): void {
    for (let at = start; at < end; at++) this.space(process).delete(at);
  }

  /** Up to the first hole. */
  mprotect(process: object, start: number, end: number, access: string): PlainResult {
    for (let at = start; at < end; at++) {
      const page = this.space(process).get(at);
      if (page === undefined) return "ENOMEM";
      Object.assign(page, { readable: access !== "none", writable: access === "rw" });
    }
    return 0;
  }

  /** Pages that a length means from a page on: whole huge ones. */
  lengthFrom(process: object, start: number, asked: number): number {
    return whole(this.space(process).get(start), asked);
  }

  /** One page moves; `keep`: its place stays mapped, and empty. */
  mremap(process: object, from: number, to: number, keep: boolean): void {
    const page = this.space(process).get(from);
    this.munmap(process, to, to + 1);
    if (page === undefined) return;
    this.put(process, to, { ...page });
    if (keep) Object.assign(page, GONE, { guard: false });
    else this.space(process).delete(from);
  }

  /** Growing or shrinking that went well: what comes is like the last page that was there. */
  resize(process: object, start: number, was: number, asked: number): void {
    const first = this.space(process).get(start);
    const [from, pages] = [whole(first, was), whole(first, asked)];
    this.munmap(process, start + pages, start + from);
    const last = this.space(process).get(start + from - 1);
    for (let at = from; last !== undefined && at < pages; at++) {
      const index = last.index + (at - from + 1);
      this.put(process, start + at, { ...last, ...GONE, index, guard: false });
    }
  }

  /** Advice on what is mapped; all other advice changes nothing that can be read. */
  madvise(process: object, start: number, end: number, advice: string): PlainResult {
    const change = ADVICE.get(advice) ?? {};
    let result: PlainResult = 0;
    for (let at = start; at < end; at++) {
      const page = this.space(process).get(at);
      if (page === undefined) result = "ENOMEM";
      else if ((page.object !== null || page.huge > 1) && PRIVATE_ONLY.has(advice)) return "EINVAL";
      else if (page.huge > 1 && advice === "dontneed") {
        if (at === start && start % page.huge !== 0) return "EINVAL";
        // A huge page that is not named whole stays.
        if (at - (at % page.huge) + page.huge <= end) Object.assign(page, change);
      } else if (!page.guard || !/^(dontneed|free)$/.test(advice)) Object.assign(page, change);
    }
    return result;
  }

  /** Whether one of the pages belongs to a huge page of a pool. */
  hasHuge(process: object, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      if ((this.space(process).get(at)?.huge ?? 1) > 1) return true;
    }
    return false;
  }

  /** What was done of a call that failed half way, because a mapping of huge pages cannot be cut. */
  told(
    process: object,
    at: number,
    page: Pick<PlainPage, "readable" | "writable" | "notForked">,
  ): void {
    Object.assign(this.space(process).get(at) ?? {}, page);
  }

  /** After a call that came some way only: what there is of each page, as it is told; null = no page. */
  learn(process: object, look: (at: number) => Pick<PlainPage, PlainRights> | null): void {
    const space = this.space(process);
    for (const [at, page] of space) {
      const seen = look(at);
      if (seen === null) space.delete(at);
      else Object.assign(page, seen, { pins: [] });
    }
  }

  fork(parent: object, child: object): void {
    for (const [at, page] of this.space(parent)) {
      if (page.notForked) continue;
      const wiped = page.wipedOnFork ? { ...GONE, guard: false } : {};
      this.put(child, at, { ...page, ...wiped, pins: [] });
    }
  }

  exit(process: object): void {
    this.spaces.delete(process);
  }

  /** Devices hold pages from `start` on, by their frames. Of shared pages and zero pages nothing is said. */
  pin(process: object, start: number, frames: readonly (number | null)[]): void {
    for (const [i, frame] of frames.entries()) {
      const page = this.space(process).get(start + i);
      if (frame !== null && page?.object === null) page.pins = [...page.pins, frame];
    }
  }

  /** One pin of each of these frames is given back. */
  unpin(process: object, frames: readonly number[]): void {
    for (const frame of frames) {
      const page = [...this.space(process).values()].find(({ pins }) => pins.includes(frame));
      if (page !== undefined) page.pins = page.pins.toSpliced(page.pins.indexOf(frame), 1);
    }
  }

  /** Frames that devices hold, and what each must contain. */
  *held(): Generator<{ frame: number; value: number }> {
    for (const space of this.spaces.values()) {
      for (const { pins, value, mayBeZero } of space.values()) {
        if (!mayBeZero) yield* pins.map((frame) => ({ frame, value }));
      }
    }
  }

  /** Whether an access must go through. */
  allows(process: object, at: number, write: boolean): boolean {
    const page = this.space(process).get(at);
    if (page === undefined || page.guard) return false;
    if (page.object !== null && page.index >= page.object.pages) return false;
    return write ? page.writable : page.readable;
  }

  /** A store of `value`. */
  write(process: object, at: number, value: number): void {
    const page = this.space(process).get(at);
    if (page === undefined) return;
    if (page.object === null) Object.assign(page, { value, mayBeZero: false });
    else page.object.values.set(page.index, value);
  }

  /** A load that saw `seen`. Returns what it should have seen where that is wrong, else null. */
  read(process: object, at: number, seen: number): number | null {
    const page = this.space(process).get(at);
    if (page === undefined) return null;
    if (page.object !== null) {
      const want = page.object.values.get(page.index) ?? 0;
      return want === seen ? null : want;
    }
    if (page.value === seen) return null;
    if (!page.mayBeZero || seen !== 0) return page.value;
    // Once it was seen to be gone, it stays so.
    Object.assign(page, GONE);
    return null;
  }
}
