// How a guest's memory follows its VMM's: sizes, rights, aging, several machines, what scripts may say.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Event } from "../../src/kernel/events.js";
import { Bench, POLICIES } from "./support.js";

const HUGE = "mmap A 1024 rw private align=512; madvise A 0 1024 hugepage; kvm G A 0 1024";
const SMALL = "mmap A 8 rw private; kvm G A 0 8";

const spteOf = (bench: Bench, page = 0): string | undefined => {
  let at = 0;
  for (const [count, state] of bench.last("state A").state ?? []) {
    if (page < at + count) return state.spte;
    at += count;
  }
  return undefined;
};

describe("a mapping", () => {
  it("is as large as the host's, and goes whole with a part of it", async () => {
    const bench = await Bench.boot();
    bench.run(`${HUGE}; gwrite G 3 1`);
    expect([spteOf(bench, 0), spteOf(bench, 511), spteOf(bench, 512)]).toEqual([
      "rwdah",
      "rwdah",
      undefined,
    ]);
    bench.run("madvise A 5 1 dontneed");
    expect(spteOf(bench)).toBe(undefined);
    bench.run("gwrite G 3 1");
    expect([spteOf(bench, 3), spteOf(bench, 4)]).toEqual(["rwda", undefined]);
    bench.run("madvise A 0 1024 collapse; gread G 9 1");
    expect(spteOf(bench, 4)).toBe("rwdah");
    expect(bench.checker.complaints).toEqual([]);
  });

  it("is small where guest and host disagree about the border of a huge page", async () => {
    const bench = await Bench.boot();
    bench.run(
      "mmap A 1024 rw private align=512; madvise A 0 1024 hugepage; kvm G A 0 1024 at=3; gwrite G 3 1",
    );
    expect([spteOf(bench, 0), spteOf(bench, 1)]).toEqual(["rwda", undefined]);
  });

  it("for a read is writable where the host's entry is", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; write A 0 1; gread G 0 2`);
    // Page 1 was never written: the zero page.
    expect([spteOf(bench, 0), spteOf(bench, 1)]).toEqual(["rwda", "ra"]);
    bench.run("gwrite G 1 1");
    expect(spteOf(bench, 1)).toBe("rwda");
  });

  it("is refused where the VMM has no page, or no right", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; write A 0 8; munmap A 4 2; mprotect A 6 1 r; mprotect A 7 1 none`);
    const errno = (line: string) => bench.last(line).errno;
    expect(
      ["gread G 4 1", "gread G 6 1", "gwrite G 6 1", "gread G 7 1", "gread G 8 1"].map(errno),
    ).toEqual(["EFAULT", 0, "EFAULT", "EFAULT", "EFAULT"]);
  });
});

describe("aging", () => {
  it("clears the flag that the hardware set, and reclaim spares what a guest used", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; gwrite G 0 8; clear-refs 1`);
    // Not of the guest's entries: nobody asks them.
    expect(spteOf(bench)).toBe("rwda");
    bench.run("reclaim 1");
    expect(bench.event(Event.spte_age)).toBeGreaterThan(0);
    expect(bench.checker.complaints).toEqual([]);
  });

  it("without such a flag makes entries absent until their next use", async () => {
    const bench = await Bench.boot();
    bench.run("mmap A 8 rw private; kvm G A 0 8 no-ad; gwrite G 0 2");
    const vm = bench.vm();
    const page = vm.slots[0]?.page ?? 0;
    expect([vm.testYoung(page, page + 1), vm.clearYoung(page, page + 1, false)]).toEqual([
      true,
      true,
    ]);
    expect([spteOf(bench), vm.testYoung(page, page + 1)]).toEqual(["rwdt", false]);
    const before = bench.event(Event.kvm_exit);
    bench.run("gread G 0 1");
    expect([bench.event(Event.kvm_exit) - before, vm.testYoung(page, page + 1)]).toEqual([1, true]);
  });
});

describe("two machines over the same pages", () => {
  it("see each other's writes, and are both told", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; kvm H A 2 4; gwrite G 2 2`);
    expect(bench.last("gread H 0 2").data).toEqual([[2, 4]]);
    expect(spteOf(bench, 2)).toBe("rwda rwda");
    bench.run("madvise A 0 8 free");
    expect(spteOf(bench, 2)).toBe(undefined);
    expect(bench.checker.complaints).toEqual([]);
  });
});

describe("a VMM that exits", () => {
  it("takes its machine along", async () => {
    const bench = await Bench.boot();
    bench.run("mmap A 4 rw private; write A 0 4; fork c; in c kvm G A 0 4; gwrite G 0 1; exit c");
    expect(bench.last("gread G 0 1").errno).toBe("EFAULT");
    bench.finish();
    expect(bench.checker.complaints).toEqual([]);
  });
});

describe("a policy that write-protects", () => {
  it.each(["clear_refs", "fork c", "mprotect A 0 8 r"])(
    "keeps entries readable over %s",
    async (line) => {
      const sptes: (string | undefined)[] = [];
      for (const policy of ["zap", "write-protect", "mkclean"]) {
        const bench = await Bench.boot(policy);
        bench.run(`${SMALL}; gwrite G 0 8; ${line}`);
        sptes.push(spteOf(bench));
      }
      expect(sptes).toEqual([undefined, "ra", "ra"]);
    },
  );

  it("or cleans, where only dirty goes and the hardware keeps it", async () => {
    const sptes: (string | undefined)[] = [];
    for (const arch of ["x86-64", "arm64"]) {
      const bench = await Bench.boot("mkclean", arch);
      bench.run(`${SMALL}; gwrite G 0 8; madvise A 0 8 free`);
      sptes.push(spteOf(bench));
      bench.run("gwrite G 0 1; reclaim 8; gread G 0 1");
      expect(bench.checker.complaints).toEqual([]);
    }
    expect(sptes).toEqual(["rw", "ra"]);
  });
});

describe("the example script", () => {
  const text = readFileSync(new URL("../data/scripts/guest.scn", import.meta.url), "utf8");

  it.each(POLICIES)("holds under policy %s", async (policy) => {
    for (const arch of ["x86-64", "arm64", "riscv64"]) {
      const bench = await Bench.boot(policy, arch);
      bench.run(text);
      bench.finish();
      expect(bench.checker.complaints).toEqual([]);
    }
  });
});

describe("scripts", () => {
  it("name machines that there are", async () => {
    const bench = await Bench.boot();
    expect(() => bench.run("gread G 0 1")).toThrow(/no machine "G" \(there is none yet\)/);
    expect(() => bench.run(`${SMALL}; gread H 0 1`)).toThrow(/no machine "H" \(there are G\)/);
    expect(bench.last("kvm G A 0 8 at=4").errno).toBe("EEXIST");
    expect(bench.last("gend G").errno).toBe("EINVAL");
  });
});
