// The daemon that makes huge pages: what it takes, and what it leaves (mm/khugepaged.c hpage_collapse_scan_pmd).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scripts } from "../scenario/arbitrary-script.js";
import { play } from "../scenario/support.js";

/** Letters of the last operation that showed pages; the oracle has nothing to complain of. */
async function pages(text: string, kernel = "7.2", arch = "x86-64"): Promise<string> {
  const { observations, complaints } = await play(text, arch, kernel);
  expect(complaints, text).toEqual([]);
  const shown = observations.findLast((each) => each.pages !== undefined);
  return (shown?.pages ?? []).map(([count, letters]) => `${count} ${letters}`).join(", ");
}

const KERNELS = ["6.1", "6.12", "6.18", "7.2"] as const;
const START = "mmap A 512 rw private align=512\n";
const ADVISED = `${START}write A 0 1\nmadvise A 0 512 hugepage\n`;
const HUGE = "512 PDXHEL";

describe.each(KERNELS)("on Linux %s", (kernel) => {
  it("one page of 512 is enough; what it held stays, and nobody faults", async () => {
    const text = `${START}write A 7 1\nmadvise A 0 512 hugepage\nclear_refs\nkhugepaged\npagemap A\nread A 6 3\nwrite A 0 1\n`;
    const { observations, complaints, events } = await play(text, "x86-64", kernel);
    expect(complaints).toEqual([]);
    expect(events.collapse).toBe(kernel === "6.18" || kernel === "7.2" ? 1 : 0);
    if (events.collapse === 0) return;
    // A huge page is born dirty, so all of it is soft-dirty.
    expect(observations[5]?.pages).toEqual([[512, "PDXHEL"]]);
    expect(observations[6]?.data).toEqual([
      [1, 0],
      [1, 2],
      [1, 0],
    ]);
    expect(observations.slice(6).map(({ minflt }) => minflt)).toEqual([0, 0]);
  });

  it("not without advice, not where nothing was ever touched, not across the end of a mapping", async () => {
    expect(await pages(`${START}write A 0 512\nkhugepaged\npagemap A\n`, kernel)).toBe("512 PDXE");
    const untouched = `${START}madvise A 0 512 hugepage\nkhugepaged\npagemap A\n`;
    expect(await pages(untouched, kernel)).toBe("512 D");
    const short = "mmap A 511 rw private align=512\nmadvise A 0 511 hugepage\nwrite A 0 511\n";
    expect(await pages(`${short}khugepaged\npagemap A\n`, kernel)).toBe("511 PDXE");
  });

  it("everywhere where it is always on", async () => {
    const text = `mmap A 1024 rw private align=512\nmadvise A 0 1024 nohugepage\nwrite A 0 1024\nmadvise A 0 512 hugepage\nkhugepaged\npagemap A\n`;
    expect(await pages(text, `${kernel}:thp=always`)).toBe(`${HUGE}, 512 PDXE`);
    expect(await pages(text, `${kernel}:thp=never`)).toBe("1024 PDXE");
  });

  it("every address space is looked at", async () => {
    const text = `${ADVISED}fork c\nin c write A 0 1\nkhugepaged\nin c pagemap A\n`;
    expect(await pages(text, kernel)).toBe(HUGE);
  });

  it("pages that nobody used lately are left: a child's after fork", async () => {
    const read = `${START}write A 0 100\nmadvise A 0 512 hugepage\nfork c\nkhugepaged\nin c pagemap A\n`;
    expect(await pages(read, kernel)).toMatch(/^100 PD?[XE]*/);
    expect(await pages(read, kernel)).not.toContain("H");
  });

  it("at most half may be mapped elsewhere, too; MADV_COLLAPSE takes any", async () => {
    const shared = (count: number): string =>
      `${START}write A 0 512\nmadvise A 0 512 hugepage\nfork c\nwrite A ${count} ${512 - count}\n`;
    expect(await pages(`${shared(256)}khugepaged\npagemap A\n`, kernel)).toBe(HUGE);
    expect(await pages(`${shared(257)}khugepaged\npagemap A\n`, kernel)).toBe("257 PD, 255 PDXE");
    expect(await pages(`${shared(257)}madvise A 0 512 collapse\npagemap A\n`, kernel)).toBe(HUGE);
  });

  it("at most an eighth may be swapped out, and then half must be young", async () => {
    const swapped = (count: number, written: number): string =>
      `${START}write A 0 ${written}\nmadvise A 0 ${count} pageout\nmadvise A 0 512 hugepage\nkhugepaged\npagemap A\n`;
    expect(await pages(swapped(64, 512), kernel)).toBe(HUGE);
    expect(await pages(swapped(65, 512), kernel)).toBe("65 SDX, 447 PDXE".replace("SDX", "SD"));
    expect(await pages(swapped(64, 320), kernel)).toBe(HUGE);
    expect(await pages(swapped(64, 319), kernel)).toBe("64 SD, 255 PDXE, 193 D");
  });

  it("pinned pages stay where they are", async () => {
    const text = `${ADVISED.replace("write A 0 1", "write A 0 4")}pin A 2 1\nkhugepaged\npagemap A\n`;
    expect(await pages(text, kernel)).toBe("4 PDXE, 508 D");
  });

  it("write-protection by userfaultfd forbids it, and any userfaultfd where pages are missing", async () => {
    const full = `${START}write A 0 512\nmadvise A 0 512 hugepage\nuffd-register A 0 512 wp\n`;
    expect(await pages(`${full}khugepaged\npagemap A\n`, kernel)).toBe(HUGE);
    const one = `${full}uffd-wp A 5 1 on\nkhugepaged\npagemap A\n`;
    expect(await pages(one, kernel)).toBe("5 PDXE, 1 PDWXE, 506 PDXE");
    const hole = `${START}write A 0 511\nmadvise A 0 512 hugepage\nuffd-register A 0 512 wp\nkhugepaged\npagemap A\n`;
    expect(await pages(hole, kernel)).toBe("511 PDXE, 1 D");
  });
});

