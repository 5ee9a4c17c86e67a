// Second stages against the manuals in straight-line code (test/reference/second-stage.ts): entries of every form, right or
// damaged, on the way to one page of a guest.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import type { ModeInput } from "../../src/layout/mode.js";
import { stage2Code } from "../../src/layout/stage2.js";
import {
  armStage2,
  ept,
  gStage,
  type Memory,
  type Outcome,
  type Tried,
} from "../reference/second-stage.js";
import { bootGuest, type GuestArchitecture } from "./nested-support.js";

const PAGE = 4096n;
const ROOT = 0x4_0000n;
/** Of the guest's tables: in another part of the second stage's root than the page, so that their way stays whole. */
const TABLES = 0n;
const GPA = (1n << 39n) | (3n << 30n) | (5n << 21n) | (7n << 12n);
const VA = 0x4000_0000n;
/** Tables on the way to the page. */
const WAY = 0x10_0000n;

/** How each architecture writes things; what `perturb` then changes. */
interface Forms {
  /** Bits of the first stage: a table, a leaf of a user, of a supervisor. */
  readonly first: { readonly table: bigint; readonly user: bigint; readonly supervisor: bigint };
  readonly firstMode: ModeInput;
  /** An entry of the second stage. */
  readonly second: (pa: bigint, leaf: boolean, level: number) => bigint;
  readonly oracle: (memory: Memory, tried: Tried, mode: Record<string, unknown>) => Outcome;
  readonly modes: readonly Readonly<Record<string, boolean | number>>[];
  /** Entries that the model says it does not tell apart. */
  readonly excluded?: (entry: bigint, mode: Record<string, unknown>) => boolean;
  readonly rootIndexBits: bigint;
}

const pteOf = (pa: bigint, flags: bigint): bigint => ((pa >> 12n) << 10n) | flags;

const FORMS: Record<GuestArchitecture, Forms> = {
  "x86-64": {
    first: { table: 0x7n, user: 0x7n, supervisor: 0x3n },
    firstMode: { smep: false, smap: false, maxphyaddr: 46 },
    second: (pa, leaf, level) => pa | (leaf ? 0x37n | (level > 0 ? 0x80n : 0n) : 0x7n) | 0x400n,
    oracle: (memory, tried, mode) => ept(memory, ROOT, GPA, tried, mode as never),
    modes: [
      { ad: true, xo: true, mbec: false, maxphyaddr: 46 },
      { ad: false, xo: false, mbec: false, maxphyaddr: 40 },
      { ad: true, xo: true, mbec: true, maxphyaddr: 52 },
      { ad: true, xo: false, mbec: true, maxphyaddr: 46 },
    ],
    // Present by bit 10 alone (the head of arch/stage2/x86-64.ts).
    excluded: (entry, { mbec }) => mbec === true && (entry & 0x407n) === 0x400n,
    rootIndexBits: 9n,
  },
  arm64: {
    first: { table: 0x3n, user: 0x443n | (1n << 51n), supervisor: 0x403n | (1n << 51n) },
    firstMode: {},
    second: (pa, leaf, level) => pa | (leaf ? (level === 0 ? 0x7ffn : 0x7fdn) : 0x3n),
    oracle: (memory, tried, mode) => armStage2(memory, ROOT, GPA, tried, mode as never),
    modes: [
      { ha: true, hd: false, ps: 48 },
      { ha: false, hd: false, ps: 48 },
      { ha: true, hd: true, ps: 40 },
      { ha: false, hd: true, ps: 48 },
    ],
    rootIndexBits: 9n,
  },
  riscv64: {
    first: { table: 0x1n, user: 0xdfn, supervisor: 0xcfn },
    firstMode: { sv: 48, svnapot: false, svpbmt: false, svrsw60t59b: false },
    second: (pa, leaf) => pteOf(pa, leaf ? 0xdfn : 0x1n),
    oracle: (memory, tried, mode) => gStage(memory, ROOT, GPA, tried, mode as never),
    modes: [
      { sv: 48, svadu: true, mxr: false },
      { sv: 48, svadu: false, mxr: false },
      { sv: 48, svadu: true, mxr: true },
    ],
    rootIndexBits: 11n,
  },
};

const KINDS = ["read", "write", "fetch"] as const;
const example = fc.record({
  mode: fc.nat(3),
  kind: fc.constantFrom(...KINDS),
  supervisor: fc.boolean(),
  leafLevel: fc.constantFrom(0, 0, 1, 2, 3),
  // Bits that are turned over: which entry of the way, which bit. Low bits more often: they mean most.
  turned: fc.array(
    fc.tuple(fc.nat(3), fc.oneof(fc.nat(11), fc.integer({ min: 51, max: 63 }), fc.nat(63))),
    { maxLength: 3 },
  ),
});
type Example = typeof example extends fc.Arbitrary<infer T> ? T : never;

