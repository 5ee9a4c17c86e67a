// Which operation tells secondary MMUs of which range, with which event: the table of the kernel's callers
// (include/linux/mmu_notifier.h and the functions named in notifier.ts), written down once more by hand.

import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import type { Kernel } from "../../src/kernel/kernel.js";
import { registerNotifier, unregisterNotifier } from "../../src/kernel/notifier.js";
import type { NotifierRange, SecondaryMmu } from "../../src/kernel/secondary-mmu.js";
import { leafAt } from "../../src/kernel/walk-entries.js";
import { Pte } from "../../src/layout/linux-flags.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { Player } from "../../src/scenario/player.js";
import { parseLine } from "../../src/scenario/script.js";

/** Writes down what it is told, and sees that pairs are pairs. */
class Listener implements SecondaryMmu {
  readonly told: string[] = [];
  readonly open: NotifierRange[] = [];
  aged: [number, number, boolean][] = [];
  young = false;
  released = false;
  /** Called at each start: nothing may have changed by then. */
  look: (range: NotifierRange) => void = () => undefined;

  constructor(readonly base: number) {}

  start(range: NotifierRange): void {
    this.look(range);
    this.open.push(range);
    const length = range.end - range.start;
    const whole = range.start === 0 ? "all" : `${range.start - this.base}+${length}`;
    this.told.push(`${range.event} ${whole} ${range.taken}`);
  }

  end(range: NotifierRange): void {
    expect(this.open.pop()).toBe(range);
  }

  clearYoung(start: number, end: number, flush: boolean): boolean {
    this.aged.push([start - this.base, end - this.base, flush]);
    return this.young;
  }

  testYoung(start: number, end: number): boolean {
    return this.clearYoung(start, end, false);
  }

  collectDirty(start: number, end: number): void {
    this.told.push(`collect ${start - this.base}+${end - start}`);
  }

  release(): void {
    this.released = true;
  }
}

let module: WebAssembly.Module;
beforeAll(async () => {
  module = (await loadCoreModule()).module;
});

let kernel: Kernel;
let player: Player;
let listener: Listener;

