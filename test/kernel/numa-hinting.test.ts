// NUMA balancing: entries lose all rights though their mapping keeps them, and one fault gives them back.

import { describe, expect, it } from "vitest";
import { Event } from "../../src/kernel/events.js";
import { PAE_SCHEMES } from "../../src/pae/index.js";
import type { EntryState } from "../../src/stats/observation.js";
import { Bench } from "../kvm/support.js";

/** Write, dirty, no rights at all: of each page of A. */
function statesOf(bench: Bench): string[] {
  const runs = bench.last("state A").state ?? [];
  const letters = (state: EntryState): string =>
    (["w", "d", "none"] as const).filter((flag) => state[flag] === 1).join(" ");
  return runs.flatMap(([count, state]) => Array.from({ length: count }, () => letters(state)));
}

const MAPPED = "mmap A 4 rw private; write A 0 4";

describe("NUMA balancing", () => {
  it.each(["x86-64", "arm64", "riscv64"])("hints, and one fault mends it, on %s", async (arch) => {
    const bench = await Bench.boot(undefined, arch);
    bench.run(`${MAPPED}; numa A 0 2`);
    expect(statesOf(bench)).toEqual(["d none", "d none", "w d", "w d"]);
    expect(bench.last("read A 0 1").minflt).toBe(1);
    expect(bench.last("write A 0 2").minflt).toBe(1);
    expect(statesOf(bench)).toEqual(["w d", "w d", "w d", "w d"]);
    expect(bench.event(Event.fault_numa)).toBe(2);
    bench.finish();
    expect(bench.checker.complaints).toEqual([]);
  });

  it("passes over what is shared by fork, pinned, merged, a zero page, or not accessible", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAPPED}; pin A 0 1; mprotect A 1 1 none; numa A 0 4`);
    expect(statesOf(bench)).toEqual(["w d", "d none", "d none", "d none"]);
    expect(bench.last("read A 1 1").segv).toEqual([1]);
    const forked = await Bench.boot();
    forked.run(`${MAPPED}; fork c; numa A 0 4`);
    expect(statesOf(forked)).toEqual(["d", "d", "d", "d"]);
    const zero = await Bench.boot();
    zero.run("mmap A 4 rw private; read A 0 4; numa A 0 4");
    expect(statesOf(zero)).toEqual(["", "", "", ""]);
    expect([...bench.broken(), ...forked.broken(), ...zero.broken()]).toEqual([]);
  });

  it("passes over dirty pages of files, and lets the file system see the next write", async () => {
    const bench = await Bench.boot();
    bench.run("mmap A 4 rw shared file=F; write A 0 2; read A 2 2; numa A 0 4");
    expect(statesOf(bench)).toEqual(["w d", "w d", "none", "none"]);
    expect(bench.last("write A 2 1").minflt).toBe(2);
    expect(bench.last("fsync F").errno).toBe(0);
    expect(bench.broken()).toEqual([]);
  });

  it("makes huge pages come out clean on x86-64, and nowhere else", async () => {
    for (const [arch, want] of [
      ["x86-64", "w"],
      ["arm64", "w d"],
    ]) {
      const bench = await Bench.boot(undefined, arch);
      bench.run("mmap A 512 rw private align=512; madvise A 0 512 hugepage; write A 0 1");
      expect(bench.last("numa A 0 512; read A 3 1").minflt).toBe(1);
      expect(statesOf(bench)[0]).toBe(want);
      expect(bench.broken()).toEqual([]);
    }
  });

  it("gives a large folio all its entries back at once, from 6.10 on", async () => {
    const faults: (number | null)[] = [];
    for (const version of ["6.8:mthp=64k", "6.12:mthp=64k"]) {
      const bench = await Bench.boot(undefined, "arm64", version);
      bench.run("mmap A 16 rw private align=16; madvise A 0 16 hugepage; write A 0 1; numa A 0 16");
      faults.push(bench.last("read A 0 16").minflt);
      expect(bench.broken()).toEqual([]);
    }
    expect(faults).toEqual([16, 1]);
  });

  it("is followed by get_user_pages, but not for a guest", async () => {
    const bench = await Bench.boot();
    bench.run(`${MAPPED}; numa A 0 4`);
    expect(bench.last("pin A 0 1 read").minflt).toBe(0);
    bench.run("kvm G A 0 4; gread G 1 1");
    expect(bench.event(Event.fault_numa)).toBe(1);
    expect(bench.broken()).toEqual([]);
  });

  it("takes a guest's entries with it", async () => {
    const bench = await Bench.boot();
    bench.run("mmap A 4 rw private; kvm G A 0 4; gwrite G 0 4; numa A 0 4");
    expect(bench.event(Event.spte_zap)).toBe(4);
    bench.run("gread G 0 4; gwrite G 0 4");
    expect([bench.event(Event.fault_numa), bench.broken()]).toEqual([4, []]);
  });

  it("is refused before 6.2, where the entry itself said that it had been writable", async () => {
    const bench = await Bench.boot(undefined, "x86-64", "6.1");
    expect(() => bench.run(`${MAPPED}; numa A 0 4`)).toThrow(/numa \(before 6\.2\)/);
  });

  it.each([...PAE_SCHEMES.keys()].filter((name) => !name.endsWith("naive")))(
    "keeps exclusivity under scheme %s",
    async (pae) => {
      const bench = await Bench.boot(undefined, "arm64", `7.2:pae=${pae}:mthp=64k`);
      bench.run(
        "mmap A 16 rw private align=16; madvise A 0 16 hugepage; write A 0 16; numa A 0 16; write A 0 16",
      );
      bench.run("fork c; numa A 0 16; write A 0 8; exit c; numa A 0 16; write A 0 16; read A 0 16");
      bench.finish();
      expect(bench.checker.complaints).toEqual([]);
    },
  );
});
