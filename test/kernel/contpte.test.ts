// Contiguous groups under whatever a process does: folded only where all fit, and never out of step with the TLB.
// The oracle looks at every group after every step (src/oracle/contiguous.ts), and at every access.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CPUS } from "../../arch/cpus/index.js";
import { Core } from "../../src/core/core.js";
import { Event } from "../../src/kernel/events.js";
import type { Kernel } from "../../src/kernel/kernel.js";
import { compileCpu } from "../../src/layout/cpu.js";
import { Pte } from "../../src/layout/linux-flags.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { Checker } from "../../src/scenario/checker.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { Player } from "../../src/scenario/player.js";
import { cachedBy } from "../core/cached.js";

/** Granules: pages of a group, and a size of folio that holds two groups. */
const GRANULES = [
  { arch: "arm64", kernel: "6.12:mthp=128k", group: 16 },
  { arch: "arm64", kernel: "7.2:mthp=128k", group: 16 },
  { arch: "arm64:ha=false:hd=false", kernel: "7.2:mthp=128k", group: 16 },
  { arch: "arm64:granule=16", kernel: "7.2:mthp=4m", group: 128 },
  { arch: "arm64:granule=64", kernel: "7.2:mthp=4m", group: 32 },
] as const;

/** Operations on region A of four groups; F and C stand for a first page and a count. */
const OPERATIONS = [
  "read A F C",
  "write A F C",
  "write A F C",
  "mprotect A F C r",
  "mprotect A F C rw",
  "madvise A F C dontneed",
  "madvise A F C free",
  "madvise A F C pageout",
  "munmap A F C",
  "uffd-wp A F C on",
  "uffd-wp A F C off",
  "scan A F C written wp",
  "fork c",
  "exit c",
  "in c write A F C",
  "in c read A F C",
  "pin A F C",
] as const;

/** Scripts about four groups; ranges are whole groups as often as not. Each step is followed by a look at all. */
function scriptsOn(group: number): fc.Arbitrary<string> {
  const pages = 4 * group;
  const places = fc.oneof(
    fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 2 })).map(([f, c]) => [f * group, c * group]),
    fc.tuple(fc.nat(pages - 1), fc.integer({ min: 1, max: 6 })),
  );
  const step = fc.tuple(fc.constantFrom(...OPERATIONS), places);
  return fc.array(step, { maxLength: 12 }).map((steps) => {
    const lines = [
      `mmap A ${pages} rw private align=${pages}`,
      `madvise A 0 ${pages} hugepage`,
      `write A 0 ${pages}`,
      `uffd-register A 0 ${pages} wp-async`,
    ];
    let child = false;
    for (const [form, [first = 0, count = 0]] of steps) {
      if (form === "fork c" ? child : / ?c( |$)/.test(form) && !child) continue;
      if (form === "fork c") child = true;
      if (form === "exit c") child = false;
      const fits = Math.min(count, pages - first);
      lines.push(form.replace("F C", `${first} ${fits}`), `read A 0 ${pages}`, "state A");
    }
    return `${lines.join("\n")}\n`;
  });
}

/** Cached translations as large as a group whose group is folded no longer. */
function outlived(core: Core, kernel: Kernel, group: number): string[] {
  const { hardware, mmu } = kernel;
  const bytes = BigInt(group) << BigInt(hardware.pageShift);
  const plain = CPUS.get("plain");
  if (plain === undefined) throw new Error("no CPU");
  const cached = cachedBy(core, hardware, compileCpu(plain, hardware), 0);
  return cached.flatMap(({ isTable, owner, va, bytes: size }) => {
    if (isTable || size !== bytes) return [];
    const mm = [...kernel.mms].find(({ context }) => context === owner);
    const page = Number(va >> BigInt(hardware.pageShift));
    const slot = mm === undefined ? 0 : mmu.exports.findEntry(mm.root, page, 0) >>> 0;
    const folded = slot !== 0 && (mmu.exports.entryFlags(slot) & Pte.contiguous) !== 0;
    return folded ? [] : [`context ${owner} page ${page}`];
  });
}

let shared: Core | null = null;

/** Plays a script, with the oracle, and a look at the TLB after each operation. */
async function play(text: string, arch: string, kernelName: string, group: number) {
  shared ??= new Core((await loadCoreModule()).module);
  const core = shared;
  const inputs = [{ path: "test.scn", text }];
  const [cell] = planScripts({ inputs, archs: [arch], kernels: [kernelName], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  const kernel = bootMachine(core, cell.machine);
  const player = new Player(kernel);
  const checker = new Checker(player, kernel);
  player.watch = checker;
  cell.operations.forEach((operation, i) => {
    playOperation(player, operation, i);
    expect(outlived(core, kernel, group), `${operation.where} of\n${text}`).toEqual([]);
  });
  return { kernel, complaints: checker.complaints };
}

describe.each(GRANULES)("groups of $group on $arch, Linux $kernel", ({ arch, kernel, group }) => {
  it("are of one folio, aligned and alike, and no TLB entry outlives them", async () => {
    let folds = 0;
    let unfolds = 0;
    const property = fc.asyncProperty(scriptsOn(group), async (text) => {
      const played = await play(text, arch, kernel, group);
      expect(played.complaints, text).toEqual([]);
      folds += played.kernel.events[Event.contpte_fold] ?? 0;
      unfolds += played.kernel.events[Event.contpte_unfold] ?? 0;
    });
    await fc.assert(property, { numRuns: 25, seed: 7 });
    // The scripts are about something.
    expect(folds).toBeGreaterThan(0);
    expect(unfolds).toBeGreaterThan(0);
  });
});
