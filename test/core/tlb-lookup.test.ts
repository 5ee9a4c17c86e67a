// How the core finds an entry fast, and what that must not change: predictions by address bits 21:12 and
// kind, and the second level's partial tags, which fold a key's halves on each other.

import { describe, expect, it } from "vitest";
import { plain } from "../../arch/cpus/plain.js";
import { defineCpu } from "../../arch/define.js";
import { Counter } from "../../assembly/abi/counters.js";
import { FaultKind } from "../../assembly/abi/stop.js";
import type { Core } from "../../src/core/core.js";
import { read, run, write } from "./events.js";
import { BUILDS, coreOf, invalidatePage, typicalLayout } from "./support.js";
import { begin } from "./tables.js";

const fact = { cite: "CHOICE test", confidence: "choice" } as const;
const pages = "all";

/** A first level of one entry, and a second of one set of sixteen. */
const TINY = defineCpu({
  ...plain,
  name: "tiny",
  tlb: {
    data: [{ name: "D", entries: 1, ways: 1, pages, ...fact }],
    fetch: [{ name: "I", entries: 1, ways: 1, pages, ...fact }],
    second: [{ name: "S", entries: 16, ways: 16, pages, ...fact }],
  },
});

/** Where a single access goes: what it adds to the sum of addresses; null when it faults. */
function address(core: Core, record: bigint): bigint | null {
  const before = core.counter(Counter.AddressSum);
  return run(core, [record]) === 1 ? core.counter(Counter.AddressSum) - before : null;
}

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  // The entry for V was W's in between. The store that brings V back is denied, so it is not the store
  // that says where the entry leads; but the read behind it is predicted to find it there.
  //
  //   read V    entry = V         predicted: V -> entry
  //   read W    entry = W         predicted: W -> entry
  //   write V   entry = V again, from the second level; denied
  //   read V    predicted, and right?
  it("an entry that came back with a denied access leads to its page, not to the one before", () => {
    const layout = typicalLayout("arm64");
    const tables = begin(core, layout, { cpu: TINY });
    const [v, w] = [0x1000n, 0x2000n];
    // Valid page, AP[2:1] = 11, AF, nG; no DBM: read-only.
    tables.map({ va: v, pa: 0x5000n, bits: 0xcc3n });
    tables.map({ va: w, pa: 0x10_0000n });
    expect(address(core, read(v))).toBe(0x5000n);
    expect(address(core, read(w))).toBe(0x10_0000n);
    expect(address(core, write(v))).toBeNull();
    expect(core.stopBlock()).toMatchObject({ fault: FaultKind.Permission, fromTlb: true });
    expect(address(core, read(v))).toBe(0x5000n);
  });

  it("a prediction for another page with the same bits 21:12 is only a wrong guess", () => {
    const tables = begin(core, typicalLayout("x86-64"));
    const alike = [0x1000n, 0x40_1000n, 0x80_1000n, 0x7000_0000_1000n, 0xffff_8000_0000_1000n];
    alike.forEach((va, i) => {
      tables.map({ va, pa: BigInt(i + 1) << 16n });
    });
    for (let time = 0; time < 3; time++) {
      expect(alike.map((va) => address(core, read(va)))).toEqual(
        alike.map((_, i) => BigInt(i + 1) << 16n),
      );
    }
    expect(core.counter(Counter.Walks)).toBe(BigInt(alike.length));
  });

  // 1 << 12 and 1 << 44 fold onto the same bit: flipping both leaves the tag as it was.
  it("pages whose keys fold to the same tag do not answer for each other", () => {
    const tables = begin(core, typicalLayout("x86-64"), { cpu: TINY });
    const folded = [0n, 1n, 2n, 4n].map((n) => (n << 12n) | (n << 44n));
    folded.forEach((va, i) => {
      tables.map({ va, pa: BigInt(i + 1) << 16n });
    });
    for (let time = 0; time < 3; time++) {
      expect(folded.map((va) => address(core, read(va)))).toEqual(
        folded.map((_, i) => BigInt(i + 1) << 16n),
      );
    }
    expect(core.counter(Counter.Walks)).toBe(BigInt(folded.length));
    expect(core.counter(Counter.L2Hit)).toBe(BigInt(2 * folded.length));
  });

  it("a flush or an invalidation leaves no prediction behind", () => {
    const tables = begin(core, typicalLayout("x86-64"));
    const forget = [
      () => core.exports.flushAll(),
      () => invalidatePage(core, 0x1000n),
      () => core.exports.setContext(1),
    ];
    forget.forEach((how, i) => {
      tables.map({ va: 0x1000n, pa: BigInt(i + 1) << 16n });
      core.exports.setContext(0);
      core.exports.flushAll();
      address(core, read(0x1000n));
      tables.map({ va: 0x1000n, pa: BigInt(i + 17) << 16n });
      how();
      expect(address(core, read(0x1000n))).toBe(BigInt(i + 17) << 16n);
    });
  });
});
