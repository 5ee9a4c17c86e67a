// Leaves that look alike: the core remembers what the last ones translated to (assembly/leaf-memo.ts), so
// that the next leaf with the same attributes need not be taken step by step.
//
// When is that wrong? When two leaves differ in anything that decides and are taken for alike, or when the
// address of one is read another way than that of the other. So: a random case, and beside its leaf a
// sibling in the same table, which differs in its address and in up to two bits. Accesses to both take
// turns, flushed in between so that each one walks; the oracle says of each what must come of it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLASS_LEAF, Access as Kind } from "../../assembly/abi/stop.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { Access } from "../reference/vector.js";
import { ARBITRARY, verdict } from "./oracle.js";
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  accessCode,
  attempt,
  BUILDS,
  type Build,
  type Case,
  coreOf,
  descriptorOf,
  modeOf,
  Player,
  tablesNow,
  typicalLayout,
  withPlainCpu,
} from "./support.js";
import { begin } from "./tables.js";

/** The bit that marks a contiguous group. */
const HINT: Record<ArchitectureName, bigint> = {
  "x86-64": 0n,
  arm64: 1n << 52n,
  riscv64: 1n << 63n,
};

/** No contiguous hint: a group of one would be no group. */
function withoutHints(drawn: Case): Case {
  const hint = HINT[drawn.arch];
  return { ...drawn, tables: drawn.tables.map(([at, value]) => [at, value & ~hint]) };
}

/** Bits that may hold an address, in any format; a sibling takes those of another page. */
const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
const ADDRESS_FIELDS: Record<ArchitectureName, bigint> = {
  "x86-64": ADDRESS_BITS,
  arm64: ADDRESS_BITS | 0x300n,
  riscv64: 0x003f_ffff_ffff_fc00n,
};

const sibling = fc.record({
  address: fc.bigInt(0n, 2n ** 64n - 1n),
  keepsAddress: fc.boolean(),
  flips: fc.array(fc.nat(63), { maxLength: 2 }),
});

const turn = fc.record({
  second: fc.boolean(),
  flush: fc.boolean(),
  kind: fc.record({
    type: fc.constantFrom<Access["type"]>("read", "read", "write", "fetch"),
    mode: fc.constantFrom<Access["mode"]>("user", "user", "supervisor"),
  }),
});

type Drawn<T> = T extends fc.Arbitrary<infer Value> ? Value : never;

/** The case with the sibling in its tables, and the sibling's address; null where there is no leaf. */
function withSibling(player: Player, drawn: Case, other: Drawn<typeof sibling>) {
  const { core } = player;
  core.exports.enableLog(true);
  player.prepare(drawn);
  core.translate(drawn.access.va, accessCode(drawn.access));
  const leaf = core.walkSteps().at(-1);
  core.exports.enableLog(false);
  if (leaf === undefined || leaf.entryClass !== CLASS_LEAF) return null;

  const { halves, selectBit } = compileLayout(descriptorOf(drawn.arch), modeOf(drawn));
  const half = halves[(drawn.access.va >> BigInt(selectBit)) & 1n ? 1 : 0];
  const shift = BigInt(half.levels[leaf.level]?.shift ?? 0);
  const va = drawn.access.va ^ (1n << shift);
  const index = (drawn.access.va >> shift) & 1n;
  const at = index === 0n ? leaf.pa + 8n : leaf.pa - 8n;

  const field = ADDRESS_FIELDS[drawn.arch];
  const address = other.keepsAddress ? leaf.entry & field : other.address & field;
  const flips = other.flips.map((bit) => (1n << BigInt(bit)) & ~HINT[drawn.arch]);
  const value = flips.reduce((entry, bit) => entry ^ bit, leaf.entry);
  const tables = new Map(drawn.tables);
  if (tables.has(at)) return null;
  tables.set(at, (value & ~field) | address);
  return { drawn: { ...drawn, tables: [...tables] }, va };
}

const RUNS: Record<Build, number> = { release: 1200, debug: 300 };

describe.each(BUILDS)("on the %s build", (build) => {
  const player = new Player(coreOf(build), withPlainCpu);
  const { core } = player;

  it.each(ARCHITECTURE_NAMES)("a leaf of %s is not taken for its sibling", (arch) => {
    const turns = fc.array(turn, { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(ARBITRARY[arch]().map(withoutHints), sibling, turns, (drawn, other, taken) => {
        const pair = withSibling(player, drawn, other);
        fc.pre(pair !== null);
        if (pair === null) return;
        player.prepare(pair.drawn);
        for (const { second, flush, kind } of taken) {
          if (flush) core.exports.flushAll();
          const va = second ? pair.va : drawn.access.va;
          const tables = [...tablesNow(core, pair.drawn.tables)];
          const now: Case = { ...pair.drawn, tables, access: { va, ...kind } };
          expect(verdict(now, attempt(core, now))).toBeNull();
        }
      }),
      { numRuns: RUNS[build] },
    );
  });

  // The same bits in an entry mean another thing elsewhere in the tree, or under another mode.
  describe("an entry with the same bits", () => {
    const machine = coreOf(build);
    const X86 = typicalLayout("x86-64");
    const PA = 0x40_0000_0000n;
    /** P, U/S, A, D: nothing to update. */
    const SETTLED = 0b1100101n;
    const WRITABLE = 2n;

    it("below a table that restricts has fewer rights", () => {
      const tables = begin(machine, X86);
      const [free, bound] = [0n, 1n << 30n];
      for (const va of [free, bound]) tables.map({ va, pa: PA, bits: SETTLED | WRITABLE });
      const upper = tables.entryAt(bound, 1);
      machine.poke(upper, machine.peek(upper) & ~WRITABLE);
      for (let time = 0; time < 3; time++) {
        machine.exports.flushAll();
        expect(machine.translate(free, Kind.UserWrite)).toBe(true);
        expect(machine.translate(bound, Kind.UserWrite)).toBe(false);
      }
    });

    it("at another level is another page: bit 7 is PAT in a PTE, page size in a PDE", () => {
      const tables = begin(machine, X86);
      const [small, large] = [0n, 1n << 30n];
      tables.map({ va: small, pa: PA, bits: SETTLED | 0x80n });
      tables.map({ va: large, pa: PA, level: 1, bits: SETTLED | 0x80n });
      for (let time = 0; time < 3; time++) {
        machine.exports.flushAll();
        machine.translate(large + 0x1_2340n, Kind.UserRead);
        expect(machine.stopBlock()).toMatchObject({ pa: PA + 0x1_2340n, pageShift: 21 });
        machine.translate(small, Kind.UserRead);
        expect(machine.stopBlock()).toMatchObject({ pa: PA, pageShift: 12, level: 0 });
      }
    });

    it("is judged anew under another layout", () => {
      const tables = begin(machine, typicalLayout("x86-64", { wp: false }));
      const supervisorReadOnly = SETTLED & ~0b100n;
      tables.map({ va: 0n, pa: PA, bits: supervisorReadOnly });
      for (let time = 0; time < 3; time++) {
        machine.exports.flushAll();
        expect(machine.translate(0n, Kind.SupervisorWrite)).toBe(true);
      }
      machine.loadLayout(typicalLayout("x86-64", { wp: true }));
      expect(machine.translate(0n, Kind.SupervisorWrite)).toBe(false);
    });
  });
});