/** Plays lines before anybody listens, then others, and returns what was told meanwhile. */
function told(before: string, after: string, version = "7.0", arch = "x86-64"): string[] {
  const inputs = [{ path: "x", text: "clear_refs" }];
  const [cell] = planScripts({ inputs, archs: [arch], kernels: [version], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  kernel = bootMachine(new Core(module), cell.machine);
  player = new Player(kernel);
  const run = (text: string): void => {
    for (const [i, line] of text.split(";").entries()) {
      playOperation(player, parseLine(line.trim(), i, "t"), i);
    }
  };
  run(before);
  const { mm, regions } = player.processNamed("P");
  listener = new Listener(regions.get("A")?.start ?? 0);
  registerNotifier(kernel, mm, listener);
  run(after);
  expect(listener.open).toEqual([]);
  return listener.told;
}

const MAPPED = "mmap A 16 rw private; write A 0 16";
const HUGE = "mmap A 512 rw private align=512; madvise A 0 512 hugepage; write A 0 1";

describe("who tells what", () => {
  it.each([
    ["munmap", MAPPED, "munmap A 2 4", ["unmap 2+4 page"]],
    ["MADV_DONTNEED", MAPPED, "madvise A 1 2 dontneed", ["clear 1+2 page"]],
    ["MADV_FREE", MAPPED, "madvise A 0 4 free", ["clear 0+4 dirty"]],
    ["mprotect to read-only", MAPPED, "mprotect A 3 2 r", ["protection-vma 3+2 write"]],
    ["mprotect to none", MAPPED, "mprotect A 3 2 none", ["protection-vma 3+2 page"]],
    ["mprotect of nothing", "mmap A 16 rw private", "mprotect A 0 2 r", []],
    ["clear_refs 4", MAPPED, "clear_refs", ["soft-dirty all write"]],
    ["clear_refs 1", MAPPED, "clear-refs 1", []],
    ["fork", MAPPED, "fork c", ["protection-page 0+16 write"]],
    ["write after fork: a copy", `${MAPPED}; fork c`, "write A 5 1", ["clear 5+1 page"]],
    ["write after fork and exit: reuse", `${MAPPED}; fork c; exit c`, "write A 5 1", []],
    ["first touches", "mmap A 4 rw private", "read A 0 2; write A 2 2", []],
    [
      "write on the zero page",
      "mmap A 4 rw private; read A 0 1",
      "write A 0 1",
      ["clear 0+1 page"],
    ],
    [
      "userfaultfd-wp on and off",
      "mmap A 4 rw private; write A 0 4; uffd-register A 0 4 wp",
      "uffd-wp A 0 2 on; uffd-wp A 0 2 off",
      ["protection-vma 0+2 write", "protection-vma 0+2 write"],
    ],
    [
      "PAGEMAP_SCAN that protects",
      "mmap A 4 rw private; write A 0 4; uffd-register A 0 4 wp-async",
      "scan A 0 4 written; scan A 0 4 written wp",
      ["protection-vma 0+4 write"],
    ],
    ["mremap", MAPPED, "mremap A 16 B", ["unmap 0+16 page", "unmap 0+16 page"]],
    ["guard regions over pages", MAPPED, "madvise A 0 2 guard_install", ["clear 0+2 page"]],
    ["reclaim", MAPPED, "madvise A 7 1 pageout", ["clear 7+1 page"]],
    ["migration", MAPPED, "migrate A 7 1", ["clear 7+1 page"]],
    [
      "KSM",
      "mmap A 2 rw private; write A 0 2; madvise A 0 2 mergeable",
      "ksm",
      ["clear 1+1 write", "clear 0+1 write", "clear 0+1 page"],
    ],
    [
      "a huge page split by DONTNEED",
      HUGE,
      "madvise A 3 1 dontneed",
      ["clear 3+1 page", "clear 0+512 page"],
    ],
    ["a huge page that moves", HUGE, "migrate A 0 1", ["clear 0+512 page"]],
    ["split of a folio", HUGE, "split A 0 1", ["clear 0+512 page", "clear 0+512 page"]],
    [
      "collapse",
      "mmap A 512 rw private align=512; write A 0 512",
      "madvise A 0 512 collapse",
      ["clear 0+512 page"],
    ],
    [
      "write on the huge zero page",
      "mmap A 512 rw private align=512; madvise A 0 512 hugepage; read A 0 1",
      "write A 3 1",
      ["clear 0+512 page"],
    ],
    [
      "swap-out of shared memory",
      "mmap A 4 rw shared; write A 0 4",
      "reclaim 1",
      ["clear 0+1 page"],
    ],
    ["NUMA balancing", MAPPED, "numa A 2 4", ["protection-vma 2+4 page"]],
    [
      "writeback, page by page, of what is dirty",
      "mmap A 4 rw shared file=F; write A 1 2; read A 0 1",
      "fsync F; fsync F",
      [
        "collect 0+4",
        "protection-page 1+1 writeback",
        "protection-page 2+1 writeback",
        "collect 0+4",
      ],
    ],
    [
      "msync of a part",
      "mmap A 8 rw shared file=F; munmap A 0 2; write A 2 6",
      "msync A 3 1",
      ["collect 3+1", "protection-page 3+1 writeback"],
    ],
  ] as const)("%s", (_name, before, after, want) => {
    expect(told(before, after)).toEqual(want);
  });

  it("exit releases, and tells nothing more", () => {
    told(`${MAPPED}; fork c`, "read A 0 1");
    const child = player.processNamed("c");
    const other = new Listener(0);
    registerNotifier(kernel, child.mm, other);
    playOperation(player, parseLine("exit c", 1, "t"), 1);
    expect([other.released, other.told, kernel.notifiers.size]).toEqual([true, [], 1]);
  });

  it("a range begins before anything of it changes", () => {
    told(MAPPED, "read A 0 1");
    const { mm } = player.processNamed("P");
    const seen: boolean[] = [];
    listener.look = ({ start, end }) => {
      for (let page = start; page < end; page++) {
        const leaf = leafAt(kernel, mm.root, page);
        const flags = leaf === null ? 0 : kernel.mmu.exports.entryFlags(leaf.slot);
        seen.push(
          (flags & (Pte.present | Pte.write | Pte.dirty)) === (Pte.present | Pte.write | Pte.dirty),
        );
      }
    };
    for (const line of [
      "madvise A 0 4 free",
      "mprotect A 4 4 r",
      "munmap A 8 4",
      "migrate A 12 4",
    ]) {
      playOperation(player, parseLine(line, 1, "t"), 1);
    }
    expect(seen).toEqual(Array.from({ length: 16 }, () => true));
  });

  it("several listen to one address space, and whoever left hears nothing", () => {
    told(MAPPED, "read A 0 1");
    const { mm } = player.processNamed("P");
    const second = new Listener(listener.base);
    registerNotifier(kernel, mm, second);
    playOperation(player, parseLine("madvise A 0 4 free", 1, "t"), 1);
    unregisterNotifier(kernel, mm, second);
    playOperation(player, parseLine("madvise A 0 4 dontneed", 2, "t"), 2);
    expect(listener.told).toEqual(["clear 0+4 dirty", "clear 0+4 page"]);
    expect(second.told).toEqual(["clear 0+4 dirty"]);
  });
});

describe("aging", () => {
  it("reclaim asks, and spares what a secondary MMU used", () => {
    told(`${MAPPED}; clear-refs 1`, "read A 0 1");
    listener.young = true;
    playOperation(player, parseLine("reclaim 1", 1, "t"), 1);
    expect(listener.aged.length).toBeGreaterThan(16);
    expect(listener.aged.every(([, , flush]) => flush)).toBe(true);
    // Two rounds over all pages, and all of them stayed.
    expect(listener.told).toEqual([]);
  });

  it("idle page tracking asks, and finds what either has used", () => {
    told(MAPPED, "idle A 0 16");
    expect(listener.aged).toHaveLength(16);
    expect(listener.aged.every(([, , flush]) => !flush)).toBe(true);
    const idle = (): unknown => playOperation(player, parseLine("idle A 0 4", 1, "t"), 1).data;
    expect(idle()).toEqual([[1, 0]]);
    playOperation(player, parseLine("read A 1 2", 1, "t"), 1);
    listener.young = false;
    // The TLB was not told, so that the CPU sets no flag: a page seems older than it is.
    expect(idle()).toEqual([[1, 0]]);
    listener.young = true;
    expect(idle()).toEqual([[1, 4]]);
    expect(listener.told).toEqual([]);
  });

  it("khugepaged counts a page as used that a secondary MMU used", () => {
    const before = "mmap A 512 rw private align=512; madvise A 0 512 hugepage";
    const make = `${before}; madvise A 0 512 nohugepage; write A 0 512; madvise A 0 512 hugepage; clear-refs 1`;
    told(make, "khugepaged");
    expect(listener.told).toEqual([]);
    listener.young = true;
    playOperation(player, parseLine("khugepaged", 1, "t"), 1);
    expect(listener.told).toEqual(["clear 0+512 page"]);
  });
});