it("a mapping none of whose pages is writable is left, up to 6.17", async () => {
  const text = `${START}write A 0 512\nmprotect A 0 512 r\nmadvise A 0 512 hugepage\nkhugepaged\npagemap A\n`;
  expect(await pages(text, "6.12")).toBe("512 PDXE");
  expect(await pages(text, "6.18")).toBe(HUGE);
});

it("MADV_COLLAPSE ends at a hole, up to 6.19, unless not even the table above it is there", async () => {
  const text =
    "mmap A 1024 rw private align=512\nwrite A 512 512\nmadvise A 0 1024 collapse\npagemap A\n";
  expect(await pages(text, "6.12")).toBe("512 D, 512 PDXE");
  expect(await pages(text, "7.0")).toBe(`512 D, ${HUGE}`);
  const { observations } = await play(text, "x86-64", "7.0");
  expect(observations[2]?.errno).toBe("EINVAL");
  // 1 GiB of nothing first: its table is missing, and each part of it is passed over.
  const far =
    "mmap A 263168 rw private align=512\nwrite A 262144 512\nmadvise A 261632 1536 collapse\npagemap A\n";
  expect(await pages(far, "6.12")).toBe(`262144 D, ${HUGE}, 512 D`);
});

it("MADV_COLLAPSE of a range with a userfaultfd and holes is EBUSY, in 6.1 EINVAL", async () => {
  const text = `${START}write A 0 511\nuffd-register A 0 512 wp\nmadvise A 0 512 collapse\n`;
  for (const [kernel, errno] of [
    ["6.1", "EINVAL"],
    ["6.8", "EBUSY"],
    ["7.2", "EBUSY"],
  ] as const) {
    expect((await play(text, "x86-64", kernel)).observations[3]?.errno).toBe(errno);
  }
});

it("pages that were given up are left from 7.1 on", async () => {
  const text = `${START}write A 0 512\nmadvise A 0 4 free\nmadvise A 0 512 hugepage\nkhugepaged\npagemap A\n`;
  expect(await pages(text, "7.0")).toBe(HUGE);
  expect(await pages(text, "7.2")).toBe("512 PDXE");
});

it("its numbers go with the pages of a table", async () => {
  const text =
    "mmap A 2048 rw private align=2048\nwrite A 0 2048\nmadvise A 0 257 pageout\nmadvise A 0 2048 hugepage\nkhugepaged\npagemap A\n";
  expect(await pages(text, "7.2", "arm64:granule=16")).toBe("257 S, 1791 PXE");
  const fewer = text.replace("257", "256");
  expect(await pages(fewer, "7.2", "arm64:granule=16")).toBe("2048 PXHEL");
});

/** A script in which the daemon comes by behind reads and writes, with huge pages switched on for what they touched. */
function withDaemon(text: string): string {
  const lines = text
    .trim()
    .split("\n")
    .flatMap((line) => {
      const touched = /^(in \w+ )?(?:read|write) (\w+)/.exec(line);
      if (touched === null) {
        return line.replace(/(mmap \w+) \d+ (\w+ private)$/, "$1 600 $2 align=512");
      }
      const [, process = "", region = ""] = touched;
      const advise = `${process}madvise ${region} 0 512`;
      return [line, `${advise} hugepage`, "khugepaged", `${advise} nohugepage`];
    });
  return `${lines.join("\n")}\n`;
}

it.each(["6.1", "6.12", "7.2"])("random scripts with the daemon, Linux %s", async (kernel) => {
  let collapsed = 0;
  const property = fc.asyncProperty(scripts(40), async (text) => {
    const busy = withDaemon(text);
    const { complaints, events } = await play(busy, "x86-64", kernel);
    collapsed += events.collapse ?? 0;
    expect(complaints, busy).toEqual([]);
  });
  await fc.assert(property, { numRuns: 30, seed: 11 });
  expect(collapsed).toBeGreaterThan(4);
});
