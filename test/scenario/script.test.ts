// Scripts as text: what is read, and what is refused with place, reason and what is allowed.

import { describe, expect, it } from "vitest";
import { MmulateError } from "../../src/errors.js";
import { parseScript, VERBS } from "../../src/scenario/script.js";

function refusal(text: string): string {
  try {
    parseScript(text, "x.scn");
  } catch (error) {
    if (error instanceof MmulateError && error.code === "INPUT") return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a script", () => {
  it("is one operation a line, without comments and empty lines", () => {
    const text = "# first\n\nmmap A 4 rw private  # second\r\n   in c   read A 0 4\n";
    expect(parseScript(text, "x.scn")).toEqual([
      {
        text: "mmap A 4 rw private",
        where: "x.scn:3",
        process: "P",
        verb: "mmap",
        words: ["A", "4", "rw", "private"],
      },
      {
        text: "in c   read A 0 4",
        where: "x.scn:4",
        process: "c",
        verb: "read",
        words: ["A", "0", "4"],
      },
    ]);
  });

  it.each([
    "mmap A 512 rw private align=512",
    "mmap-at B A+16 8 r shared",
    "mremap A 16 B",
    "mremap A 4 8 B align=512 dontunmap",
    "madvise A 0 16 populate_write",
    "uffd-register A 0 16 wp-async,unpopulated",
    "scan A 0 16 written soft-dirty wp check",
    "on-segv unprotect",
    "ksm",
    "pin A 0 4",
    "meanwhile fork-batch 2 cpu 1 migrate A 0 4 hold",
    "meanwhile pin-looked 1 on t munmap A 0 4",
    "expect A 0 4 no soft-dirty",
  ])("may say: %s", (line) => {
    expect(parseScript(line, "x.scn")).toHaveLength(1);
  });

  it.each([
    ["red A 0 1", 'no operation "red"; did you mean "read"? (there are mmap, '],
    ["in c", '"in" needs a process and an operation'],
    ["mmap A", "words are missing: mmap region count access share [ align=N|huge=SIZE|file=F* ]"],
    ["read A 0 1 2", '"2" is too much: read region number count'],
    ["read A -1 2", '"-1" is no number (a page number): read region number count'],
    ["mmap A 4 rwx private", '"rwx" is no access (r, rw or none): mmap '],
    ["mmap A 4 rw public", '"public" is no share (private or shared): mmap '],
    ["mmap-at B A 4 rw private", '"A" is no place (REGION+PAGES, such as A+16): mmap-at '],
    ["madvise A 0 4 cold", '"cold" is no advice (dontneed, free, hugepage, '],
    ["uffd-register A 0 4 missing", '"missing" is no mode (wp or wp-async, '],
    ["uffd-wp A 0 4 maybe", '"maybe" is no on or off: uffd-wp '],
    ["scan A 0 4", "words are missing: scan "],
    ["split A 0", "words are missing: split region [ number count ]"],
    ["scan A 0 4 dirty", '"dirty" is no category (written, soft-dirty, present; wp and check): '],
    ["meanwhile fork-batch 1 fork c", '"fork c": on which CPU? ("cpu N" or "on THREAD" before it)'],
    ["meanwhile fork 1 cpu 1 ksm", '"fork" is no step (fork-batch, fork-tested, '],
    ["meanwhile fork-batch 1 cpu 1 frok c", 'no operation "frok"; did you mean "fork"?'],
    ["fork 1c", '"1c" is no process (letters, digits and _, a letter first): fork process'],
  ])("may not say: %s", (line, message) => {
    expect(refusal(`# comment\n${line}`)).toContain(`x.scn:2: ${message}`);
  });
});

it("knows the verbs of the format, and those that only a model knows", () => {
  expect(VERBS).toEqual([
    "mmap",
    "mmap-at",
    "munmap",
    "mprotect",
    "mremap",
    "resize",
    "read",
    "write",
    "madvise",
    "clear_refs",
    "fork",
    "exit",
    "uffd-register",
    "uffd-wp",
    "uffd-unregister",
    "scan",
    "pin",
    "unpin",
    "on-segv",
    "ksm",
    "oom-after",
    "clear-refs",
    "split",
    "force-write",
    "migrate",
    "migrate-end",
    "stray-dirty",
    "reclaim",
    "writeback-end",
    "expect",
    "swapoff",
    "swapon",
    "pagemap",
    "vmas",
    "thread",
    "sleep",
    "meanwhile",
    // Of the model alone.
    "state",
    "hugepages",
    "khugepaged",
    "split-deferred",
    "idle",
    "numa",
    "writeback",
    "fsync",
    "msync",
    "disk",
    "drop-caches",
    "kvm",
    "gread",
    "gwrite",
    "gend",
    "dirty-log",
  ]);
});
