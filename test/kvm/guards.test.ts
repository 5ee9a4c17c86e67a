// The guards of a secondary MMU, each taken out: the oracle must say so. And what today's kernel does where the thread of
// April 2024 asked.

import { describe, expect, it } from "vitest";
import { Event } from "../../src/kernel/events.js";
import { MMU_POLICIES } from "../../src/kvm/policies/index.js";
import type { MmuPolicy } from "../../src/kvm/policies/types.js";
import type { Vm } from "../../src/kvm/vm.js";
import { Bench } from "./support.js";

const SMALL = "mmap A 8 rw private; kvm G A 0 8";

/** Changes what is read-only to everybody else. */
function tamper(vm: Vm, change: Partial<Vm>): void {
  Object.assign(vm, change);
}

function withoutDirty(bench: Bench, dirty: string): void {
  const { policy } = bench.vm();
  tamper(bench.vm(), { policy: { ...policy, dirty } as MmuPolicy });
}

/** MADV_FREE, a guest's write behind it, reclaim: the write must still be there. */
const LAZYFREE = "gwrite G 0 4; madvise A 0 8 free; gwrite G 1 2; reclaim 8; gread G 0 8";
/** A page that came back from swap clean is written by the guest, and goes to swap again. */
const SWAPPED =
  "gwrite G 0 4; madvise A 0 8 pageout; gread G 0 4; gwrite G 0 2; madvise A 0 8 pageout; gread G 0 4";

describe.each([...MMU_POLICIES.keys()])("policy %s", (policy) => {
  it.each([
    ["MADV_FREE", LAZYFREE],
    ["swap", SWAPPED],
    [
      "a read maps writable, then MADV_FREE, then a write",
      "write A 0 1; gread G 0 1; madvise A 0 1 free; gread G 0 1; gwrite G 0 1; reclaim 8; gread G 0 1",
    ],
  ])("loses no store: %s", async (_name, text) => {
    const bench = await Bench.boot(policy);
    bench.run(`${SMALL}; ${text}`);
    bench.finish();
    expect(bench.checker.complaints).toEqual([]);
  });
});

describe("without", () => {
  it("the look at the sequence, a fault that raced with a zap maps a page that was given away", async () => {
    const text = `${SMALL}; write A 0 1; gwrite G 0 1 hold; madvise A 0 8 dontneed; gend G`;
    const right = await Bench.boot();
    right.run(text);
    expect([right.broken(), right.event(Event.kvm_retry)]).toEqual([[], 1]);

    const wrong = await Bench.boot();
    wrong.run(SMALL);
    tamper(wrong.vm(), { mustRetry: () => false });
    wrong.run("write A 0 1; gwrite G 0 1 hold; madvise A 0 8 dontneed; gend G");
    expect(wrong.broken()).toContain("no stale secondary translation");
    // Whoever gets the frame next sees the guest's store.
    wrong.run("mmap B 8 rw private; write B 0 8; gwrite G 0 1; read B 0 8");
    expect(wrong.broken()).toContain("contents");
  });

  it("the flush, a guest goes on through its TLB", async () => {
    const bench = await Bench.boot();
    bench.run(SMALL);
    tamper(bench.vm(), { flush: () => undefined });
    bench.run(
      "gwrite G 0 1; madvise A 0 8 dontneed; mmap B 8 rw private; write B 0 8; gwrite G 0 1; read B 0 8",
    );
    expect(bench.broken()).toEqual(
      expect.arrayContaining(["contents", "no stale secondary TLB entry"]),
    );
  });

  it("the flush behind dirty logging, a written page is not told", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; gwrite G 0 2`);
    tamper(bench.vm(), { flush: () => undefined });
    bench.run("dirty-log G on; gwrite G 0 1; dirty-log G");
    expect(bench.broken()).toContain("written pages are told");
  });

  it.each(["zap", "zap-late", "zap-touch", "strict", "write-protect", "mkclean"])(
    "policy %s: anybody who makes the page dirty, a store behind MADV_FREE is lost",
    async (policy) => {
      const bench = await Bench.boot(policy);
      bench.run(SMALL);
      withoutDirty(bench, "never");
      bench.run(LAZYFREE);
      expect(bench.broken()).toContain("contents");
    },
  );

  it("the zap at fork, the child sees what the guest writes", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; gwrite G 0 1`);
    tamper(bench.vm(), { react: () => undefined });
    bench.run("fork c; gwrite G 0 1; in c read A 0 1");
    expect(bench.broken()).toEqual(
      expect.arrayContaining(["contents", "secondary rights within the host's"]),
    );
  });

  it("the host's dirty entry, the strict policy is broken", async () => {
    const bench = await Bench.boot("strict");
    bench.run(`${SMALL}; write A 0 1; madvise A 0 1 free`);
    withoutDirty(bench, "install");
    bench.run("gwrite G 0 1");
    expect(bench.broken()).toContain("no writable or dirty SPTE over a clean entry");
  });
});

describe("a fault in the middle of an invalidation", () => {
  it("is made again, though the sequence has not moved yet", async () => {
    const bench = await Bench.boot();
    bench.run(`${SMALL}; write A 0 8`);
    const vm = bench.vm();
    const page = vm.slots[0]?.page ?? 0;
    vm.start({ mm: vm.mm, start: page + 2, end: page + 4, event: "clear", taken: "page" });
    expect([1, 2, 3, 4].map((at) => vm.mustRetry(vm.sequence, page + at))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const { sequence } = vm;
    vm.end({ mm: vm.mm, start: page + 2, end: page + 4, event: "clear", taken: "page" });
    expect([vm.mustRetry(sequence, page + 7), vm.mustRetry(vm.sequence, page + 2)]).toEqual([
      true,
      false,
    ]);
  });
});

describe("where the host's entry is clean while an SPTE is writable", () => {
  const windowOf = async (policy: string): Promise<(string | undefined)[]> => {
    const bench = await Bench.boot(policy);
    const text = `${SMALL}; write A 0 1; madvise A 0 1 free; gwrite G 0 1; state A`;
    const state = bench.last(text).state?.[0]?.[1];
    expect(bench.checker.complaints).toEqual([]);
    return [state?.d === 1 ? "dirty" : "clean", state?.spte];
  };

  it.each([
    ["zap", ["clean", "rwda"]],
    ["zap-late", ["clean", "rwda"]],
    ["zap-touch", ["dirty", "rwda"]],
    ["strict", ["dirty", "rwda"]],
    ["write-protect", ["clean", "rwda"]],
    ["mkclean", ["clean", "rwda"]],
  ])("policy %s", async (policy, want) => {
    expect(await windowOf(policy)).toEqual(want);
  });
});
