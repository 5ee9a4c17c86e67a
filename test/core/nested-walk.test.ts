// The walk of a guest: how many entries it reads, what its TLB entries hold, whose fault it is, what is forgotten.

import { describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import { Access, FaultKind } from "../../assembly/abi/stop.js";
import { stage2Code } from "../../src/layout/stage2.js";
import { bootGuest, type Guest, type HandMade, mapOnDemand, references } from "./nested-support.js";
import { BUILDS, type Build } from "./support.js";

const PAGE = 4096n;

/** Host frames of hand-made machines: each guest page lies at another address, so that stages cannot be mixed up. */
const HOST = 0x10_0000_0000n;

interface Made extends Guest {
  readonly x86: boolean;
}

/** The leaf of the second stage for guest page `gpa`, at level `l`. */
const S2 = {
  "x86-64": { table: 0x7n, leaf: 0x37n, large: 0xb7n },
  arm64: { table: 0x3n, leaf: 0x7ffn, large: 0x7fdn },
} as const;
const S1 = {
  "x86-64": { table: 0x7n, leaf: 0x7n },
  arm64: { table: 0x3n, leaf: 0x443n | (1n << 51n) },
} as const;
const S2_ROOT = 0x100000n;
const S1_ROOT = 0x200000n;

/** Where the host keeps a guest's page. */
const hostOf = (gpa: bigint): bigint => HOST + gpa;

/** Maps guest-physical [gpa, + 4 KiB or 2 MiB) through 4 levels; each table at an address of its own. */
function mapSecond(
  core: Guest["core"],
  gpa: bigint,
  leaf: bigint,
  table: bigint,
  level = 0,
): bigint {
  let at = S2_ROOT;
  for (let l = 3; l > level; l--) {
    const entry = at + 8n * ((gpa >> BigInt(12 + 9 * l)) & 511n);
    const below = S2_ROOT + PAGE * (1n + BigInt(l) * 600n + ((gpa >> BigInt(12 + 9 * l)) & 511n));
    core.poke(entry, core.peek(entry) === 0n ? below | table : core.peek(entry));
    at = below;
  }
  const entry = at + 8n * ((gpa >> BigInt(12 + 9 * level)) & 511n);
  core.poke(entry, leaf);
  return entry;
}

const VA = 0x1234_5678_9000n & 0x7fff_ffff_f000n;
const GPA = 0x55_5000n;

/** A guest that maps VA to GPA by tables at guest-physical S1_ROOT + l pages; the second stage maps all of them. */
function make(
  build: Build,
  arch: HandMade,
  options: Parameters<typeof bootGuest>[2] = {},
  page: bigint = S2[arch].leaf,
): Made & { readonly leaves: bigint[]; readonly pageEntry: bigint } {
  const guest = bootGuest(build, arch, options);
  const { core } = guest;
  const s1 = S1[arch];
  const s2 = S2[arch];
  const leaves: bigint[] = [];
  for (let l = 3; l >= 0; l--) {
    const gpa = S1_ROOT + PAGE * BigInt(l);
    leaves.push(mapSecond(core, gpa, hostOf(gpa) | s2.leaf, s2.table));
    const index = (VA >> BigInt(12 + 9 * l)) & 511n;
    const entry = l === 0 ? GPA | s1.leaf : (gpa - PAGE) | s1.table;
    core.poke(hostOf(gpa) + 8n * index, entry);
  }
  const pageEntry = mapSecond(core, GPA, hostOf(GPA) | page, s2.table);
  core.exports.setRoots(S1_ROOT + PAGE * 3n, S1_ROOT + PAGE * 3n);
  core.loadStage2(guest.stage2, { root: S2_ROOT });
  return { ...guest, x86: arch === "x86-64", leaves, pageEntry };
}

const ARCHS = ["x86-64", "arm64"] as const;

describe.each(BUILDS)("%s build", (build) => {
  describe("a walk that finds nothing cached reads n·m + n + m entries", () => {
    it.each([
      ["x86-64", {}, {}, 24],
      ["x86-64", { levels: 5 }, {}, 29],
      ["x86-64", {}, { levels: 5 }, 29],
      ["x86-64", { levels: 5 }, { levels: 5 }, 35],
      ["arm64", {}, {}, 24],
      ["arm64", {}, { ipa: 40 }, 19],
      ["arm64", {}, { ipa: 34 }, 14],
      ["arm64", { granule: 16 }, { granule: 16, ipa: 48 }, 19],
      ["arm64", { granule: 64 }, { granule: 64, ipa: 46 }, 11],
      ["riscv64", { sv: 48, svadu: false }, { sv: 48 }, 24],
      ["riscv64", { sv: 39, svadu: false }, { sv: 39 }, 15],
      ["riscv64", { sv: 57, svadu: false }, { sv: 57 }, 35],
    ] as const)("%s %o over %o: %i", (arch, mode, stage2Mode, want) => {
      const guest = bootGuest(build, arch, { mode, stage2Mode, window: true });
      mapOnDemand(guest, "base", "base");
      const { core } = guest;
      for (let i = 0n; i < 40n; i++) core.translate(0x4000_0000n * i + PAGE * i, Access.UserRead);
      const { walks, loads } = references(core);
      expect([walks, loads / walks]).toEqual([40, want]);
    });

    it("and an assist, which walks again, counts as an assist alone", () => {
      const guest = bootGuest(build, "x86-64", { window: true });
      mapOnDemand(guest, "base", "base");
      const { core } = guest;
      core.translate(0x4000_0000n, Access.UserRead);
      const before = references(core);
      core.translate(0x4000_0000n, Access.UserWrite);
      expect(core.counter(Counter.DirtyAssist)).toBe(1n);
      expect(references(core)).toEqual(before);
    });

    it("and fewer where one of the stages maps larger pages", () => {
      const of = (pages: string, host: string): number => {
        const guest = bootGuest(build, "x86-64", { window: true });
        mapOnDemand(guest, pages, host);
        for (let i = 0n; i < 20n; i++) guest.core.translate(0x4000_0000n * i, Access.UserRead);
        const { walks, loads } = references(guest.core);
        return loads / walks;
      };
      // n levels over m: 3 over 4, 4 over 3, 3 over 3, 2 over 2.
      expect([of("2m", "4k"), of("base", "2m"), of("2m", "2m"), of("1g", "1g")]).toEqual([
        19, 19, 15, 8,
      ]);
    });
  });

  describe.each(ARCHS)("%s", (arch) => {
    it("translates by both stages, wherever the host keeps tables and page", () => {
      const { core } = make(build, arch);
      expect(core.translate(VA + 0x123n, Access.UserRead)).toBe(true);
      const stop = core.stopBlock();
      expect([stop.pa, stop.pageShift, stop.stage]).toEqual([hostOf(GPA) + 0x123n, 12, 0]);
      // The second access knows it by itself.
      core.translate(VA + 8n, Access.UserRead);
      expect(core.stopBlock()).toMatchObject({ fromTlb: true, pa: hostOf(GPA) + 8n });
    });

    it("a store sets dirty in both stages, and in the guest's tables' pages where reads count as writes", () => {
      const { core, leaves, pageEntry, x86, stage2 } = make(build, arch);
      core.translate(VA, Access.UserRead);
      const dirty = x86 ? 0x200n : 0x80n;
      expect(stage2.tablesWritten).toBe(x86);
      if (x86) {
        expect(leaves.map((entry) => core.peek(entry) & dirty)).toEqual([
          dirty,
          dirty,
          dirty,
          dirty,
        ]);
        expect(core.peek(pageEntry) & 0x300n).toBe(0x100n);
      }
      const guestLeaf = hostOf(S1_ROOT) + 8n * ((VA >> 12n) & 511n);
      core.translate(VA, Access.UserWrite);
      if (x86) {
        expect(core.peek(pageEntry) & 0x300n).toBe(0x300n);
        expect(core.peek(guestLeaf) & 0x60n).toBe(0x60n);
      }
      expect(core.counter(Counter.DirtyAssist)).toBe(x86 ? 1n : 0n);
    });

    it("a page that the second stage has not is its fault, with the guest-physical address", () => {
      const { core, stage2, pageEntry, x86 } = make(build, arch);
      core.poke(pageEntry, 0n);
      expect(core.translate(VA + 0x40n, Access.UserWrite)).toBe(false);
      const stop = core.stopBlock();
      expect(stop).toMatchObject({
        stage: 1,
        fault: FaultKind.NotPresent,
        gpa: GPA,
        level: 0,
        rights: 0,
      });
      expect(stage2Code(stage2, stop)).toBe(x86 ? 0x182 : 0x47);
      expect(core.counter(Counter.FaultNotPresent)).toBe(0n);
      expect(core.counter(Counter.SecondStageFaults)).toBe(1n);
      // What the host then maps, is found.
      core.poke(pageEntry, hostOf(GPA) | S2[arch].leaf);
      expect(core.translate(VA, Access.UserWrite)).toBe(true);
    });

    it("a table that the second stage has not is its fault, told as such", () => {
      const { core, stage2, leaves, x86 } = make(build, arch);
      core.poke(leaves[2] ?? 0n, 0n);
      expect(core.translate(VA, Access.UserRead)).toBe(false);
      const stop = core.stopBlock();
      const index = (VA >> 21n) & 511n;
      expect(stop).toMatchObject({ stage: 2, gpa: S1_ROOT + PAGE + 8n * index });
      // x86-64: bit 8 is clear, bits 0 and 1 are set, for the read counts as a write; arm64: S1PTW, a translation fault at level 3.
      expect(stage2Code(stage2, stop)).toBe(x86 ? 0x83 : 0x87);
    });

    it("a page that the second stage lets be read only is readable, and denies stores, also from the TLB", () => {
      const readOnly = arch === "x86-64" ? 0x35n : 0x77fn;
      const { core, stage2, x86 } = make(build, arch, {}, readOnly);
      expect(core.translate(VA, Access.UserRead)).toBe(true);
      expect(core.translate(VA, Access.UserWrite)).toBe(false);
      // Denied by the TLB's entry, which holds the rights of both.
      expect(core.stopBlock()).toMatchObject({ fault: FaultKind.Permission, fromTlb: true });
      core.exports.flushAll();
      expect(core.translate(VA, Access.UserWrite)).toBe(false);
      const stop = core.stopBlock();
      expect(stop).toMatchObject({ stage: 1, fault: FaultKind.Permission, gpa: GPA });
      expect(stage2Code(stage2, stop)).toBe(x86 ? 0x182 | (0b101 << 3) : 0x4f);
    });

    it("tables that may be read only: setting a flag in them is refused, and leaves no trace", () => {
      const readOnly = arch === "x86-64" ? 0x35n : 0x77fn;
      const { core, leaves, stage2, x86 } = make(build, arch);
      const [, , , last = 0n] = leaves;
      core.poke(last, hostOf(S1_ROOT) | readOnly);
      const guestLeaf = hostOf(S1_ROOT) + 8n * ((VA >> 12n) & 511n);
      if (!x86) core.poke(guestLeaf, core.peek(guestLeaf) & ~0x400n);
      const before = core.peek(guestLeaf);
      expect(core.translate(VA, Access.UserRead)).toBe(false);
      const stop = core.stopBlock();
      expect(stop).toMatchObject({ stage: 2, fault: FaultKind.Permission });
      expect(stage2Code(stage2, stop) & 0xc2).toBe(x86 ? 0x82 : 0xc2);
      expect(core.peek(guestLeaf)).toBe(before);
    });

    it("the smaller of both pages is what a TLB entry holds", () => {
      const { core } = make(build, arch);
      // 2 MiB in the guest, 4 KiB in the second stage.
      const large = arch === "x86-64" ? 0x87n : 0x441n | (1n << 51n);
      const block = 0x4000_0000n;
      core.poke(hostOf(S1_ROOT + PAGE) + 8n * ((VA >> 21n) & 511n), block | large);
      for (const page of [0n, 5n]) {
        const gpa = block + ((VA & 0x1f_ffffn) ^ (page * PAGE));
        mapSecond(core, gpa, hostOf(gpa) | S2[arch].leaf, S2[arch].table);
        expect(core.translate(VA ^ (page * PAGE), Access.UserRead)).toBe(true);
        expect(core.stopBlock()).toMatchObject({ pageShift: 12, pa: hostOf(gpa) });
      }
      // The guest's page goes whole, pieces and all.
      const [operation, operands] =
        arch === "x86-64"
          ? (["INVLPG", { va: VA ^ (7n * PAGE) }] as const)
          : (["VAE1IS", { va: VA ^ (7n * PAGE), context: 0 }] as const);
      expect(core.invalidate(operation, operands)).toBeGreaterThanOrEqual(2);
      // A page beside them is the second stage's fault, not what the guest's large page would say.
      core.translate(VA ^ (9n * PAGE), Access.UserRead);
      expect(core.stopBlock().stage).toBe(1);
    });
  });

  describe("what the second stage's caches hold", () => {
    it("saves what it saves", () => {
      const guest = bootGuest(build, "x86-64", { window: true });
      mapOnDemand(guest, "base", "base", { pageEntries: 16, tableEntries: 16 });
      const { core } = guest;
      for (let i = 0n; i < 64n; i++) core.translate(PAGE * i, Access.UserRead);
      const { walks, second } = references(core);
      // One entry for each new page, where its table is cached; the guest's four tables are cached pages.
      expect(walks).toBe(64);
      expect(second).toBeLessThan(64 + 40);
      expect(core.counter(Counter.SecondStagePageHits)).toBeGreaterThan(200n);
    });

    it("goes by address and as a whole", () => {
      const guest = make(build, "arm64");
      const { core, stage2, pageEntry } = guest;
      core.loadStage2(stage2, { root: S2_ROOT, pageEntries: 8 });
      core.translate(VA, Access.UserRead);
      const other = hostOf(GPA) + 0x100000n;
      core.poke(pageEntry, other | S2.arm64.leaf);
      const pa = (): bigint => {
        core.translate(VA, Access.UserRead);
        return core.stopBlock().pa;
      };
      expect(pa()).toBe(hostOf(GPA));
      // The second stage's own entry goes; what holds both stages at once stays.
      core.invalidateGuests("IPAS2E1IS", { va: GPA });
      expect(pa()).toBe(hostOf(GPA));
      core.invalidateGuests("VMALLE1IS");
      expect(pa()).toBe(other);
      core.poke(pageEntry, hostOf(GPA) | S2.arm64.leaf);
      // The other way round, the second stage's cache still knows the old one.
      core.invalidateGuests("VMALLE1IS");
      expect(pa()).toBe(other);
      core.invalidateGuests("VMALLS12E1IS");
      expect(pa()).toBe(hostOf(GPA));
    });

    it("INVEPT takes all, INVVPID what holds linear addresses", () => {
      const { core, stage2, pageEntry } = make(build, "x86-64");
      core.loadStage2(stage2, { root: S2_ROOT, pageEntries: 8 });
      core.translate(VA, Access.UserRead);
      const other = hostOf(GPA) + 0x100000n;
      core.poke(pageEntry, other | S2["x86-64"].leaf);
      const pa = (): bigint => {
        core.translate(VA, Access.UserRead);
        return core.stopBlock().pa;
      };
      core.invalidateGuests("INVVPID context", { guest: 0 });
      expect(pa()).toBe(hostOf(GPA));
      core.invalidateGuests("INVEPT single", { guest: 0 });
      expect(pa()).toBe(other);
    });
  });

  describe("EPT", () => {
    it.each([
      ["write without read", 0x2n, {}],
      ["memory type 2", 0x17n, {}],
      ["a reserved address bit", 0x37n | (1n << 50n), {}],
      ["execute-only where there is none", 0x34n, { xo: false }],
    ])("%s is a misconfiguration", (_name, bits, stage2Mode) => {
      const { core, stage2 } = make(build, "x86-64", { stage2Mode }, bits);
      expect(core.translate(VA, Access.UserRead)).toBe(false);
      const { stage, fault } = core.stopBlock();
      expect([stage, fault]).toEqual([1, FaultKind.Reserved]);
      expect(stage2.layout.architecture).toBe("x86-64-ept");
    });

    it("without accessed and dirty flags leaves entries alone, and reads of tables are reads", () => {
      const { core, leaves, pageEntry } = make(build, "x86-64", { stage2Mode: { ad: false } });
      const before = [...leaves, pageEntry].map((entry) => core.peek(entry));
      core.translate(VA, Access.UserWrite);
      expect([...leaves, pageEntry].map((entry) => core.peek(entry))).toEqual(before);
    });
  });

  describe("arm64's stage 2", () => {
    it("an access flag that software sets is a fault", () => {
      const { core, stage2 } = make(build, "arm64", { stage2Mode: { ha: false } }, 0x3ffn);
      expect(core.translate(VA, Access.UserRead)).toBe(false);
      const stop = core.stopBlock();
      expect(stop).toMatchObject({ stage: 1, fault: FaultKind.AccessFlag });
      expect(stage2Code(stage2, stop)).toBe(0x0b);
    });

    it("DBM makes a clean page writable, and the store dirty", () => {
      const clean = 0x77fn | (1n << 51n);
      const { core, pageEntry } = make(build, "arm64", { stage2Mode: { hd: true } }, clean);
      core.translate(VA, Access.UserRead);
      expect(core.peek(pageEntry) & 0x80n).toBe(0n);
      expect(core.translate(VA, Access.UserWrite)).toBe(true);
      expect(core.peek(pageEntry) & 0x80n).toBe(0x80n);
      expect(core.counter(Counter.DirtyAssist)).toBe(1n);
    });
  });
});
