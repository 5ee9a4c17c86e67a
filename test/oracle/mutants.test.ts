// The oracle is worth what it catches: a kernel is broken in one place, and the check must say so.

import { beforeEach, describe, expect, it } from "vitest";
import { FRAME_REFS } from "../../assembly/abi/frames.js";
import { Core } from "../../src/core/core.js";
import { addMapping, setPageFlags, setStamp } from "../../src/kernel/folio.js";
import type { Kernel } from "../../src/kernel/kernel.js";
import { exitMm } from "../../src/kernel/mmap.js";
import { PG_EXCLUSIVE } from "../../src/kernel/page-flags.js";
import { PROTECTION_NUMBERS, Pte } from "../../src/layout/linux-flags.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { Checker } from "../../src/scenario/checker.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { Player } from "../../src/scenario/player.js";
import { parseLine } from "../../src/scenario/script.js";

let kernel: Kernel;
let player: Player;
let checker: Checker;

async function boot(arch = "x86-64"): Promise<void> {
  const inputs = [{ path: "x", text: "clear_refs" }];
  const [cell] = planScripts({ inputs, archs: [arch], kernels: ["7.2"], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  kernel = bootMachine(new Core((await loadCoreModule()).module), cell.machine);
  player = new Player(kernel);
  checker = new Checker(player, kernel);
  player.watch = checker;
}
beforeEach(() => boot());

function play(...lines: string[]): void {
  lines.forEach((line, i) => {
    playOperation(player, parseLine(line, i + 1, "mutant"), i);
  });
}

/** Ids of the rules that were broken so far. */
function broken(): string[] {
  return [...new Set(checker.complaints.map(({ id }) => id))].sort();
}

/** Slot of a page of region A of P. */
function slotOf(page: number): number {
  const process = player.processes.get("P");
  const region = process?.regions.get("A");
  if (process === undefined || region === undefined) throw new Error("no A");
  return kernel.mmu.exports.findEntry(process.mm.root, region.start + page, 0) >>> 0;
}

const frameOf = (page: number): number => kernel.mmu.exports.entryFrame(slotOf(page), 0);

describe("a kernel that is right", () => {
  it("breaks no rule, and leaves nothing behind", () => {
    play("mmap A 4 rw private", "write A 0 4", "fork c", "in c write A 0 2", "read A 0 4");
    checker.finish(({ mm }) => exitMm(kernel, mm));
    expect(checker.complaints).toEqual([]);
  });
});

describe("a kernel that", () => {
  it("flushes no TLB is caught by a write through a stale entry", () => {
    kernel.tlb.space = () => undefined;
    play("mmap A 1 rw private", "write A 0 1", "fork c", "write A 0 1");
    expect(broken()).toEqual(["TLB"]);
  });

  it("flushes no TLB is caught by a read of what is gone", () => {
    kernel.tlb.range = () => undefined;
    play("mmap A 1 rw private", "write A 0 1", "madvise A 0 1 dontneed", "read A 0 1");
    expect(broken()).toEqual(["TLB", "contents"]);
  });

  it("puts a copy in the place of a pinned page is caught by what the device sees", () => {
    play("mmap A 1 rw private", "write A 0 1", "pin A 0 1", "mmap B 1 rw private", "write B 0 1");
    const { exports } = kernel.mmu;
    const flags = exports.entryFlags(slotOf(0));
    const other = frameOf(0) + 1;
    exports.makeLeaf(slotOf(0), 0, other, PROTECTION_NUMBERS.rw, flags);
    const process = player.processes.get("P");
    if (process !== undefined) kernel.tlb.space(process.mm);
    play("write A 0 1");
    expect(broken()).toContain("I3: the page pinned is the page mapped");
  });

  it("changes a page behind everybody's back is caught by its contents", () => {
    play("mmap A 1 rw private", "write A 0 1");
    setStamp(kernel, frameOf(0), 99);
    play("read A 0 1");
    expect(broken()).toEqual(["contents"]);
  });

  it("does not write-protect at fork is caught by its rights, then by contents", () => {
    play("mmap A 1 rw private", "write A 0 1", "fork c");
    kernel.mmu.exports.updateEntry(slotOf(0), 0, Pte.write);
    play("write A 0 1", "in c read A 0 1");
    expect(broken()).toEqual(["I2: private writable entries are exclusive", "contents"]);
  });

  it("leaves a shared page exclusive is caught", () => {
    play("mmap A 1 rw private", "write A 0 1", "fork c");
    setPageFlags(kernel, frameOf(0), PG_EXCLUSIVE);
    play("read A 0 1");
    expect(broken()).toEqual(["I1: exclusive pages are anonymous and mapped once"]);
  });

  it("loses a reference is caught", () => {
    play("mmap A 1 rw private", "write A 0 1");
    kernel.mmu.words[kernel.mmu.record(frameOf(0)) + (FRAME_REFS >>> 2)] = 0;
    play("read A 0 1");
    expect(broken()).toEqual(["references"]);
  });

  it("miscounts mappings is caught", () => {
    play("mmap A 1 rw private", "write A 0 1");
    addMapping(kernel, frameOf(0), 1, 1);
    play("read A 0 1");
    expect(broken()).toEqual(["mappings"]);
  });

  it("drops an entry without its page is caught as a leak", () => {
    play("mmap A 1 rw private", "write A 0 1");
    kernel.mmu.exports.clearEntry(slotOf(0));
    play("pagemap A");
    expect(broken()).toEqual(["no leaks"]);
  });

  it("leaves a protected entry writable is caught", () => {
    play("mmap A 1 rw private", "write A 0 1", "uffd-register A 0 1 wp", "uffd-wp A 0 1 on");
    kernel.mmu.exports.updateEntry(slotOf(0), 0, Pte.write);
    play("pagemap A");
    expect(broken()).toEqual(["I12: uffd-wp entries are not writable"]);
  });

  it("grants what the mapping does not is caught", () => {
    play("mmap A 1 rw private", "write A 0 1", "mprotect A 0 1 r");
    kernel.mmu.exports.updateEntry(slotOf(0), 0, Pte.write);
    play("write A 0 1");
    expect(broken()).toEqual(["access", "rights within the VMA's"]);
  });

  it("denies what the mapping grants is caught", () => {
    play("mmap A 1 rw private");
    const vmas = player.processes.get("P")?.mm.vmas;
    const [vma] = vmas?.all ?? [];
    if (vma !== undefined) vma.flags = 0;
    play("write A 0 1");
    expect(broken()).toEqual(["access"]);
  });

  it("maps the zero page writable is caught", () => {
    play("mmap A 1 rw private", "read A 0 1");
    kernel.mmu.exports.updateEntry(slotOf(0), 0, Pte.write);
    play("pagemap A");
    expect(broken()).toContain("the zero page is not writable");
  });

  it("forgets a VMA is caught by what it leaves", () => {
    play("mmap A 1 rw private", "write A 0 1");
    const mm = player.processes.get("P")?.mm;
    const [vma] = mm?.vmas.all ?? [];
    if (mm !== undefined && vma !== undefined) mm.vmas.remove(vma);
    play("pagemap A");
    expect(broken()).toContain("no entry outside VMAs");
  });

  it("miscounts the users of shared memory is caught", () => {
    play("mmap A 2 rw shared", "write A 0 1");
    const [vma] = player.processes.get("P")?.mm.vmas.all ?? [];
    if (vma?.object != null) vma.object.users++;
    play("read A 0 1");
    expect(broken()).toEqual(["users of objects"]);
  });

  it("says yes where it should say no is caught", () => {
    play("mmap A 2 rw private", "munmap A 1 1");
    const end = checker.begin(
      parseLine("mprotect A 0 2 r", 1, "x"),
      player.processes.get("P") as never,
    );
    end({ op: "mprotect A 0 2 r", errno: 0, minflt: 0 });
    expect(broken()).toEqual(["errno"]);
  });
});
