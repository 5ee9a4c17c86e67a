// Folios that are mapped only in part: when they are queued, and what splitting them gives back.

import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { splitDeferred } from "../../src/kernel/deferred-split.js";
import type { Kernel } from "../../src/kernel/kernel.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { Checker } from "../../src/scenario/checker.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { Player } from "../../src/scenario/player.js";
import { parseLine } from "../../src/scenario/script.js";
import { scripts } from "../scenario/arbitrary-script.js";
import { play } from "../scenario/support.js";

let kernel: Kernel;
let player: Player;
let checker: Checker;
let lines = 0;

async function boot(version = "7.2", arch = "x86-64"): Promise<void> {
  const inputs = [{ path: "x", text: "clear_refs" }];
  const [cell] = planScripts({ inputs, archs: [arch], kernels: [version], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  kernel = bootMachine(new Core((await loadCoreModule()).module), cell.machine);
  player = new Player(kernel);
  checker = new Checker(player, kernel);
  player.watch = checker;
}

function run(...text: string[]): void {
  for (const line of text) playOperation(player, parseLine(line, ++lines, "queue"), lines);
  expect(checker.complaints).toEqual([]);
}

const queued = (): number => kernel.deferredSplit.size;
const freeFrames = (): number => kernel.mmu.exports.freeFrameCount();

const HUGE = ["mmap A 512 rw private align=512", "madvise A 0 512 hugepage", "write A 0 512"];

describe("a huge page", () => {
  beforeEach(() => boot());

  it("is queued when a part of it goes, once, and gives that part back when it is split", () => {
    run(...HUGE);
    expect(queued()).toBe(0);
    run("madvise A 3 2 dontneed");
    expect(queued()).toBe(1);
    const before = freeFrames();
    run("madvise A 9 1 dontneed");
    expect(queued()).toBe(1);
    expect(freeFrames()).toBe(before);
    expect(splitDeferred(kernel)).toBe(1);
    expect(freeFrames()).toBe(before + 3);
    expect(queued()).toBe(0);
    run("read A 0 512", "pagemap A", "write A 0 12");
  });

  it("leaves the queue with its last page", () => {
    run(...HUGE, "madvise A 3 2 dontneed", "munmap A 0 512");
    expect(queued()).toBe(0);
  });

  it("is not queued when its mapping is split, and when all of it goes", () => {
    run(...HUGE, "mprotect A 0 5 r");
    expect(queued()).toBe(0);
    run("madvise A 0 512 dontneed");
    expect(queued()).toBe(0);
  });

  it("stays queued while somebody pins it", () => {
    run(...HUGE, "pin A 7 1", "madvise A 3 2 dontneed");
    expect(splitDeferred(kernel)).toBe(0);
    expect(queued()).toBe(1);
    run("unpin A 7 1", "split-deferred");
    expect(queued()).toBe(0);
  });

  it("is whole as long as one process maps it whole", () => {
    run(...HUGE, "fork c", "madvise A 3 2 dontneed");
    expect(queued()).toBe(0);
    run("exit c");
    expect(queued()).toBe(1);
  });

  it("is not queued when another process maps what this one gave up", () => {
    run(...HUGE, "fork c", "in c mprotect A 0 1 r", "madvise A 3 2 dontneed");
    expect(queued()).toBe(0);
    run("in c madvise A 3 1 dontneed");
    expect(queued()).toBe(1);
  });

  it("is looked at oldest first, as many as are asked for", () => {
    run(...HUGE, ...HUGE.map((line) => line.replaceAll("A", "B")));
    run("madvise B 0 1 dontneed", "madvise A 0 1 dontneed");
    expect([splitDeferred(kernel, 1), queued()]).toEqual([1, 1]);
    run("pagemap A", "pagemap B");
  });
});

it.each([
  ["6.12:mthp=64k", 1],
  ["7.2:mthp=64k", 1],
])("a folio of 64 kB is queued, Linux %s", async (version, want) => {
  await boot(version);
  run("mmap A 16 rw private align=512", "madvise A 0 16 hugepage", "write A 0 1");
  run("madvise A 15 1 dontneed");
  expect(queued()).toBe(want);
  run("split-deferred", "read A 0 16");
  expect(queued()).toBe(0);
});

it("pages of zeroes are mapped to the zero page by it, from 6.12 on", async () => {
  await boot("7.2");
  run("mmap A 512 rw private align=512", "madvise A 0 512 hugepage", "write A 0 8");
  const before = freeFrames();
  run("madvise A 1 1 dontneed", "split-deferred");
  // All but the seven pages that hold something are free.
  expect(freeFrames()).toBe(before + 512 - 7);
  run("read A 0 512");
});

it.each(["6.1", "6.12:mthp=64k", "7.2:mthp=64k"])(
  "random scripts with the shrinker behind every zap, Linux %s",
  async (version) => {
    let split = 0;
    const property = fc.asyncProperty(scripts(50), async (text) => {
      const busy = text
        .split("\n")
        .flatMap((line) => {
          const mapped = /^(in \w+ )?mmap (\w+) \d+ (\w+ private)$/.exec(line);
          if (mapped !== null) {
            const [, who = "", region = "", rest = ""] = mapped;
            const advise = `${who}madvise ${region} 0 512 hugepage`;
            return [`${who}mmap ${region} 600 ${rest} align=512`, advise];
          }
          return /dontneed|munmap|mmap-at|exit/.test(line) ? [line, "split-deferred"] : [line];
        })
        .join("\n");
      const { complaints, events } = await play(busy, "x86-64", version);
      split += events.split_folio ?? 0;
      expect(complaints, busy).toEqual([]);
    });
    await fc.assert(property, { numRuns: 25, seed: 3 });
    expect(split).toBeGreaterThan(5);
  },
);