/** The machine of an example, and the entries on the way to its page. */
function build(arch: GuestArchitecture, one: Example) {
  const forms = FORMS[arch];
  const mode = forms.modes[one.mode % forms.modes.length] ?? {};
  const guest = bootGuest("release", arch, { mode: forms.firstMode, stage2Mode: mode });
  const { core, stage2 } = guest;
  const entryAt = (table: bigint, level: number, gpa: bigint): bigint => {
    const wide = level === 3 ? forms.rootIndexBits : 9n;
    return table + 8n * ((gpa >> BigInt(12 + 9 * level)) & ((1n << wide) - 1n));
  };
  // The guest's tables, each page to itself, by one large leaf.
  core.poke(entryAt(ROOT, 3, TABLES), forms.second(WAY + 8n * PAGE, false, 3));
  core.poke(entryAt(WAY + 8n * PAGE, 2, TABLES), forms.second(0n, true, 2));
  for (let level = 3; level > 0; level--) {
    const at = PAGE * BigInt(level) + 8n * ((VA >> BigInt(12 + 9 * level)) & 511n);
    const below = PAGE * BigInt(level - 1);
    const table = forms.first.table;
    core.poke(at, arch === "riscv64" ? pteOf(below, table) : below | table);
  }
  const leaf = one.supervisor ? forms.first.supervisor : forms.first.user;
  core.poke(8n * ((VA >> 12n) & 511n), arch === "riscv64" ? pteOf(GPA, leaf) : GPA | leaf);
  // The way to its page.
  const way: bigint[] = [];
  for (let level = 3; level >= one.leafLevel; level--) {
    const table = level === 3 ? ROOT : WAY + PAGE * BigInt(level);
    const isLeaf = level === one.leafLevel;
    const target = isLeaf ? 1n << 39n : WAY + PAGE * BigInt(level - 1);
    const turned = one.turned
      .filter(([which]) => which === level)
      .reduce((mask, [, at]) => mask ^ (1n << BigInt(at)), 0n);
    const entry = forms.second(target, isLeaf, level) ^ turned;
    fc.pre(forms.excluded?.(entry, mode) !== true);
    way.push(entryAt(table, level, GPA));
    core.poke(way.at(-1) ?? 0n, entry);
  }
  core.exports.setRoots(3n * PAGE, 3n * PAGE);
  core.loadStage2(stage2, { root: ROOT });
  return { core, stage2, forms, mode, way, tables: entryAt(WAY + 8n * PAGE, 2, TABLES) };
}

function play(arch: GuestArchitecture, one: Example): void {
  const { core, stage2, forms, mode, way } = build(arch, one);
  const tried = { kind: one.kind, supervisor: one.supervisor };
  const before = new Map(way.map((at) => [at, core.peek(at)]));
  const want = forms.oracle({ read: (pa) => core.peek(pa) }, tried, mode);
  const access = KINDS.indexOf(one.kind) + (one.supervisor ? Access.SupervisorRead : 0);
  const went = core.translate(VA, access);
  const stop = core.stopBlock();
  expect(went).toBe(want.code === null);
  if (want.code === null) {
    expect(stop.pa).toBe(want.pa);
    expect(1n << BigInt(stop.pageShift)).toBe(PAGE);
  } else {
    expect([stop.stage, stop.gpa]).toEqual([1, GPA]);
    if (want.misconfigured === true) expect(stop.fault).toBe(FaultKind.Reserved);
    else expect(stage2Code(stage2, stop)).toBe(want.code);
  }
  for (const [at, entry] of before) expect(core.peek(at)).toBe(want.written.get(at) ?? entry);
}

describe.each(["x86-64", "arm64", "riscv64"] as const)("the second stage of %s", (arch) => {
  it("does with entries of every form what the manual says", () => {
    fc.assert(
      fc.property(example, (one) => {
        play(arch, one);
      }),
      { numRuns: 200 },
    );
  });

  // EPT: reads of tables count as writes, and bit 8 is clear. arm64: S1PTW, and what the walk did. riscv64: what was tried.
  it.each(KINDS)("tells of a guest's table that is not there, for a %s", (kind) => {
    const one: Example = { mode: 0, kind, supervisor: false, leafLevel: 0, turned: [] };
    const { core, stage2, tables } = build(arch, one);
    core.poke(tables, 0n);
    expect(core.translate(VA, KINDS.indexOf(kind))).toBe(false);
    const stop = core.stopBlock();
    expect([stop.stage, stop.gpa]).toEqual([2, 3n * PAGE]);
    const guests = { read: 21, write: 23, fetch: 20 }[kind];
    expect(stage2Code(stage2, stop)).toBe({ "x86-64": 0x83, arm64: 0x85, riscv64: guests }[arch]);
  });
});
