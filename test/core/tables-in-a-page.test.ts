// Several page tables in one page: the geometry of ppc64 radix, where a last-level table takes 256 bytes.
//
// The walk against a plain one over a map; the tables that the simple mapper and the kernel make; and whole
// scripts, with the oracle watching, on an architecture that is nothing but two objects in the tests.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { radix, radixLinux } from "../../arch/fixtures/radix.js";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import { MmCore } from "../../src/core/mm.js";
import { compileLayout } from "../../src/layout/compile.js";
import { compileLinuxLayout } from "../../src/layout/linux-layout.js";
import { compilePagePolicy } from "../../src/layout/page-policy.js";
import { playScript } from "../../src/scenario/play-script.js";
import { parseScript } from "../../src/scenario/script.js";
import { scripts } from "../scenario/arbitrary-script.js";
import { BUILDS, type Build, coreOf, withPlainCpu } from "./support.js";
import { begin } from "./tables.js";

const KIB64 = compileLayout(radix);
const KIB4 = compileLayout(radix, { page: 4 });

it("has 13 + 9 + 9 + 5 index bits over 64 KiB, and 13 + 9 + 9 + 9 over 4 KiB", () => {
  const shape = (layout: typeof KIB64) =>
    layout.halves[0].levels.map(({ shift, indexBits }) => [shift, indexBits]);
  expect(shape(KIB64)).toEqual([
    [16, 5],
    [21, 9],
    [30, 9],
    [39, 13],
  ]);
  expect(shape(KIB4)).toEqual([
    [12, 9],
    [21, 9],
    [30, 9],
    [39, 13],
  ]);
});

const VALID = 1n << 63n;
const LEAF = 1n << 62n;

interface Drawn {
  readonly small: boolean;
  readonly vas: readonly bigint[];
  readonly frames: readonly bigint[];
  readonly bits: readonly bigint[];
  readonly leafAt: readonly number[];
  readonly accesses: readonly { va: number; access: number }[];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  small: fc.boolean(),
  // Close together, so that tables are shared and lie side by side.
  vas: fc.array(
    fc
      .tuple(fc.bigInt(0n, 3n), fc.bigInt(0n, 15n), fc.bigInt(0n, 2n ** 21n - 1n))
      .map(([a, b, c]) => (a << 39n) + (b << 21n) + c),
    { minLength: 1, maxLength: 12 },
  ),
  frames: fc.array(fc.bigInt(0n, 2n ** 30n), { minLength: 12, maxLength: 12 }),
  bits: fc.array(fc.bigInt(0n, 0xfffn), { minLength: 12, maxLength: 12 }),
  leafAt: fc.array(fc.constantFrom(0, 0, 0, 1, 2), { minLength: 12, maxLength: 12 }),
  accesses: fc.array(fc.record({ va: fc.nat(11), access: fc.nat(5) }), {
    minLength: 1,
    maxLength: 30,
  }),
});

/** Shifts and table sizes, as the header of the fixture has them. */
const levelsOf = (small: boolean) =>
  small
    ? [12, 21, 30, 39].map((shift, i) => ({ shift, entries: i === 3 ? 8192n : 512n }))
    : [16, 21, 30, 39].map((shift, i) => ({ shift, entries: [32n, 512n, 512n, 8192n][i] ?? 0n }));

/** Tables one behind the other, each aligned to its own size and no more. */
class Packed {
  readonly words = new Map<bigint, bigint>();
  private next = 0x4_0000n;
  readonly root: bigint;

  constructor(private readonly small: boolean) {
    this.root = this.take(3);
  }

  take(level: number): bigint {
    const bytes = 8n * (levelsOf(this.small)[level]?.entries ?? 0n);
    const at = (this.next + bytes - 1n) & ~(bytes - 1n);
    this.next = at + bytes;
    return at;
  }

  slot(table: bigint, level: number, va: bigint): bigint {
    const { shift = 0, entries = 1n } = levelsOf(this.small)[level] ?? {};
    return table + 8n * ((va >> BigInt(shift)) % entries);
  }

  map(va: bigint, frame: bigint, bits: bigint, leafAt: number): void {
    let table = this.root;
    for (let level = 3; level > leafAt; level--) {
      const at = this.slot(table, level, va);
      const entry = this.words.get(at) ?? VALID | this.take(level - 1);
      if ((entry & LEAF) !== 0n) return;
      this.words.set(at, entry);
      table = entry & ~VALID;
    }
    const at = this.slot(table, leafAt, va);
    if (this.words.has(at)) return;
    const shift = BigInt(levelsOf(this.small)[leafAt]?.shift ?? 0);
    const page = BigInt.asUintN(53, ((frame << 12n) >> shift) << shift);
    // C and R at random, too; nothing of the address below the page.
    this.words.set(at, VALID | LEAF | page | (bits & 0xfffn));
  }

