// Every tracker, on every architecture whose kernel lets it work: what is written is reported, and on base pages
// nothing else is. The oracle is a list of what was written.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { MmulateError } from "../../src/errors.js";
import { mmap } from "../../src/kernel/mmap.js";
import { VM_READ, VM_WRITE } from "../../src/kernel/vm-flags.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { Player } from "../../src/scenario/player.js";
import { TRACKERS } from "../../src/tracker/index.js";
import { countOf, type Pages, runsOf, type Watched } from "../../src/tracker/types.js";

const PAGES = 600;
const ARCHS = ["x86-64", "arm64", "riscv64"];
/** What the newest kernels have not: arm64 has no bit for soft-dirty. */
const REFUSED = ["soft-dirty", "soft-dirty-scan", "uffd-async-sd"].map((name) => `arm64 ${name}`);

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadCoreModule());
});

function start(arch: string, cpus = 1) {
  const config = { arch, kernel: "7.2:memory=64m", cpu: "plain" };
  const kernel = bootMachine(new Core(module), machineOf(config, new Settings(), { cpus }));
  const player = new Player(kernel);
  const process = player.processNamed("P");
  process.onSegv = "unprotect";
  const first = player.nextPlace(true);
  const place = { start: first, pages: PAGES, access: VM_READ | VM_WRITE, shared: false };
  mmap(kernel, process.mm, place);
  const watched: Watched = { kernel, mm: process.mm, start: first, end: first + PAGES };
  const write = (page: number) => player.touch(process, first + page, 1);
  for (let page = 0; page < PAGES; page++) write(page);
  const reported = () => {
    const { segv, wpfault: messages } = player.takeTrouble();
    return { segv, messages };
  };
  return { watched, write, reported };
}

const pagesOf = (pages: Pages, from: number): number[] =>
  pages.flatMap(([first, end]) => Array.from({ length: end - first }, (_, i) => first + i - from));

describe.each(ARCHS)("on %s", (arch) => {
  const names = [...TRACKERS.keys()].filter((name) => !REFUSED.includes(`${arch} ${name}`));

  it.each(names)("%s reports what each round writes", (name) => {
    const tracker = TRACKERS.get(name);
    if (tracker === undefined) throw new Error(name);
    const rounds = fc.array(fc.uniqueArray(fc.nat(PAGES - 1), { maxLength: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(rounds, (list) => {
        const { watched, write, reported } = start(arch);
        tracker.arm(watched);
        for (const written of list) {
          written.forEach(write);
          const found = pagesOf(tracker.collect(watched, reported()), watched.start);
          const all = Array.from({ length: PAGES }, (_, page) => page);
          const wanted = name === "full-copy" ? all : name === "none" ? [] : written;
          expect([...found].sort((a, b) => a - b)).toEqual([...wanted].sort((a, b) => a - b));
        }
      }),
      { numRuns: 6 },
    );
  });
});

it.each(REFUSED)("%s is refused", (point) => {
  const [arch = "", name = ""] = point.split(" ");
  const { watched } = start(arch);
  expect(() => TRACKERS.get(name)?.arm(watched)).toThrow(MmulateError);
});

describe("asynchronous protection on the soft-dirty bit", () => {
  const tracker = (name: string) => TRACKERS.get(name)?.arm.bind(TRACKERS.get(name));

  it("refuses registration behind clear_refs", () => {
    const { watched } = start("x86-64");
    tracker("soft-dirty")?.(watched);
    expect(() => tracker("uffd-async-sd")?.(watched)).toThrow("EBUSY");
  });

  it("and clear_refs behind registration: what was written stays told", () => {
    const { watched, write, reported } = start("x86-64");
    tracker("uffd-async-sd")?.(watched);
    write(3);
    expect(() => tracker("soft-dirty")?.(watched)).toThrow("EBUSY");
    const found = TRACKERS.get("uffd-async-sd")?.collect(watched, reported()) ?? [];
    expect(pagesOf(found, watched.start)).toEqual([3]);
  });
});

describe("runs of pages", () => {
  it("hold each page once, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300)), (pages) => {
        const runs = runsOf(pages);
        const once = [...new Set(pages)].sort((a, b) => a - b);
        expect(pagesOf(runs, 0)).toEqual(once);
        expect(countOf(runs)).toBe(once.length);
        expect(runs.every(([, end], i) => end < (runs[i + 1]?.[0] ?? 1e9))).toBe(true);
      }),
    );
  });
});
