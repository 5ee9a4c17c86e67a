// Several CPUs: who is told of a flush, who catches up later, and that nobody ever uses what is gone.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cpus } from "../../src/kernel/cpus.js";
import { scripts } from "../scenario/arbitrary-script.js";
import { play } from "../scenario/support.js";

const ARCHITECTURES = ["x86-64", "arm64", "riscv64"] as const;
const START = "mmap A 64 rw private\nwrite A 0 64\nthread t\n";
const BOTH = `${START}on t read A 0 64\n`;

/** Counts of the flush events of a script in which the oracle finds nothing wrong. */
async function flushes(text: string, arch: string, kernel = "7.2"): Promise<object> {
  const { events, complaints } = await play(text, arch, kernel);
  expect(complaints, text).toEqual([]);
  const { tlb_flush_page, tlb_flush_mm, tlb_flush_late, tlb_flush_range, shootdown, ipi } = events;
  return { tlb_flush_page, tlb_flush_mm, tlb_flush_late, tlb_flush_range, shootdown, ipi };
}

const NONE = {
  tlb_flush_page: 0,
  tlb_flush_mm: 0,
  tlb_flush_late: 0,
  tlb_flush_range: 0,
  shootdown: 0,
  ipi: 0,
};

describe("a flush", () => {
  it("interrupts the CPU of a running thread, or reaches it by itself", async () => {
    const text = `${BOTH}mprotect A 0 8 r\n`;
    const twice = { ...NONE, tlb_flush_page: 16, shootdown: 1, ipi: 1 };
    expect(await flushes(text, "x86-64")).toEqual(twice);
    expect(await flushes(text, "riscv64")).toEqual(twice);
    expect(await flushes(text, "arm64")).toEqual({ ...NONE, tlb_flush_page: 8 });
  });

  it("is one process's business where no thread ran elsewhere", async () => {
    const text = `${START}mprotect A 0 8 r\n`;
    for (const arch of ARCHITECTURES)
      expect(await flushes(text, arch)).toEqual({ ...NONE, tlb_flush_page: 8 });
  });

  it("leaves a sleeping thread's CPU alone, which drops all when it runs again", async () => {
    const asleep = `${BOTH}on t sleep\nmprotect A 0 8 r\nmprotect A 8 8 r\n`;
    expect(await flushes(asleep, "x86-64")).toEqual({ ...NONE, tlb_flush_page: 16 });
    const awake = `${asleep}on t read A 0 64\n`;
    expect(await flushes(awake, "x86-64")).toEqual({
      ...NONE,
      tlb_flush_page: 16,
      tlb_flush_late: 1,
    });
    // Without lazy mode a CPU that ran it once is told for ever.
    expect(await flushes(asleep, "riscv64")).toEqual({
      ...NONE,
      tlb_flush_page: 32,
      shootdown: 2,
      ipi: 2,
    });
  });

  it("tells a lazy CPU nonetheless where tables were freed, and that once", async () => {
    const freed = `${BOTH}mmap B 600 rw private align=512\nwrite B 0 1\non t sleep\nmunmap B 0 600\n`;
    expect(await flushes(freed, "x86-64")).toMatchObject({ shootdown: 1, ipi: 1 });
    const again = `${freed}mmap C 600 rw private align=512\nwrite C 0 1\nmunmap C 0 600\n`;
    expect(await flushes(again, "x86-64")).toMatchObject({ shootdown: 1, ipi: 1 });
  });

  it("of another process is nothing to a CPU that runs its own, until it changes over", async () => {
    const text = `${START}fork c\nin c read A 0 64\nmadvise A 0 4 dontneed\nin c read A 0 4\n`;
    expect(await flushes(text, "x86-64")).toMatchObject({ ipi: 0, tlb_flush_late: 0 });
    const ksm =
      "mmap A 8 rw private\nwrite A 0 8\nmadvise A 0 8 mergeable\nfork c\nin c write A 0 8\nksm\nin c read A 0 8\nread A 0 8\n";
    for (const arch of ARCHITECTURES) await flushes(ksm, arch);
  });

  it("of many pages is one of the whole context on each CPU", async () => {
    expect(await flushes(`${BOTH}mprotect A 0 40 r\n`, "x86-64")).toEqual({
      ...NONE,
      tlb_flush_mm: 2,
      shootdown: 1,
      ipi: 1,
    });
  });
});

describe("operations on ranges", () => {
  /** Of n pages: what each scale takes, as the loop of __flush_tlb_range_op has it. */
  function expected(pages: number): { ranges: number; single: number } {
    let [left, ranges, scale] = [pages, 0, 3];
    while (left > 0) {
      if (left === 1) return { ranges, single: 1 };
      const taken = Math.min(left, 32 << (5 * scale + 1)) >> (5 * scale + 1);
      if (taken > 0) ranges++;
      left -= taken << (5 * scale + 1);
      scale--;
    }
    return { ranges, single: 0 };
  }

  it.each([1, 2, 3, 63, 64, 65, 129, 511, 512, 2048, 4097])("%i pages", async (pages) => {
    const text = `mmap A ${pages} rw private align=512\nwrite A 0 ${pages}\nmprotect A 0 ${pages} r\n`;
    const { ranges, single } = expected(pages);
    expect(await flushes(text, "arm64", "7.2:rangeFlush=true")).toEqual({
      ...NONE,
      tlb_flush_range: ranges,
      tlb_flush_page: single,
    });
    const without = pages < 512 ? { tlb_flush_page: pages } : { tlb_flush_mm: 1 };
    expect(await flushes(text, "arm64")).toEqual({ ...NONE, ...without });
  });
});

/** The script with each operation on one of four CPUs, or all on one, and sleeps in between. */
function placed(script: string, places: readonly number[], everywhere: boolean): string {
  const lines = script.split("\n").filter((line) => line !== "");
  return lines
    .flatMap((line, i) => {
      const place = places[i % places.length] ?? 0;
      const cpu = everywhere ? `cpu ${place % 4} ` : "";
      return [`${cpu}${line}`, ...(place >= 12 ? [`${cpu}sleep`] : [])];
    })
    .join("\n");
}

const PLACES = fc.array(fc.nat({ max: 15 }), { minLength: 1, maxLength: 40 });

describe.each(ARCHITECTURES)("on %s", (arch) => {
  it("a script shows the same wherever its operations are done, but for faults on stale rights", async () => {
    await fc.assert(
      fc.asyncProperty(scripts(60), PLACES, async (script, places) => {
        const [here, there] = [
          await play(placed(script, places, false), arch, "7.2"),
          await play(placed(script, places, true), arch, "7.2"),
        ];
        expect(there.complaints).toEqual([]);
        const shown = ({ observations }: typeof here) =>
          observations.map(({ op: _op, minflt: _minflt, majflt: _majflt, ...rest }) => rest);
        expect(shown(there)).toEqual(shown(here));
      }),
      { numRuns: 12 },
    );
  });
});

it("a CPU that is not told is caught by the oracle", async () => {
  const told = Cpus.prototype.toTell;
  Cpus.prototype.toTell = () => [];
  try {
    const stale = `${START}on t write A 0 64\nmprotect A 0 8 r\non t write A 0 8\n`;
    const caught = await play(stale, "x86-64", "7.2");
    expect(caught.complaints?.map(({ id }) => id)).toContain("TLB");
  } finally {
    Cpus.prototype.toTell = told;
  }
});
