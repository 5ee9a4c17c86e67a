// Programs over runs of entries do what the verbs do one by one: same entries, same copies, same records.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_PROGRAMS } from "../../assembly/abi/bulk.js";
import { FRAME_FLAGS, FRAME_MAPS, FRAME_REFS, FRAME_SPARE } from "../../assembly/abi/frames.js";
import type { Program } from "../../src/core/mm.js";
import { MmulateError } from "../../src/errors.js";
import { encodeProgram, type ProgramCase } from "../../src/layout/entry-program.js";
import { PROTECTION_NUMBERS, Pte } from "../../src/layout/linux-flags.js";
import { LAYOUT_NAMES, type MmMachine, mmMachine, peek } from "./mm-support.js";

const FRAMES = 16;
const RUN = 44;

/** What a slot of the run is filled with. */
type Filling =
  | { readonly kind: "none" }
  | { readonly kind: "leaf"; frame: number; prot: number; set: number }
  | { readonly kind: "absent"; type: number; set: number };

const SETTABLE = [Pte.write, Pte.dirty, Pte.young, Pte.softDirty, Pte.uffdWp, Pte.special];
const sumOf = (flags: readonly number[]) => flags.reduce((sum, each) => sum | each, 0);

const filling: fc.Arbitrary<Filling> = fc.oneof(
  fc.constant({ kind: "none" as const }),
  fc.record({
    kind: fc.constant("leaf" as const),
    frame: fc.integer({ min: 1, max: FRAMES - 1 }),
    prot: fc.constantFrom(...Object.values(PROTECTION_NUMBERS)),
    set: fc.subarray(SETTABLE).map(sumOf),
  }),
  fc.record({
    kind: fc.constant("absent" as const),
    type: fc.constantFrom(0, 31),
    set: fc.constantFrom(0, Pte.softDirty, Pte.uffdWp),
  }),
);

/** A run: stretches of entries that differ at most in the frame they map, as most tables hold. */
const fillings: fc.Arbitrary<Filling[]> = fc
  .array(fc.tuple(filling, fc.integer({ min: 1, max: 40 }), fc.nat({ max: FRAMES })), {
    minLength: RUN,
    maxLength: RUN,
  })
  .map((stretches) =>
    stretches
      .flatMap(([each, length, step]) =>
        Array.from({ length }, (_, i) =>
          each.kind === "leaf"
            ? { ...each, frame: 1 + ((each.frame + i * step) % (FRAMES - 1)) }
            : each,
        ),
      )
      .slice(0, RUN),
  );

const columns = fc.array(
  fc.record({
    word: fc.constantFrom(FRAME_REFS, FRAME_MAPS, FRAME_SPARE),
    add: fc.constantFrom(0, 1, 5),
    clear: fc.constantFrom(0, 1),
  }),
  { maxLength: 2 },
);

/** Cases for entries that are none, special, and mapped: those that fork and clear_refs have. */
const programCases: fc.Arbitrary<ProgramCase[]> = fc
  .record({
    clear: fc.subarray([Pte.write, Pte.young, Pte.softDirty]).map(sumOf),
    set: fc.subarray([Pte.uffdWp]).map(sumOf),
    copy: fc.option(
      fc.record({ clear: fc.subarray([Pte.young, Pte.uffdWp]).map(sumOf), set: fc.constant(0) }),
      { nil: undefined },
    ),
    columns,
    guard: fc.boolean(),
    special: fc.boolean(),
  })
  .map(({ clear, set, copy, columns: changes, guard, special }) => {
    const body = { clear, set, ...(copy === undefined ? {} : { copy }) };
    const guarded = guard
      ? [{ word: FRAME_FLAGS, guard: { mask: 3, value: 1 } }, ...changes]
      : changes;
    const cases: ProgramCase[] = [{ none: Pte.filled }];
    if (special) cases.push({ all: Pte.present | Pte.special, ...body });
    cases.push({ all: Pte.present, none: Pte.special, ...body, columns: guarded });
    return cases;
  });

