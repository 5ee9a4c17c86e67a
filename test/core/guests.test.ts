// Several guests on one core: each has its own second stage, and what is cached of one is no other's (VPID, EPTP, VMID).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Access } from "../../assembly/abi/stop.js";
import { MAX_GUESTS } from "../../assembly/abi/tlb.js";
import type { Core } from "../../src/core/core.js";
import type { InvalidationOperands } from "../../src/layout/invalidation.js";
import { bootGuest, type HandMade } from "./nested-support.js";
import { BUILDS, type Build } from "./support.js";

const PAGE = 4096n;
/** Leaves and tables of both stages, by architecture. `global`: of every context of a guest. */
const BITS = {
  "x86-64": { s2: 0x37n, s2Table: 0x7n, s1: 0x7n, s1Table: 0x7n, global: 0x107n },
  arm64: { s2: 0x7ffn, s2Table: 0x3n, s1: 0xc43n, s1Table: 0x3n, global: 0x443n },
} as const;
const ROOTS = 0x100_0000n;
/** Each guest's tables and pages, in host memory; where its guest-physical addresses lead. */
const hostOf = (guest: number, gpa: bigint): bigint => 0x1_0000_0000n * BigInt(guest + 1) + gpa;

/** The same small address space for each guest: VA page i is guest-physical page 64 + i, tables are at 0 to 3. */
const PAGES = 4;
const vaOf = (page: number): bigint => 0x4000_0000n + PAGE * BigInt(page);
const gpaOf = (page: number): bigint => PAGE * BigInt(64 + page);

class Guests {
  readonly core: Core;

  constructor(
    build: Build,
    readonly arch: HandMade,
    readonly count: number,
    global: boolean,
  ) {
    const { core, stage2 } = bootGuest(build, arch, { walkCaches: true });
    this.core = core;
    const bits = BITS[arch];
    const roots = Array.from({ length: count }, (_, guest) => ROOTS * BigInt(guest + 1));
    core.loadStage2(stage2, { root: roots, pageEntries: 32, tableEntries: 8 });
    for (let guest = 0; guest < count; guest++) {
      for (let table = 0; table < 4; table++) this.mapGuest(guest, PAGE * BigInt(table));
      for (let l = 3; l > 0; l--) {
        const index = (vaOf(0) >> BigInt(12 + 9 * l)) & 511n;
        core.poke(
          hostOf(guest, PAGE * BigInt(l)) + 8n * index,
          (PAGE * BigInt(l - 1)) | bits.s1Table,
        );
      }
      for (let page = 0; page < PAGES; page++) {
        this.mapGuest(guest, gpaOf(page));
        const leaf = global ? bits.global : bits.s1;
        core.poke(hostOf(guest, 0n) + 8n * ((vaOf(page) >> 12n) & 511n), gpaOf(page) | leaf);
      }
    }
    core.exports.setRoots(3n * PAGE, 3n * PAGE);
  }

  /** Maps a guest-physical page, `moved` pages from its usual place. */
  mapGuest(guest: number, gpa: bigint, moved = 0n): void {
    const { s2, s2Table } = BITS[this.arch];
    let at = ROOTS * BigInt(guest + 1);
    for (let l = 3; l > 0; l--) {
      const index = (gpa >> BigInt(12 + 9 * l)) & 511n;
      const below = ROOTS * BigInt(guest + 1) + PAGE * BigInt(l);
      this.core.poke(at + 8n * index, below | s2Table);
      at = below;
    }
    const leaf = (hostOf(guest, gpa) + moved) | s2;
    this.core.poke(at + 8n * ((gpa >> 12n) & 511n), leaf);
  }

  enter(guest: number, context: number): void {
    expect(this.core.exports.setGuest(guest)).toBeTruthy();
    expect(this.core.exports.setContext(context)).toBeTruthy();
  }

  /** Where a page lies, and whether a TLB knew. */
  look(page: number): { pa: bigint; known: boolean } {
    expect(this.core.translate(vaOf(page), Access.UserRead)).toBe(true);
    const { pa, fromTlb } = this.core.stopBlock();
    return { pa, known: fromTlb };
  }
}

/** What operations of the host take of guest 1, where guest 0 issues them (or guest 1, where they name the current one). */
type Named = readonly [name: string, operands: InvalidationOperands, from: number];
const NAMED: Record<HandMade, readonly Named[]> = {
  "x86-64": [
    ["INVEPT single", { guest: 1 }, 0],
    ["INVVPID address", { guest: 1, va: vaOf(0) }, 0],
    ["INVVPID context", { guest: 1 }, 0],
  ],
  arm64: [
    ["VMALLE1IS", {}, 1],
    ["VMALLS12E1IS", {}, 1],
  ],
};
const ALL: Record<HandMade, readonly string[]> = {
  "x86-64": ["INVEPT global", "INVVPID all"],
  arm64: ["ALLE1IS"],
};

