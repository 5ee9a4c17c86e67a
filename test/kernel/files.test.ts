// Shared mappings of files: who asks the file system, what writeback takes from entries, what the disk then holds; and each
// guard taken out, which the oracle must say.

import { describe, expect, it } from "vitest";
import { Event } from "../../src/kernel/events.js";
import { setPageFlags } from "../../src/kernel/folio.js";
import { PG_DIRTY } from "../../src/kernel/page-flags.js";
import { cachedPage } from "../../src/kernel/shmem.js";
import { Pte } from "../../src/layout/linux-flags.js";
import type { EntryState } from "../../src/stats/observation.js";
import { Bench } from "../kvm/support.js";

const MAP = "mmap A 4 rw shared file=F";

const MACHINES = [
  ["x86-64", "7.2"],
  ["x86-64", "6.1"],
  ["arm64", "7.2"],
  ["arm64", "6.12:hwDirty=false"],
  ["riscv64", "7.2:hwDirty=false"],
] as const;

/** "wd" of the first page of A. */
function rightsOf(bench: Bench): string {
  const state: EntryState = bench.last("state A").state?.[0]?.[1] ?? {};
  return (["w", "d"] as const).filter((flag) => state[flag] === 1).join("");
}

describe.each(MACHINES)("a file on %s, Linux %s", (arch, version) => {
  it("is read-only until it is written, and again behind writeback", async () => {
    const bench = await Bench.boot(undefined, arch, version);
    const seen: string[] = [];
    for (const line of [
      `${MAP}; read A 0 1`,
      "write A 0 1",
      "fsync F",
      "read A 0 1",
      "write A 0 1",
    ]) {
      bench.run(line);
      seen.push(rightsOf(bench));
    }
    expect(seen).toEqual(["", "wd", "", "", "wd"]);
    expect(bench.event(Event.page_mkwrite)).toBe(2);
    expect([bench.event(Event.mkclean_entry), bench.event(Event.file_write)]).toEqual([1, 1]);
    bench.finish();
    expect(bench.checker.complaints).toEqual([]);
  });

  it("goes to the disk through every mapping of it", async () => {
    const bench = await Bench.boot(undefined, arch, version);
    bench.run(
      `${MAP}; mmap B 4 rw shared file=F; write A 0 2; write B 1 3; fork c; in c write A 3 1`,
    );
    expect(bench.last("disk F").data).toEqual([[4, 0]]);
    bench.run("writeback F");
    expect(bench.last("disk F").data).toEqual([
      [1, 3],
      [2, 4],
      [1, 6],
    ]);
    // Entries of all three, as far as they were there: A two, B three, and the child's one.
    expect([bench.event(Event.mkclean_entry), bench.event(Event.file_write)]).toEqual([6, 4]);
    bench.finish();
    expect(bench.checker.complaints).toEqual([]);
  });
});

