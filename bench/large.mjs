// What a large address space costs: host memory, and time per page, at several sizes of simulated memory.
//
//   node bench/large.mjs [GIB...]
//
// Every size runs in a process of its own: all pages are touched, armed by clear_refs, scanned, forked, and a tenth
// is written again. Nanoseconds of process CPU time a page, and the most memory that the process had.

import { spawnSync } from "node:child_process";
import process from "node:process";
import { DEFAULT_COSTS } from "../dist/arch/costs/index.js";
import { Core } from "../dist/src/core/core.js";
import { clearSoftDirty } from "../dist/src/kernel/clear-refs.js";
import { fork } from "../dist/src/kernel/fork.js";
import { mmap } from "../dist/src/kernel/mmap.js";
import { PAGE_IS_SOFT_DIRTY } from "../dist/src/kernel/pagemap-categories.js";
import { pagemapScan } from "../dist/src/kernel/pagemap-scan.js";
import { VM_READ, VM_WRITE } from "../dist/src/kernel/vm-flags.js";
import { loadCoreModule } from "../dist/src/runner/module-files.js";
import { bootMachine } from "../dist/src/scenario/machine.js";
import { Player } from "../dist/src/scenario/player.js";

const START = 2 ** 32;

/** One size, in this process. */
async function measure(gib) {
  const pages = gib * 2 ** 18;
  const kernel = bootMachine(new Core((await loadCoreModule()).module), {
    kernel: {
      version: "7.2",
      architecture: "x86-64",
      softDirty: true,
      hwDirty: true,
      page: 4096,
      thp: "never",
      mthp: new Map(),
      swap: false,
      costs: DEFAULT_COSTS,
      frames: Math.ceil(1.15 * pages) + 65536,
    },
    mode: {},
    cpu: "plain",
  });
  const player = new Player(kernel);
  const owner = player.processNamed("P");
  const { mm } = owner;
  mmap(kernel, mm, { start: START, pages, access: VM_READ | VM_WRITE, shared: false });
  const perPage = (count, work) => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / count;
  };
  const touch = (step) => {
    for (let page = 0; page < pages; page += step) player.touch(owner, START + page, 1);
  };
  const found = {
    first_touch: perPage(pages, () => touch(1)),
    clear_refs: perPage(pages, () => clearSoftDirty(kernel, mm)),
    write_again: perPage(pages / 10, () => touch(10)),
    scan: perPage(pages, () =>
      pagemapScan(kernel, mm, {
        ...{ start: START, end: START + pages, protect: false, check: false },
        categories: PAGE_IS_SOFT_DIRTY,
      }),
    ),
    fork: perPage(pages, () => fork(kernel, mm)),
    cow_copy: perPage(pages / 10, () => touch(10)),
  };
  console.log(JSON.stringify({ ...found, peakMiB: process.resourceUsage().maxRSS / 1024 }));
}

if (process.argv[2] === "--one") {
  await measure(Number(process.argv[3]));
} else {
  const asked = process.argv.slice(2).map(Number);
  for (const gib of asked.length > 0 ? asked : [1, 64]) {
    const script = process.argv[1] ?? "";
    const { stdout } = spawnSync(process.execPath, [script, "--one", String(gib)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const row = Object.entries(JSON.parse(stdout)).map(([name, n]) => `${name} ${n.toFixed(1)}`);
    console.log(`${gib} GiB: ${row.join("  ")}`);
  }
}