describe.each(BUILDS)("%s build", (build) => {
  describe.each(["x86-64", "arm64"] as const)("%s", (arch) => {
    it.each([false, true])("guests do not see each other's translations (global: %s)", (global) => {
      const guests = new Guests(build, arch, 3, global);
      for (const round of [0, 1]) {
        for (let guest = 0; guest < 3; guest++) {
          guests.enter(guest, 5);
          const want = { pa: hostOf(guest, gpaOf(0)), known: round === 1 };
          expect(guests.look(0), `guest ${guest}`).toEqual(want);
        }
      }
      // Another context of a guest knows what is global there, and nothing else.
      guests.enter(1, 6);
      expect(guests.look(0)).toEqual({ pa: hostOf(1, gpaOf(0)), known: global });
    });

    it.each(NAMED[arch])(
      "%s takes what is cached of the guest it names",
      (name, operands, from) => {
        const guests = new Guests(build, arch, 2, false);
        for (const guest of [0, 1]) {
          guests.enter(guest, 5);
          guests.look(0);
        }
        guests.enter(from, 5);
        expect(guests.core.invalidateGuests(name, operands)).toBeGreaterThan(0);
        guests.enter(1, 5);
        expect(guests.look(0).known).toBe(false);
        guests.enter(0, 5);
        expect(guests.look(0).known).toBe(true);
      },
    );

    it.each(ALL[arch])("%s takes what is cached of every guest", (name) => {
      const guests = new Guests(build, arch, 3, true);
      for (const guest of [0, 1, 2]) {
        guests.enter(guest, 5);
        guests.look(0);
      }
      guests.core.invalidateGuests(name);
      for (const guest of [0, 1, 2]) {
        guests.enter(guest, 5);
        expect(guests.look(0).known).toBe(false);
      }
    });

    it("a guest's own instruction reaches its own translations alone", () => {
      const guests = new Guests(build, arch, 2, false);
      for (const guest of [1, 0]) {
        guests.enter(guest, 5);
        guests.look(0);
      }
      const [name, operands]: [string, InvalidationOperands] =
        arch === "x86-64" ? ["INVLPG", { va: vaOf(0) }] : ["VAE1IS", { va: vaOf(0), context: 5 }];
      expect(guests.core.invalidate(name, operands)).toBeGreaterThan(0);
      expect(guests.look(0).known).toBe(false);
      guests.enter(1, 5);
      expect(guests.look(0).known).toBe(true);
    });

    it("there are eight guests, each with 63 contexts; without a second stage there is one", () => {
      const { core } = new Guests(build, arch, 2, false);
      expect([core.exports.setGuest(MAX_GUESTS - 1), core.exports.setGuest(MAX_GUESTS)]).toEqual([
        1, 0,
      ]);
      expect([core.exports.setContext(62), core.exports.setContext(63)]).toEqual([1, 0]);
      if (arch === "arm64") {
        expect(() => core.invalidate("VAE1IS", { va: 0n, context: 63 })).toThrow(
          "arm64: VAE1IS: context 63, but a guest has 0 to 62",
        );
      } else {
        expect(() => core.invalidateGuests("INVEPT single", { guest: 8 })).toThrow(
          "x86-64-ept: INVEPT single: guest 8, but 0 to 7 is allowed",
        );
        expect(() => core.invalidateGuests("INVEPT single")).toThrow('needs operand "guest"');
        expect(() => core.invalidateGuests("INVEPT global", { guest: 1 })).toThrow(
          'takes no operand "guest"',
        );
      }
    });
  });
});

/** One step of a history: a look, or a page of the second stage moved and what the host does about it. */
const step = fc.record({
  guest: fc.nat(2),
  page: fc.nat(PAGES - 1),
  context: fc.nat(1),
  moves: fc.boolean(),
});

/** The host's way to make a page of the running guest's second stage anew: nothing stale may be left. */
const FLUSHES: Record<HandMade, (core: Core, guest: number, page: number) => void> = {
  "x86-64": (core, guest) => {
    core.invalidateGuests("INVEPT single", { guest });
  },
  // kvm_tlb_flush_vmid_ipa: by address, then all of stage 1, for combined entries have no guest-physical address.
  arm64: (core, _guest, page) => {
    core.invalidateGuests("IPAS2E1IS", { va: gpaOf(page) });
    core.invalidateGuests("VMALLE1IS");
  },
};

describe.each(["x86-64", "arm64"] as const)("histories of guests on %s", (arch) => {
  it.each([false, true])("never show a page that was given up (global: %s)", (global) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const guests = new Guests("release", arch, 3, global);
        const moved = new Map<string, bigint>();
        for (const { guest, page, context, moves } of steps) {
          const key = `${guest} ${page}`;
          guests.enter(guest, context);
          if (moves) {
            moved.set(key, (moved.get(key) ?? 0n) + 256n * PAGE);
            guests.mapGuest(guest, gpaOf(page), moved.get(key));
            FLUSHES[arch](guests.core, guest, page);
          }
          expect(guests.look(page).pa).toBe(hostOf(guest, gpaOf(page)) + (moved.get(key) ?? 0n));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("show it where the host forgets to flush: the test above can fail", () => {
    const guests = new Guests("release", arch, 1, false);
    guests.enter(0, 0);
    guests.look(1);
    guests.mapGuest(0, gpaOf(1), 256n * PAGE);
    expect(guests.look(1).pa).toBe(hostOf(0, gpaOf(1)));
  });
});
