// Rules of soft-dirty that a kernel can be configured with, told by what pagemap shows.

import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { clearSoftDirty } from "../../src/kernel/clear-refs.js";
import { mmap } from "../../src/kernel/mmap.js";
import { PM_SOFT_DIRTY, readPagemap } from "../../src/kernel/pagemap.js";
import { VM_READ, VM_WRITE } from "../../src/kernel/vm-flags.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { Player } from "../../src/scenario/player.js";

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadCoreModule());
});

/** Eight pages, written and cleared; `more` maps eight right behind. */
function start(words: string) {
  const selectors = { arch: "x86-64", kernel: `7.2:memory=64m${words}`, cpu: "plain" };
  const kernel = bootMachine(new Core(module), machineOf(selectors, new Settings()));
  const player = new Player(kernel);
  const process = player.processNamed("P");
  const first = player.nextPlace(true);
  let end = first;
  const more = (): void => {
    const place = { start: end, pages: 8, access: VM_READ | VM_WRITE, shared: false };
    mmap(kernel, process.mm, place);
    end += 8;
  };
  more();
  for (let page = 0; page < 8; page++) player.touch(process, first + page, 1);
  clearSoftDirty(kernel, process.mm);
  const shown = (): string =>
    [...readPagemap(kernel, process.mm, first, end)]
      .map((entry) => ((entry & PM_SOFT_DIRTY) === 0 ? "-" : "D"))
      .join("");
  const write = (page: number): void => {
    player.touch(process, first + page, 1);
  };
  return { more, shown, write, vmas: () => process.mm.vmas.count };
}

describe("VM_SOFTDIRTY and merging", () => {
  it.each([
    ["", "DDDDDDDDDDDDDDDD", 1, 1],
    [":vmSoftDirty=plain", "DDDDDDDDDDDDDDDD", 1, 1],
    [":vmSoftDirty=sticky", "DDDDDDDDDDDDDDDD", 1, 1],
    // The new mapping is clean while it is compared: it goes into the clean one, but not into what is dirty then.
    [":vmSoftDirty=unmerged", "DDDDDDDDDDDDDDDD", 1, 2],
    [":vmSoftDirty=apart", "--------DDDDDDDD", 2, 2],
  ])("7.2%s", (words, pages, vmas, afterThird) => {
    const heap = start(words);
    heap.more();
    expect([heap.shown(), heap.vmas()]).toEqual([pages, vmas]);
    heap.more();
    expect(heap.vmas()).toBe(afterThird);
  });
});

describe("who sets the bit", () => {
  it.each([
    ["", "--D-----"],
    [":softDirtyBy=mkdirty", "--D-----"],
    [":softDirtyBy=faults", "--D-----"],
    [":softDirtyBy=nobody", "--------"],
  ])("7.2%s", (words, pages) => {
    const heap = start(words);
    heap.write(2);
    expect(heap.shown()).toBe(pages);
  });
});
