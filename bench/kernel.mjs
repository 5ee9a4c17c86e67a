// What the simulated kernel costs on this host, beside a real kernel's own costs and native loops.
//
//   node bench/kernel.mjs [--pages N] [--rounds N] [--real HOST-COSTS] [--bulk BULK]
//
// HOST-COSTS prints one JSON object of nanoseconds per page, measured on the kernel that runs here
// ("first_touch", "wp_reuse", "cow_copy", "uffd_async_fault", "fork", "scan_none"...); BULK prints lines
// "NAME N ns/PTE". Both are run in turns with ours, so that all see the same machine. Medians of the rounds;
// ours is process CPU time. Nothing else should run on the machine.
//
// BULK does its loops 30 times to warm up, and 31 times by the clock. "again" is that for ours: every entry is changed
// by each clear_refs; the other column is the first call, in which the engine makes the code it runs.

import { execFileSync } from "node:child_process";
import process from "node:process";
import { parseArgs } from "node:util";
import { DEFAULT_COSTS } from "../dist/arch/costs/index.js";
import { Core } from "../dist/src/core/core.js";
import { clearSoftDirty } from "../dist/src/kernel/clear-refs.js";
import { fork } from "../dist/src/kernel/fork.js";
import { exitMm, mmap } from "../dist/src/kernel/mmap.js";
import { readPagemap } from "../dist/src/kernel/pagemap.js";
import { PAGE_IS_SOFT_DIRTY, PAGE_IS_WRITTEN } from "../dist/src/kernel/pagemap-categories.js";
import { pagemapScan } from "../dist/src/kernel/pagemap-scan.js";
import { uffdRegister } from "../dist/src/kernel/userfaultfd.js";
import { VM_READ, VM_WRITE } from "../dist/src/kernel/vm-flags.js";
import { forEachRun, NO_HUGE } from "../dist/src/kernel/walk-entries.js";
import { Pte } from "../dist/src/layout/linux-flags.js";
import { loadCoreModule } from "../dist/src/runner/module-files.js";
import { bootMachine } from "../dist/src/scenario/machine.js";
import { Player } from "../dist/src/scenario/player.js";

const { values } = parseArgs({
  options: {
    pages: { type: "string", default: "1048576" },
    rounds: { type: "string", default: "5" },
    real: { type: "string" },
    bulk: { type: "string" },
  },
});
const pages = Number(values.pages);
const START = 2 ** 32;
const core = new Core((await loadCoreModule()).module);

/** Nanoseconds of process CPU time per page. */
function perPage(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / pages;
}

const TIMES = 31;

/** Nanoseconds of wall time per page, after as many runs to warm up; `before` each is not counted. */
function again(work, before = () => undefined) {
  const times = [];
  for (let i = 0; i < 2 * TIMES; i++) {
    before();
    const start = process.hrtime.bigint();
    work();
    times.push(Number(process.hrtime.bigint() - start) / pages);
  }
  return median(times.slice(TIMES));
}

/** One round: every operation once, on a machine of its own. */
function ours() {
  const kernel = bootMachine(core, {
    kernel: {
      version: "7.2",
      architecture: "x86-64",
      softDirty: true,
      hwDirty: true,
      thp: "madvise",
      mthp: new Map(),
      swap: false,
      costs: DEFAULT_COSTS,
      page: 4096,
      // Beside the pages and their copies: tables, and what is kept free.
      frames: Math.ceil(2.05 * pages) + 8192,
    },
    mode: {},
    cpu: "plain",
  });
  const player = new Player(kernel);
  const owner = player.processes.get("P");
  const { mm } = owner;
  const end = START + pages;
  mmap(kernel, mm, { start: START, pages, access: VM_READ | VM_WRITE, shared: false });
  const touch = () => {
    for (let page = START; page < end; page++) player.touch(owner, page, 1);
  };
  const scan = (categories, protect) =>
    pagemapScan(kernel, mm, { start: START, end, categories, protect, check: false });
  const result = { first_touch: perPage(touch), warm_touch: perPage(touch) };
  const rearm = kernel.mmu.program([{ all: Pte.present, set: Pte.write | Pte.softDirty }]);
  const writeAll = () =>
    forEachRun(
      kernel,
      mm.root,
      START,
      end,
      (slot, _page, count) => kernel.mmu.exports.apply(rearm.address, slot, 0, count),
      NO_HUGE,
    );
  result.clear_refs = perPage(() => clearSoftDirty(kernel, mm));
  result.wp_reuse = perPage(touch);
  result.scan_soft_dirty = perPage(() => scan(PAGE_IS_SOFT_DIRTY, false));
  result.pagemap_read = perPage(() => readPagemap(kernel, mm, START, end));
  result.clear_refs_again = again(() => clearSoftDirty(kernel, mm), writeAll);
  result.scan_soft_dirty_again = again(() => scan(PAGE_IS_SOFT_DIRTY, false), writeAll);
  result.pagemap_again = again(() => readPagemap(kernel, mm, START, end));
  clearSoftDirty(kernel, mm);
  uffdRegister(kernel, mm, START, end, { async: true, unpopulated: true });
  result.uffd_async_arm = perPage(() => scan(PAGE_IS_WRITTEN, true));
  result.scan_none = perPage(() => scan(PAGE_IS_WRITTEN, false));
  result.scan_none_again = again(() => scan(PAGE_IS_WRITTEN, false));
  result.uffd_async_fault = perPage(touch);
  let child;
  result.fork = perPage(() => {
    child = fork(kernel, mm).child;
  });
  result.cow_copy = perPage(touch);
  result.exit = perPage(() => exitMm(kernel, child));
  return result;
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** A real kernel's figures. */
function real() {
  return JSON.parse(execFileSync(values.real, { encoding: "utf8" }));
}

/** Native loops over entries, by the name of the operation that does the same. */
function bulk() {
  const out = execFileSync(values.bulk, { encoding: "utf8" });
  const of = (name) => Number(new RegExp(`^${name}\\s+([\\d.]+)`, "m").exec(out)?.[1]);
  return {
    clear_refs_again: of("wp_branch"),
    fork: of("fork_branch"),
    scan_none_again: of("scan"),
    scan_soft_dirty_again: of("scan"),
  };
}

const rounds = Array.from({ length: Number(values.rounds) }, () => ({
  ours: ours(),
  real: values.real === undefined ? {} : real(),
  bulk: values.bulk === undefined ? {} : bulk(),
}));

const names = Object.keys(rounds[0].ours);
const column = (which, name) => {
  const list = rounds.map((round) => round[which][name]).filter((value) => value !== undefined);
  return list.length === 0 ? "" : median(list).toFixed(2);
};
console.log(`${pages} pages, ${rounds.length} rounds, medians, ns per page`);
console.log(
  ["operation", "simulated", "real kernel", "native loop"].map((c) => c.padEnd(24)).join(""),
);
for (const name of names) {
  const cells = [name, column("ours", name), column("real", name), column("bulk", name)];
  console.log(cells.map((cell) => cell.padEnd(24)).join(""));
}