describe("a file", () => {
  it("is read at first touch, which is a major fault, and is cached from then on", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; write A 0 1; fsync F; munmap A 0 4; mmap A 4 rw shared file=F`);
    expect(bench.last("read A 0 2")).toMatchObject({
      majflt: 1,
      minflt: 1,
      data: [
        [1, 2],
        [1, 0],
      ],
    });
    bench.run("munmap A 0 4; drop-caches; mmap A 4 r shared file=F");
    expect(bench.last("read A 0 2")).toMatchObject({
      majflt: 2,
      minflt: 0,
      data: [
        [1, 2],
        [1, 0],
      ],
    });
    bench.finish();
    expect(bench.broken()).toEqual([]);
  });

  it("is mapped around a fault as far as it is cached, and as is configured", async () => {
    const faults: unknown[] = [];
    for (const kernel of ["7.2", "7.2:faultAround=8k", "7.2:faultAround=4k"]) {
      const bench = await Bench.boot(undefined, "x86-64", kernel);
      bench.run(`${MAP}; read A 0 4; munmap A 0 4; mmap A 4 rw shared file=F align=512`);
      faults.push(bench.last("read A 0 4").minflt);
      expect(bench.broken()).toEqual([]);
    }
    expect(faults).toEqual([1, 2, 4]);
  });

  it("tells other CPUs at writeback, whose next stores then fault", async () => {
    for (const arch of ["x86-64", "arm64", "riscv64"]) {
      const bench = await Bench.boot(undefined, arch, "7.2", 2);
      bench.run(`${MAP}; thread t; on t write A 0 4; fsync F`);
      expect(bench.last("on t write A 0 2").minflt).toBe(2);
      expect(bench.last("fsync F; disk F").data).toEqual([
        [2, 5],
        [2, 3],
      ]);
      expect(bench.broken()).toEqual([]);
    }
  });

  it("ends somewhere: behind it is SIGBUS", async () => {
    const bench = await Bench.boot();
    bench.run(MAP);
    expect(bench.last("mmap B 4 rw shared file=F+2").errno).toBe(0);
    expect(bench.last("write B 0 4").segv).toEqual([2, 3]);
    expect(bench.broken()).toEqual([]);
  });

  it("is one mapping with its neighbour where it goes on", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; munmap A 2 2; mmap-at B A+2 2 rw shared file=F+2`);
    expect(bench.last("vmas A").vmas).toHaveLength(1);
    bench.run("write A 0 4; munmap A 1 2");
    bench.finish();
    expect(bench.broken()).toEqual([]);
  });

  it("stays in memory while it is dirty; reclaim has it written first", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; write A 0 4; madvise A 0 4 pageout`);
    expect(bench.last("read A 0 4").majflt).toBeUndefined();
    expect(bench.event(Event.file_write)).toBe(0);
    bench.run("reclaim 4");
    expect(bench.event(Event.file_write)).toBe(4);
    expect(bench.last("read A 0 4")).toMatchObject({ majflt: 4, data: [[4, 2]] });
    bench.finish();
    expect(bench.broken()).toEqual([]);
  });

  it("is pinned for long only to be read, from 6.5 on", async () => {
    const old = await Bench.boot(undefined, "x86-64", "6.1");
    expect(old.last(`${MAP}; pin A 0 2`).errno).toBe(0);
    const now = await Bench.boot();
    expect(now.last(`${MAP}; write A 0 2; pin A 0 2`).errno).toBe("EFAULT");
    expect(now.last("pin A 0 2 read").errno).toBe(0);
    expect(now.broken()).toEqual([]);
  });

  it("is watched by userfaultfd only asynchronously", async () => {
    const bench = await Bench.boot();
    expect(bench.last(`${MAP}; write A 0 4; uffd-register A 0 4 wp`).errno).toBe("EINVAL");
    bench.run("uffd-register A 0 4 wp-async; scan A 0 4 written wp; write A 1 1; fsync F");
    expect(bench.last("scan A 0 4 written").ranges).toEqual([[1, 2]]);
    bench.finish();
    expect(bench.broken()).toEqual([]);
  });

  it("is refused where it would be private", async () => {
    const bench = await Bench.boot();
    expect(() => bench.run("mmap A 4 rw private file=F")).toThrow(/private mapping of a file/);
    expect(() => bench.run("fsync G")).toThrow(/no file "G"/);
  });
});

/** Plays lines while entries keep what `keeps` names. */
function keeping(bench: Bench, keeps: number, text: string): void {
  const { exports } = bench.kernel.mmu;
  bench.kernel.mmu.exports = Object.assign(Object.create(exports) as typeof exports, {
    updateEntry: (slot: number, clear: number, set: number) =>
      exports.updateEntry(slot, clear & ~keeps, set),
  });
  bench.run(text);
  bench.kernel.mmu.exports = exports;
}

const STORE = "write A 0 1";
const UNSEEN = "whoever writes back knows of every written page";
const WRITABLE = "writable entries of files are of dirty folios";
const NOT_LAST = "what was written back is the last store";

describe("without", () => {
  it("taking the right to write at writeback, the next store is on no disk", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; ${STORE}`);
    keeping(bench, Pte.write, "fsync F");
    expect(bench.broken()).toEqual([WRITABLE]);
    bench.run(`${STORE}; fsync F`);
    expect(bench.broken()).toEqual([NOT_LAST, UNSEEN, WRITABLE].sort());
  });

  it("the flush at writeback, the same, through a TLB", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; ${STORE}`);
    bench.kernel.tlb.page = () => undefined;
    bench.run(`fsync F; ${STORE}; fsync F`);
    expect(bench.broken()).toEqual(expect.arrayContaining(["TLB", NOT_LAST, UNSEEN]));
  });

  it("the file system being asked, a store is on no disk", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; ${STORE}`);
    const file = bench.kernel.files.get("F");
    if (file === undefined) throw new Error("no F");
    setPageFlags(bench.kernel, cachedPage(bench.kernel, file, 0), 0, PG_DIRTY);
    bench.run("fsync F");
    expect(bench.broken()).toEqual([NOT_LAST, UNSEEN, WRITABLE].sort());
  });

  it.each([
    ["the entry still says so, and the folio is told", 0, []],
    ["nothing says so, and reclaim takes it for clean", Pte.dirty, ["contents"]],
  ])("the folio's dirty flag: %s", async (_name, gone, want) => {
    const bench = await Bench.boot();
    bench.run(`${MAP}; ${STORE}`);
    const { kernel } = bench;
    const file = kernel.files.get("F");
    const { mm, regions } = bench.player.processNamed("P");
    if (file === undefined) throw new Error("no F");
    setPageFlags(kernel, cachedPage(kernel, file, 0), 0, PG_DIRTY);
    const { exports } = kernel.mmu;
    exports.updateEntry(exports.findEntry(mm.root, regions.get("A")?.start ?? 0, 0) >>> 0, gone, 0);
    bench.run("madvise A 0 4 pageout; read A 0 1");
    expect(bench.broken()).toEqual(want);
  });
});