  /** What the access comes to; updates R and C. */
  access(va: bigint, access: number): bigint | "absent" | "denied" {
    let table = this.root;
    for (let level = 3; ; level--) {
      const at = this.slot(table, level, va);
      const entry = this.words.get(at) ?? 0n;
      if ((entry & VALID) === 0n) return "absent";
      if ((entry & LEAF) === 0n) {
        table = entry & ~VALID;
        continue;
      }
      const needs = [4n, 2n, 1n][access % 3] ?? 0n;
      if ((entry & needs) === 0n || (access < 3 && (entry & 8n) !== 0n)) return "denied";
      const store = access % 3 === 1;
      this.words.set(at, entry | 0x100n | (store ? 0x80n : 0n));
      const shift = BigInt(levelsOf(this.small)[level]?.shift ?? 0);
      const page = ((entry & ~(VALID | LEAF)) >> shift) << shift;
      return page | BigInt.asUintN(Number(shift), va);
    }
  }
}

const RUNS: Record<Build, number> = { release: 400, debug: 100 };

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);

  it("every access is that of a plain walk, and so is every entry afterwards", () => {
    const property = fc.property(drawn, ({ small, vas, frames, bits, leafAt, accesses }) => {
      const packed = new Packed(small);
      vas.forEach((va, i) => {
        packed.map(va, frames[i] ?? 0n, bits[i] ?? 0n, leafAt[i] ?? 0);
      });
      const layout = small ? KIB4 : KIB64;
      core.loadLayout(layout);
      withPlainCpu(core, layout);
      core.loadDemand(null);
      core.reset(false);
      for (const [at, word] of packed.words) core.poke(at, word);
      core.exports.setRoots(packed.root, packed.root);
      for (const { va: index, access } of accesses) {
        const va = vas[index % vas.length] ?? 0n;
        const want = packed.access(va, access);
        const got = core.translate(va, access) ? core.stopBlock().pa : core.stopBlock().fault;
        const named = { absent: FaultKind.NotPresent, denied: FaultKind.Permission };
        expect(got).toBe(typeof want === "bigint" ? want : named[want]);
      }
      for (const [at, word] of packed.words) expect(core.peek(at)).toBe(word);
    });
    fc.assert(property, { numRuns: RUNS[build] });
  });

  it("the simple mapper puts sixteen last-level tables into 4 KiB", () => {
    const tables = begin(core, KIB64, { demand: compilePagePolicy(KIB64, "base") });
    const areas = Array.from({ length: 40 }, (_, i) => BigInt(i) << 21n);
    for (const va of areas) expect(core.translate(va, Access.UserWrite)).toBe(true);
    const places = areas.map((va) => core.peek(tables.entryAt(va, 1)) & ~VALID);
    expect(new Set(places).size).toBe(40);
    expect(new Set(places.map((at) => at >> 12n)).size).toBe(3);
    for (const at of places) expect(at % 256n).toBe(0n);
    for (const va of areas) {
      core.translate(va + 0x1234n, Access.UserRead);
      expect(core.stopBlock().pageShift).toBe(16);
    }
  });

  it("the kernel's tables of unequal size are recycled by their level", () => {
    core.reset(true);
    core.loadLayout(KIB64);
    withPlainCpu(core, KIB64);
    core.loadDemand(null);
    const { exports } = new MmCore(core, compileLinuxLayout(radixLinux, radix, KIB64), 64);
    const root = Number(exports.newTable(0, 3));
    const far = 2 ** 14 * 32;
    const page = fc.nat(200).map((i) => (i % 8) * far + i * 32);
    fc.assert(
      fc.property(fc.array(page, { minLength: 1, maxLength: 20 }), (pages) => {
        const slots = new Map(pages.map((at) => [at, exports.makeEntry(root, at, 0) >>> 0]));
        const view = new DataView(exports.memory.buffer);
        for (const [at, slot] of slots) {
          for (let i = 0; i < 32; i++) expect(view.getBigUint64(slot + 8 * i, true)).toBe(0n);
          for (let i = 0; i < 32; i++) view.setBigUint64(slot + 8 * i, BigInt(at + 1), true);
        }
        for (const [at, slot] of slots) {
          expect(exports.findEntry(root, at, 0) >>> 0).toBe(slot);
          expect(new DataView(exports.memory.buffer).getBigUint64(slot, true)).toBe(BigInt(at + 1));
          for (let i = 0; i < 32; i++) view.setBigUint64(slot + 8 * i, 0n, true);
        }
        exports.freeTables(root, 0, 2 ** 36, 0, 2 ** 36);
        expect(Number(exports.tableCount.valueOf())).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("Linux on it", () => {
  const core = coreOf("release");

  it.each([
    [65536, true],
    [65536, false],
    [4096, true],
  ])(
    "plays random scripts with pages of %i bytes as it must (R and C by hardware: %s)",
    (page, hwDirty) => {
      const property = fc.property(scripts(60), (text) => {
        const kernel = {
          version: "7.2",
          architecture: radix.name,
          softDirty: true,
          hwDirty,
          page,
          thp: "madvise" as const,
          mthp: new Map(),
          swap: true,
          costs: DEFAULT_COSTS,
          frames: 2 ** 31 / page,
        };
        const own = { architecture: radix, linux: radixLinux };
        const machine = { kernel, mode: {}, cpu: "plain", own };
        const { complaints } = playScript(core, parseScript(text, "r.scn"), machine, {
          check: true,
        });
        expect(complaints, text).toEqual([]);
      });
      fc.assert(property, { numRuns: 20, seed: 3 });
    },
  );
});
