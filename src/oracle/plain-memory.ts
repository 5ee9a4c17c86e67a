// What every process must read: a plain, slow memory model, one object a page, written from what the calls
// promise to their callers and not from the kernel model. No entries, no references, no copy-on-write.
//
//   private page   { value }                       fork copies it
//   shared page    { object, index }               fork shares the object; a file is one with a name
//
// What depends on where mappings begin and end (which of several VMAs mremap moves before it fails, say) it
// does not foretell: it is told what was done.

/** Memory that several mappings see. */
interface PlainObject {
  readonly pages: number;
  readonly values: Map<number, number>;
}

/** What a mapping of a file says: its name, how many pages it has, and the first one that is mapped. */
export interface PlainFile {
  readonly name: string;
  readonly pages: number;
  readonly first: number;
}

interface PlainPage {
  readable: boolean;
  writable: boolean;
  readonly object: PlainObject | null;
  readonly index: number;
  /** Of a private page. */
  value: number;
  /** MADV_FREE: it may read as zero until it is written again. */
  mayBeZero: boolean;
  guard: boolean;
  notForked: boolean;
  wipedOnFork: boolean;
  /** Base pages of the huge page of a pool that it is part of; 1 = none. */
  readonly huge: number;
}

/** Pages that a length means: whole huge ones. */
function whole(page: PlainPage | undefined, pages: number): number {
  const { huge } = page ?? { huge: 1 };
  return Math.ceil(pages / huge) * huge;
}

type PlainRights = "readable" | "writable" | "guard" | "notForked" | "wipedOnFork";

type Space = Map<number, PlainPage>;

/** What a call returns, as far as the plain model knows it: ENOMEM where it met a hole. */
export type PlainResult = 0 | "ENOMEM" | "EINVAL";

const GONE: Partial<PlainPage> = { value: 0, mayBeZero: false };

const ADVICE: ReadonlyMap<string, Partial<PlainPage>> = new Map([
  ["dontfork", { notForked: true }],
  ["dofork", { notForked: false }],
  ["wipeonfork", { wipedOnFork: true }],
  ["dontneed", GONE],
  ["free", { mayBeZero: true }],
  ["guard_install", { ...GONE, guard: true }],
  ["guard_remove", { guard: false }],
]);
/** Shared mappings, and those of huge pages of a pool, refuse these. */
const PRIVATE_ONLY: ReadonlySet<string> = new Set(["free", "wipeonfork"]);

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
      else Object.assign(page, seen);
    }
  }

  fork(parent: object, child: object): void {
    for (const [at, page] of this.space(parent)) {
      if (page.notForked) continue;
      this.put(child, at, { ...page, ...(page.wipedOnFork ? { ...GONE, guard: false } : {}) });
    }
  }

  exit(process: object): void {
    this.spaces.delete(process);
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
