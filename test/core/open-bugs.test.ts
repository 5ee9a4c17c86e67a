// Faults of the core that are known and not yet mended. Each test says what is right, and is expected to
// fail; it will be reported on the day it passes, and then moves, without `.fails`, to the file named.

import { beforeEach, describe, expect, it } from "vitest";
import { Access } from "../../assembly/abi/stop.js";
import { compilePagePolicy } from "../../src/layout/page-policy.js";
import { fetch, run, write } from "./events.js";
import { BUILDS, coreOf, named, typicalLayout, withPlainCpu } from "./support.js";
import { begin, Tables } from "./tables.js";

const X86 = typicalLayout("x86-64");
const VA = 0x1000n;
const PA = 0x5000n;
const WRITABLE = 2n;

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, X86);
    tables.map({ va: VA, pa: PA });
  });

  // SDM 3A 4.10.4.1: a page fault "also invalidates all entries in the paging-structure caches that would
  // be used for that linear address". Here the walk cache keeps the restriction: once the kernel has lifted
  // it, without a flush as it may, the same fault comes back without end.
  // Then: walk-cache.test.ts.
  it.fails("a page fault of x86-64 forgets what walk caches knew of the way to the page", () => {
    const upper = tables.entryAt(VA, 1);
    core.poke(upper, core.peek(upper) & ~WRITABLE);
    expect(core.translate(VA, Access.UserWrite)).toBe(false);
    core.poke(upper, core.peek(upper) | WRITABLE);
    expect(core.translate(VA, Access.UserWrite)).toBe(true);
  });

  // SDM 3A 4.10.4.1: INVLPG "also invalidates all entries in all paging-structure caches associated with
  // the current PCID"; of arm64's TLBI by address only the last-level kinds (VALE1) leave them alone.
  // Then: walk-cache.test.ts.
  it.fails("an invalidated page is walked for from the tables as they are", () => {
    core.translate(VA, Access.UserRead);
    const other = new Tables(core, X86);
    other.map({ va: VA, pa: PA + 0x1000n });
    core.poke(tables.entryAt(VA, 1), core.peek(other.entryAt(VA, 1)));
    core.exports.invalidatePage(VA);
    core.translate(VA, Access.UserRead);
    expect(core.stopBlock().pa).toBe(PA + 0x1000n);
  });

  // ZERO_FRAME: "Nothing writes here." But the mapper writes to whatever word the walk reads.
  // Then: demand.test.ts.
  it.fails("the mapper does not fill entries of a table that is not in memory", () => {
    core.loadDemand(compilePagePolicy(X86, "base"));
    const absent = 1n << 40n;
    core.exports.setRoots(absent, absent);
    core.translate(VA, Access.UserRead);
    expect(core.peek(1n << 45n)).toBe(0n);
  });

  // `held` is a u32 of bytes: 2^29 records wrap to none, and `heldEvents` then reaches past the memory.
  // Then: cpus.test.ts.
  it.fails("more held records than memory holds are refused", () => {
    const loading = () => withPlainCpu(core, X86, 2 ** 29);
    expect(loading).toThrow(expect.objectContaining({ code: "MEMORY" }));
  });

  // "What the core runs on before `partition`" has no mode: nothing tells a write from a read there.
  // Then: events.test.ts.
  it.fails("a core without a CPU counts accesses as what they are", () => {
    const bare = coreOf(build);
    bare.loadLayout(X86);
    bare.reset(true);
    const own = new Tables(bare, X86);
    own.activate();
    own.map({ va: VA, pa: PA });
    run(bare, [write(VA), fetch(VA)]);
    expect(named(bare.counters())).toMatchObject({ Writes: 1n, Fetches: 1n, AddressSum: 2n * PA });
  });
});