describe.each(LAYOUT_NAMES)("a program on %s", (name) => {
  let machine: MmMachine;
  beforeAll(async () => {
    machine = await mmMachine(name, FRAMES);
  });

  function fill(entries: readonly Filling[], flags: readonly number[]): void {
    const { mmu, slot } = machine;
    entries.forEach((each, i) => {
      const at = slot + 8 * i;
      mmu.exports.clearEntry(at);
      mmu.exports.clearEntry(at + 8 * RUN);
      if (each.kind === "leaf") mmu.exports.makeLeaf(at, 0, each.frame, each.prot, each.set);
      if (each.kind === "absent") mmu.exports.makeAbsent(at, each.type, 7, each.set);
    });
    for (let frame = 1; frame < FRAMES; frame++) {
      const record = mmu.record(frame);
      mmu.words.fill(0, record, record + 8);
      mmu.words[record + (FRAME_FLAGS >>> 2)] = flags[frame % flags.length] ?? 0;
      mmu.words[record + (FRAME_REFS >>> 2)] = frame;
    }
  }

  /** Run, copies and records. */
  function state(): string[] {
    const { mmu, slot } = machine;
    const entries = Array.from({ length: 2 * RUN }, (_, i) => peek(mmu, slot + 8 * i).toString(16));
    const records = [...mmu.words.subarray(mmu.record(1), mmu.record(FRAMES))].map(String);
    return [...entries, ...records];
  }

  /** The same, one entry after the other, by the verbs. Returns where it stops. */
  function byVerbs(cases: readonly ProgramCase[]): number {
    const { mmu, slot } = machine;
    for (let i = 0; i < RUN; i++) {
      const at = slot + 8 * i;
      const flags = mmu.exports.entryFlags(at);
      const fit = cases.find(
        ({ all = 0, none = 0 }) =>
          ((none & Pte.filled) !== 0 ? flags === 0 : (flags & none) === 0) && (flags & all) === all,
      );
      if (fit === undefined) return i;
      if (flags === 0) continue;
      const record = mmu.record(mmu.exports.entryFrame(at, 0));
      const changes = fit.columns ?? [];
      const word = (offset: number) => record + (offset >>> 2);
      const broken = changes.some(
        ({ word: at2, guard }) =>
          guard !== undefined && ((mmu.words[word(at2)] ?? 0) & guard.mask) !== guard.value,
      );
      if (broken) return i;
      for (const { word: at2, clear = 0, add = 0 } of changes) {
        mmu.words[word(at2)] = ((mmu.words[word(at2)] ?? 0) & ~clear) + add;
      }
      mmu.exports.updateEntry(at, fit.clear ?? 0, fit.set ?? 0);
      if (fit.copy === undefined) continue;
      mmu.exports.copyEntry(at, at + 8 * RUN);
      mmu.exports.updateEntry(at + 8 * RUN, fit.copy.clear ?? 0, fit.copy.set ?? 0);
    }
    return RUN;
  }

  it("does to entries, copies and records what the verbs do, and stops where they would", () => {
    // The block of programs has room for a few; they are written over one another here.
    let loaded: Program | null = null;
    const property = fc.property(
      fillings,
      fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 5 }),
      programCases,
      (entries, flags, cases) => {
        const { mmu, slot } = machine;
        loaded ??= mmu.program(cases);
        new Uint8Array(mmu.exports.memory.buffer).set(
          encodeProgram(mmu.linux, cases),
          loaded.address,
        );
        fill(entries, flags);
        const stop = byVerbs(cases);
        const want = state();
        fill(entries, flags);
        expect(mmu.exports.apply(loaded.address, slot, slot + 8 * RUN, RUN)).toBe(stop);
        expect(state()).toEqual(want);
      },
    );
    fc.assert(property, { numRuns: 300, seed: 3 });
  });

  it("counts the entries of each case", () => {
    const { mmu, slot } = machine;
    const program = mmu.program([{ none: Pte.filled }, { all: Pte.present, clear: Pte.young }]);
    fill(
      Array.from({ length: RUN }, (_, i) =>
        i % 3 === 0
          ? { kind: "none" as const }
          : { kind: "leaf" as const, frame: 1, prot: PROTECTION_NUMBERS.r, set: 0 },
      ),
      [0],
    );
    mmu.exports.apply(program.address, slot, 0, RUN);
    expect(mmu.takeCount(program, 0)).toBe(Math.ceil(RUN / 3));
    expect(mmu.takeCount(program, 0)).toBe(0);
  });

  it("describes a run by gather as the verbs describe each entry", () => {
    const property = fc.property(fillings, (entries) => {
      const { mmu, slot } = machine;
      fill(entries, [0]);
      const told = [...mmu.gather(slot, RUN)];
      const want = entries.flatMap((_, i) => {
        const flags = mmu.exports.entryFlags(slot + 8 * i);
        const present = (flags & Pte.present) !== 0;
        return [flags, present ? mmu.exports.entryFrame(slot + 8 * i, 0) : 0];
      });
      expect(told).toEqual(want);
    });
    fc.assert(property, { numRuns: 50, seed: 4 });
  });

  it("tells stretches that are alike, none too long and none too short", () => {
    const property = fc.property(fillings, (entries) => {
      const { mmu, slot, hardware } = machine;
      fill(entries, [0]);
      const { exports } = mmu;
      const told = [...mmu.alike.subarray(0, 2 * mmu.gatherAlike(slot, RUN))];
      let at = 0;
      for (let run = 0; run < told.length; run += 2) {
        const [flags = 0, length = 0] = told.slice(run, run + 2);
        const stretch = entries.slice(at, at + length).map((_, i) => at + i);
        expect(stretch.map((i) => exports.entryFlags(slot + 8 * i))).toEqual(
          stretch.map(() => flags),
        );
        // The next one differs in more than its page, or one of the two maps none.
        const next = at + length;
        if (next < RUN) {
          const differ = peek(mmu, slot + 8 * at) ^ peek(mmu, slot + 8 * next);
          const page = hardware.halves[0].levels[0]?.leafAddress ?? 0n;
          const present = (flags & Pte.present) !== 0;
          expect(differ & (present ? ~page : ~0n)).not.toBe(0n);
        }
        at = next;
      }
      expect(at).toBe(RUN);
    });
    fc.assert(property, { numRuns: 100, seed: 8 });
  });

  it("tells stretches of pages whose frames say the same, but for those that stand apart", () => {
    const flags = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 });
    // One of them is no frame at all: a broken layout takes anything for a present entry.
    const frames = fc.array(fc.integer({ min: 1, max: FRAMES }), { minLength: 1, maxLength: RUN });
    const property = fc.property(frames, flags, fc.constantFrom(0, 2), (pages, of, apart) => {
      const { mmu, slot } = machine;
      const set = 0;
      const prot = PROTECTION_NUMBERS.r;
      fill(
        pages.map((frame) => ({ kind: "leaf", frame, prot, set })),
        of,
      );
      for (let frame = 1; frame < FRAMES; frame++)
        mmu.words[mmu.record(frame) + (FRAME_MAPS >>> 2)] = frame % 3;
      const said = (frame: number): readonly [flags: number, maps: number] =>
        frame < FRAMES ? [of[frame % of.length] ?? 0, frame % 3] : [0, 0];
      const want: number[][] = [];
      pages.forEach((frame, i) => {
        const alone = (said(frame)[0] & apart) !== 0;
        const last = want.at(-1);
        if (last !== undefined && !alone && `${said(pages[i - 1] ?? 0)}` === `${said(frame)}`)
          last[1] = (last[1] ?? 0) + 1;
        else want.push([frame, 1]);
      });
      expect([...mmu.gatherPages(slot, pages.length, apart)]).toEqual(want.flat());
    });
    fc.assert(property, { numRuns: 100, seed: 9 });
  });
});

describe("a program that does not fit its block", () => {
  it.each([
    ["cases", Array.from({ length: 25 }, () => ({ all: Pte.young }))],
    ["columns", [{ all: Pte.present, columns: Array.from({ length: 5 }, () => ({ word: 0 })) }]],
  ])("is refused: too many %s", async (what, cases) => {
    const { mmu } = await mmMachine("x86-64-7.0");
    const call = () => encodeProgram(mmu.linux, cases);
    expect(call).toThrow(MmulateError);
    expect(call).toThrow(`a program over entries has too many ${what}`);
  });

  it("is refused: too many programs", async () => {
    const { mmu } = await mmMachine("x86-64-7.0");
    for (let i = 0; i < MAX_PROGRAMS; i++) mmu.program([{ none: Pte.filled }]);
    expect(() => mmu.program([{ none: Pte.filled }])).toThrow(`more than ${MAX_PROGRAMS} programs`);
  });
});
