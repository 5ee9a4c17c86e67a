// Guests whose memory is a file of the host: writeback takes the right to write from the host's entries, and must see what
// guests write afterwards.

import { describe, expect, it } from "vitest";
import { Event } from "../../src/kernel/events.js";
import type { MmuPolicy } from "../../src/kvm/policies/types.js";
import { Bench, POLICIES } from "./support.js";

const GUEST = "mmap A 8 rw shared file=F; kvm G A 0 8; gwrite G 0 8";
const UNSEEN = "whoever writes back knows of every written page";
const NOT_LAST = "what was written back is the last store";

describe.each(["x86-64", "arm64", "riscv64"])("on %s", (arch) => {
  it.each(POLICIES)(
    "policy %s: the disk has every store of the guest behind fsync",
    async (policy) => {
      const bench = await Bench.boot(policy, arch);
      bench.run(`${GUEST}; fsync F; gread G 0 8; gwrite G 0 4; fsync F; gwrite G 2 4`);
      bench.run("munmap A 0 2; madvise A 2 6 pageout; gread G 2 6; gwrite G 2 1; fsync F; disk F");
      bench.finish();
      expect(bench.checker.complaints).toEqual([]);
    },
  );
});

describe("behind writeback", () => {
  /** Exits of reads of all pages, then of writes of half of them, and pages whose file system was not asked. */
  async function exits(policy: string, arch: string): Promise<number[]> {
    const bench = await Bench.boot(policy, arch);
    bench.run(`${GUEST}; fsync F`);
    const counts = [bench.event(Event.kvm_exit)];
    bench.run("gread G 0 8");
    counts.push(bench.event(Event.kvm_exit));
    bench.run("gwrite G 0 4");
    counts.push(bench.event(Event.kvm_exit));
    bench.run("fsync F");
    expect(bench.checker.complaints).toEqual([]);
    const [first = 0, second = 0, third = 0] = counts;
    return [second - first, third - second, bench.event(Event.dirty_unasked)];
  }

  it.each([
    ["zap", "x86-64", [8, 4, 0]],
    ["write-protect", "x86-64", [0, 4, 0]],
    ["mkclean", "x86-64", [0, 0, 4]],
    ["mkclean", "arm64", [0, 4, 0]],
  ])("policy %s on %s", async (policy, arch, want) => {
    expect(await exits(policy, arch)).toEqual(want);
  });
});

/** What a script of a tampered machine breaks. */
async function broken(policy: string, tamper: (bench: Bench) => void): Promise<string[]> {
  const bench = await Bench.boot(policy);
  bench.run(GUEST);
  tamper(bench);
  bench.run("fsync F; gwrite G 0 4; fsync F");
  return bench.broken();
}

describe("without", () => {
  it("SPTEs losing the right to write at writeback, a store is on no disk", async () => {
    const rules = await broken("zap", (bench) => {
      Object.assign(bench.vm(), { react: () => undefined });
    });
    expect(rules).toEqual(expect.arrayContaining([UNSEEN, NOT_LAST]));
  });

  it("the flush of their TLBs, the same", async () => {
    for (const policy of ["zap", "write-protect", "mkclean"]) {
      const rules = await broken(policy, (bench) => {
        Object.assign(bench.vm(), { flush: () => undefined });
      });
      expect(rules, policy).toEqual(expect.arrayContaining([UNSEEN, NOT_LAST]));
    }
  });

  it("writeback asking, D cleared and W kept loses the guest's stores to the disk", async () => {
    const rules = await broken("mkclean", (bench) => {
      const { policy } = bench.vm();
      const silent: MmuPolicy = { ...policy, tellsWriteback: false };
      Object.assign(bench.vm(), { policy: silent });
    });
    expect(rules).toEqual(expect.arrayContaining([UNSEEN, NOT_LAST]));
  });

  it("the look at the sequence, a fault that raced with writeback maps a page writable again", async () => {
    const race =
      "mmap A 8 rw shared file=F; kvm G A 0 8; write A 0 1; gwrite G 0 1 hold; fsync F; gend G";
    const right = await Bench.boot();
    right.run(race);
    expect([right.broken(), right.event(Event.kvm_retry)]).toEqual([[], 1]);
    const wrong = await Bench.boot();
    wrong.run("mmap A 8 rw shared file=F; kvm G A 0 8");
    Object.assign(wrong.vm(), { mustRetry: () => false });
    wrong.run(race.slice(race.indexOf("write")));
    wrong.run("gwrite G 0 1; fsync F");
    expect(wrong.broken()).toContain("secondary rights within the host's");
  });
});
