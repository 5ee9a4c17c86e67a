// Dirty logging: what GET and CLEAR tell and forget, in every mode; and what arming costs.

import { describe, expect, it } from "vitest";
import { Event } from "../../src/kernel/events.js";
import { RING_ENTRIES } from "../../src/kvm/dirty-log.js";
import { Bench } from "./support.js";

const SMALL = "mmap A 16 rw private; write A 0 16; kvm G A 0 16; gwrite G 0 16";

async function ranges(text: string, arch = "x86-64"): Promise<unknown[]> {
  const bench = await Bench.boot(undefined, arch);
  const shown = bench.run(text).flatMap(({ ranges: each }) => (each === undefined ? [] : [each]));
  expect(bench.checker.complaints).toEqual([]);
  return shown;
}

describe.each([
  ["x86-64", "on"],
  ["x86-64", "buffer"],
  ["x86-64", "ring"],
  ["arm64", "on"],
  ["arm64", "ring"],
  ["riscv64", "on"],
])("%s, %s", (arch, mode) => {
  it("tells what was written since it was asked last", async () => {
    const text = `${SMALL}; dirty-log G ${mode}; dirty-log G; gwrite G 2 2; gwrite G 9 1; dirty-log G; gwrite G 9 1; dirty-log G; dirty-log G`;
    expect(await ranges(text, arch)).toEqual([
      [],
      [
        [2, 4],
        [9, 10],
      ],
      [[9, 10]],
      [],
    ]);
  });

  it("a read that another CPU has overtaken takes no right to write", async () => {
    const bench = await Bench.boot(undefined, arch);
    bench.run(`mmap A 2 rw private; kvm G A 0 2; dirty-log G ${mode}; gread G 0 1 hold`);
    bench.run("gwrite G 0 1; gend G");
    const exits = bench.event(Event.kvm_exit);
    bench.run("gwrite G 0 1");
    expect(bench.event(Event.kvm_exit)).toBe(exits);
    expect(bench.checker.complaints).toEqual([]);
  });

  it("does not count what was only read through a translation that was there", async () => {
    const text = `${SMALL}; dirty-log G ${mode}; gread G 0 16; dirty-log G`;
    expect(await ranges(text, arch)).toEqual([[]]);
  });
});

describe("GET and CLEAR", () => {
  it("GET alone tells again what nobody cleared", async () => {
    const text = `${SMALL}; dirty-log G on; gwrite G 1 3; dirty-log G get; dirty-log G get; dirty-log G clear 1 1; dirty-log G get; gwrite G 1 1; dirty-log G get`;
    expect(await ranges(text)).toEqual([[[1, 4]], [[1, 4]], [[2, 4]], [[1, 4]]]);
  });

  it("is refused where nobody logs, and a buffer where the hardware has none", async () => {
    const bench = await Bench.boot(undefined, "arm64");
    expect(bench.last(`${SMALL}; dirty-log G`).errno).toBe("ENOENT");
    expect(bench.last("dirty-log G buffer").errno).toBe("EINVAL");
  });
});

describe("a first read while writes are logged", () => {
  const FRESH =
    "mmap A 4 rw private; write A 0 4; kvm G A 0 4; dirty-log G on; gread G 0 2; dirty-log G";

  it("counts as a write where it maps the page writable", async () => {
    expect(await ranges(FRESH, "x86-64")).toEqual([[[0, 2]]]);
  });

  it("does not where it does not", async () => {
    expect(await ranges(FRESH, "arm64")).toEqual([[]]);
  });
});

describe("what it costs", () => {
  it("a write to an armed page exits where the right was taken, and not where the hardware notes it", async () => {
    const exits = async (mode: string): Promise<number> => {
      const bench = await Bench.boot();
      bench.run(`${SMALL}; dirty-log G ${mode}`);
      const before = bench.event(Event.kvm_exit);
      bench.run("gwrite G 0 16");
      return bench.event(Event.kvm_exit) - before;
    };
    expect([await exits("on"), await exits("buffer")]).toEqual([16, 0]);
  });

  it("the hardware's log makes the guest leave when it is full", async () => {
    const bench = await Bench.boot();
    bench.run("mmap A 1200 rw private; kvm G A 0 1200; gwrite G 0 1200; dirty-log G buffer");
    bench.run("gwrite G 0 1200");
    expect(bench.event(Event.kvm_log_full)).toBe(2);
    expect(bench.last("dirty-log G").ranges).toEqual([[0, 1200]]);
    expect(bench.checker.complaints).toEqual([]);
  });

  it("a ring that nobody empties is full", async () => {
    const bench = await Bench.boot();
    const pages = RING_ENTRIES + 5;
    bench.run(
      `mmap A ${pages} rw private; kvm G A 0 ${pages}; dirty-log G ring; gwrite G 0 ${pages}`,
    );
    expect(bench.event(Event.kvm_ring_full)).toBe(6);
    expect(bench.last("dirty-log G").ranges).toEqual([[0, pages]]);
  });

  it("huge pages are logged in small ones", async () => {
    const bench = await Bench.boot();
    bench.run(
      "mmap A 512 rw private align=512; madvise A 0 512 hugepage; kvm G A 0 512; gwrite G 0 1",
    );
    expect(bench.last("state A").state?.[0]?.[1].spte).toBe("rwdah");
    bench.run("dirty-log G on; gwrite G 7 1");
    expect(bench.last("dirty-log G").ranges).toEqual([[7, 8]]);
    expect(bench.last("state A").state?.[0]?.[1].spte).toBe("ra");
  });
});
