/**
 * What the walk's fast paths are told of a level. Plain tables: an entry that fits must be one in which no
 * step between "read" and "descend" finds anything. Leaf attributes: two leaves of a level that agree in
 * them must differ in nothing but the page they map.
 *
 * The steps are done here one by one, as the core does them without a fast path. For x86-64 and arm64 the
 * test on plain tables is exact: whatever passes the steps fits. For random descriptors it only never fits
 * too much.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { riscv64 } from "../../arch/riscv64.js";
import type { Descriptor, DescriptorInput } from "../../arch/schema.js";
import { x8664 } from "../../arch/x86-64.js";
import { CLASS_LEAF, CLASS_TABLE } from "../../assembly/abi/stop.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf, CompiledLevel, MaskValue } from "../../src/layout/compiled.js";
import type { Mode } from "../../src/layout/mode.js";
import { classify, leafAddressOf, levelOf, tableAddressOf } from "./entries.js";
import { arbitraryMode } from "./modes.js";
import { indexOf, restrictionsOf } from "./rights.js";
import { oddities, variantOf } from "./variants.js";
import { hexText } from "./words.js";

const ALL_ONES = 2n ** 64n - 1n;
const NEVER: MaskValue = { mask: 0n, value: 1n };
const SHIPPED = [x8664, arm64, riscv64];

function fits({ mask, value }: MaskValue, entry: bigint): boolean {
  return (entry & mask) === value;
}

/** The first step of a walk that finds something in an entry, "plain" where none does. */
function finding(half: CompiledHalf, level: CompiledLevel, entry: bigint): string {
  const kind = classify(half, level, entry);
  if (kind !== "table") return kind;
  const address = tableAddressOf(level, entry);
  if ((address & half.addressLimit) !== 0n) return "address size";
  if ((entry & level.highAddress) !== 0n) return "high address";
  if (restrictionsOf(half, entry) !== 0) return "restricts";
  if ((entry | half.tableSet) !== entry) return "not accessed";
  return "plain";
}

/** Bits to flip: none, or few. */
const FLIPS = fc
  .array(fc.nat(63), { maxLength: 3 })
  .map((bits) => bits.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n));
const WORDS = fc.bigInt({ min: 0n, max: ALL_ONES });

interface Sample {
  /** Of the address: many bits, few bits, none. */
  readonly address: bigint;
  readonly flips: bigint;
}
const SAMPLES = fc.array(
  fc.record({ address: fc.oneof(WORDS, FLIPS, fc.constant(0n)), flips: FLIPS }),
  { minLength: 40, maxLength: 40 },
);

/** The entry of a table as the walk leaves it behind, with any address in the main field. */
function usedTable(half: CompiledHalf, level: CompiledLevel, address: bigint): bigint {
  return half.tableTemplate | half.tableSet | (address & level.tableAddress);
}

/** Entries near the one a kernel writes, and near the one that fits. */
function* entriesNear(
  half: CompiledHalf,
  level: CompiledLevel,
  samples: readonly Sample[],
): Generator<bigint> {
  for (const { address, flips } of samples) {
    yield address;
    yield usedTable(half, level, address) ^ flips;
    yield usedTable(half, level, 0n) ^ flips;
    yield level.plainTable.value ^ flips;
    yield (level.plainTable.value | (address & ~level.plainTable.mask)) ^ flips;
  }
}

function levelsOf(descriptor: Descriptor, mode: Mode): (readonly [CompiledHalf, CompiledLevel])[] {
  return compileLayout(descriptor, mode).halves.flatMap((half) =>
    half.levels.map((level) => [half, level] as const),
  );
}

describe.each(SHIPPED)("a plain table of $name", (descriptor) => {
  const CASES = fc.record({ mode: arbitraryMode(descriptor), samples: SAMPLES });

  it("is exactly an entry in which no step of the walk finds anything", () => {
    const found = new Map<string, number>();
    fc.assert(
      fc.property(CASES, ({ mode, samples }) => {
        const wrong: string[] = [];
        for (const [half, level] of levelsOf(descriptor, mode)) {
          for (const entry of entriesNear(half, level, samples)) {
            const what = finding(half, level, entry);
            if (fits(level.plainTable, entry) !== (what === "plain")) {
              wrong.push(`${level.name} ${hexText(entry)}: ${what}`);
            }
            found.set(what, 1 + (found.get(what) ?? 0));
          }
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60, seed: 1 },
    );
    // The sample means something only if every step has found something often enough.
    const steps: Record<string, string[]> = {
      "x86-64": ["reserved", "restricts", "not accessed"],
      arm64: ["address size", "high address", "restricts"],
    };
    for (const step of ["plain", "not-present", "leaf", ...(steps[descriptor.name] ?? [])]) {
      expect([step, (found.get(step) ?? 0) > 100]).toEqual([step, true]);
    }
  });

  it("is the one a kernel makes, once a walk has used it, at every level that has tables", () => {
    fc.assert(
      fc.property(arbitraryMode(descriptor), WORDS, (mode, word) => {
        for (const [half, level] of levelsOf(descriptor, mode)) {
          const hasTables = level.types.includes(CLASS_TABLE);
          expect(hasTables).toBe(level.level > 0);
          if (!hasTables) {
            expect(level.plainTable).toEqual(NEVER);
            continue;
          }
          const outside = half.addressLimit >> BigInt(level.addressShift);
          const entry = usedTable(half, level, word & ~outside & ~level.tableReserved);
          expect(finding(half, level, entry)).toBe("plain");
          expect(fits(level.plainTable, entry)).toBe(true);
        }
      }),
      { numRuns: 100, seed: 2 },
    );
  });
});

describe("the plain table", () => {
  const CITE = "TEST, no real hardware";
  const plainAt = (descriptor: Descriptor, level: number, mode = {}) =>
    levelOf(compileLayout(descriptor, mode).halves[0], level).plainTable;

  // The numbers by hand: type P=1 PS=0, RW and US set, A set; XD and address bits above 45 clear.
  it("of x86-64 is 0x27 in the bits that count", () => {
    const mode = { ...x8664.typical.values };
    const mask = 0x800f_c000_0000_00a7n;
    for (const level of [1, 2, 3]) {
      expect(plainAt(x8664, level, mode)).toEqual({ mask, value: 0x27n });
    }
  });

  // Valid, a table; APTable, UXNTable and PXNTable clear; no address bit above 47 with 64 KiB granules.
  it("of arm64 is 3 in the bits that count", () => {
    const limits = 0x7800_0000_0000_0000n;
    expect(plainAt(arm64, 2)).toEqual({ mask: limits | 3n, value: 3n });
    expect(plainAt(arm64, 1, { ips: 40 })).toEqual({
      mask: limits | 0x0000_ff00_0000_0003n,
      value: 3n,
    });
    expect(plainAt(arm64, 1, { granule: 64 })).toEqual({ mask: limits | 0xf003n, value: 3n });
    const lpa2 = { ds: true, ips: 52, t0sz: 12 };
    expect(plainAt(arm64, 4, lpa2)).toEqual({ mask: limits | 0x303n, value: 3n });
  });

  it("asks for clear limits also where hierarchical permissions are off: the walk notes them", () => {
    expect(plainAt(arm64, 2, { hpd0: true })).toEqual(plainAt(arm64, 2));
  });

  it("is none where a forbidden form fits an entry that is plain otherwise", () => {
    const form = (fields: Record<string, number>, of: "any" | "leaf" | "table" = "table") =>
      plainAt(variantOf({ forbidden: [{ fields, of, levels: [1], cite: CITE }] }), 1);
    const plain = plainAt(x8664, 1);
    expect(form({ PCD: 1 })).toEqual(NEVER);
    expect(form({ PCD: 1, RW: 1 }, "any")).toEqual(NEVER);
    expect(form({ PCD: 1, RW: 0 })).toEqual(plain);
    expect(form({ PS: 1 })).toEqual(plain);
    expect(form({ PCD: 1 }, "leaf")).toEqual(plain);
  });

  it("is none where no mask and value tell tables from other entries", () => {
    const row = (fields: Record<string, number>, is: "leaf" | "table" | "not-present") => ({
      fields,
      is,
      cite: CITE,
    });
    // Tables are P with RW or US but not both: what all have in common, P, leaves have too.
    const types = [
      row({ P: 0 }, "not-present"),
      row({ RW: 1, US: 0 }, "table"),
      row({ RW: 0, US: 1 }, "table"),
      row({ P: 1 }, "leaf"),
    ];
    expect(plainAt(variantOf({ types }), 1)).toEqual(NEVER);
    const alone = row({ RW: 1, US: 1 }, "table");
    expect(plainAt(variantOf({ types: [alone] }), 1)).not.toEqual(NEVER);
  });

  it("is none where two steps ask for opposite bits", () => {
    const reserved = [{ bits: [1, 1] as [number, number], of: "table" as const, cite: CITE }];
    expect(plainAt(variantOf({ reserved }), 1)).toEqual(NEVER);
    const only = [{ bits: [1, 1] as [number, number], of: "leaf" as const, cite: CITE }];
    expect(plainAt(variantOf({ reserved: only }), 1)).not.toEqual(NEVER);
  });

  it("needs no accessed bit where walks do not set it in tables", () => {
    const { inTables: _, ...accessed } = structuredClone(x8664.accessed);
    const { mask } = plainAt(variantOf({ accessed }), 1);
    expect(mask & 0x20n).toBe(0n);
  });
});

// --- Random descriptors ----------------------------------------------------------------------

const CITE = "TEST, random";
const TYPE_NAMES = ["P", "RW", "US", "PWT", "PCD", "A", "PS"];

/** Values of up to three of these bits. */
function bitsOf(names: readonly string[]): fc.Arbitrary<Record<string, number>> {
  return fc
    .subarray([...names], { minLength: 1, maxLength: Math.min(3, names.length) })
    .chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, fc.nat(1)]))));
}
/** PATL, bit 12, is an address bit of a base page here. */
const FIELDS = bitsOf([...TYPE_NAMES, "XD", "PATL"]);
const KINDS = fc.constantFrom("leaf" as const, "table" as const, "any" as const);

const TYPES = fc.array(
  fc.record({
    fields: bitsOf(TYPE_NAMES),
    is: fc.constantFrom("table" as const, "table" as const, "leaf" as const, "reserved" as const),
    cite: fc.constant(CITE),
  }),
  { minLength: 1, maxLength: 4 },
);
const FORBIDDEN = fc.array(fc.record({ fields: FIELDS, of: KINDS, cite: fc.constant(CITE) }), {
  maxLength: 3,
});
const RESERVED = fc.array(
  fc.record({
    bits: fc
      .tuple(fc.nat(63), fc.nat(6))
      .map(([low, more]): [number, number] => [Math.min(63, low + more), low]),
    of: KINDS,
    cite: fc.constant(CITE),
  }),
  { maxLength: 2 },
);
/** A hint that uses address bits, as riscv64's does. */
const CONTIGUOUS = fc.array(
  fc.record({
    level: fc.nat(1),
    log2: fc.constant(1),
    fields: bitsOf(["G", "PATL"]),
    cite: fc.constant(CITE),
  }),
  { maxLength: 1 },
);
const LIMITS = fc.option(fc.integer({ min: 20, max: 56 }), { nil: undefined });

const VARIANTS = fc
  .record({
    types: TYPES,
    forbidden: FORBIDDEN,
    reserved: RESERVED,
    contiguous: CONTIGUOUS,
    restricts: fc.tuple(fc.nat(1), fc.nat(1), fc.nat(1)),
    inTables: fc.boolean(),
    limit: LIMITS,
    high: fc.boolean(),
  })
  .map(({ restricts, inTables, limit, high, ...rows }): Descriptor => {
    const [rw = 0, us = 0, xd = 0] = restricts;
    const address: DescriptorInput["address"] = [{ bits: [47, 12], at: 12, cite: CITE }];
    if (high) address.push({ bits: [51, 48], at: 52, cite: CITE });
    return variantOf({
      ...rows,
      address,
      addressLimit: limit === undefined ? undefined : { bits: limit, cite: CITE },
      accessed: { ...structuredClone(x8664.accessed), inTables },
      permissions: {
        leaf: ["RW", "US"],
        table: [
          { field: "RW", restricts: rw },
          { field: "US", restricts: us },
          { field: "XD", restricts: xd },
        ],
        rows: [],
      },
      keys: undefined,
    });
  });

/** Entries that the test takes for plain tables, each with what a walk finds in it. */
function fittingIn(half: CompiledHalf, level: CompiledLevel, samples: readonly Sample[]) {
  return [...entriesNear(half, level, samples)]
    .filter((entry) => fits(level.plainTable, entry))
    .map((entry) => ({
      where: `${level.name} ${hexText(entry)}`,
      what: finding(half, level, entry),
    }));
}

describe("a plain table of any descriptor", () => {
  it("is one in which no step of the walk finds anything", () => {
    let [tested, plain, none] = [0, 0, 0];
    fc.assert(
      fc.property(VARIANTS, SAMPLES, (descriptor, samples) => {
        const [half] = compileLayout(descriptor).halves;
        for (const level of half.levels) {
          const fitting = fittingIn(half, level, samples);
          expect(fitting.filter(({ what }) => what !== "plain")).toEqual([]);
          if (level.plainTable.mask === 0n) none++;
          plain += fitting.length;
          tested++;
        }
      }),
      { numRuns: 150, seed: 3 },
    );
    // Enough levels with such a test, and without, and enough entries that fit.
    expect(none).toBeGreaterThan(tested / 10);
    expect(none).toBeLessThan((tested * 9) / 10);
    expect(plain).toBeGreaterThan(1000);
  });

  it("is so for the descriptor of oddities, in any mode", () => {
    const descriptor = oddities();
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(arbitraryMode(descriptor), SAMPLES, (mode, samples) => {
        for (const [half, level] of levelsOf(descriptor, mode)) {
          seen.add(level.plainTable.mask === 0n);
          const fitting = fittingIn(half, level, samples);
          expect(fitting.filter(({ what }) => what !== "plain")).toEqual([]);
        }
      }),
      { numRuns: 30, seed: 4 },
    );
    expect(seen).toEqual(new Set([true, false]));
  });
});

// --- Leaf attributes -------------------------------------------------------------------------

/** All that a walk sees in a leaf but the page in its main address field. */
function meaningOf(half: CompiledHalf, level: CompiledLevel, leaf: bigint): string {
  const { keys } = half;
  const seen = {
    kind: classify(half, level, leaf),
    tooHigh: (leafAddressOf(level, leaf) & half.addressLimit) !== 0n,
    high: leaf & level.highAddress,
    index: indexOf(half, leaf, []),
    key: keys === null ? 0n : (leaf >> BigInt(keys.rotate)) & BigInt(keys.mask),
    accessed: fits(half.accessed, leaf),
    dirty: fits(half.dirty, leaf),
    global: fits(half.global, leaf),
    group: level.groupShift !== 0 && fits(level.group, leaf),
  };
  return Object.values(seen).join();
}

/** Entry bits of the main field that hold address bits a leaf may set: from the page up to the output size. */
function legalAddressBits(level: CompiledLevel, field: [number, number], end: number): bigint {
  const low = Math.max(field[1], level.shift);
  const high = Math.min(field[0], end - 1);
  return high < low ? 0n : 2n ** BigInt(high + 1) - 2n ** BigInt(low);
}

/** Whether the type bits say so. */
function isLeaf(half: CompiledHalf, level: CompiledLevel, entry: bigint): boolean {
  return level.types[Number((entry >> BigInt(half.typeShift)) & 0xffn)] === CLASS_LEAF;
}

/** Whether a walk remembers it: well-formed, and of no contiguous group. */
function isRemembered(half: CompiledHalf, level: CompiledLevel, entry: bigint): boolean {
  if (!isLeaf(half, level, entry) || classify(half, level, entry) !== "leaf") return false;
  return level.groupShift === 0 || !fits(level.group, entry);
}

/** Leaves that agree with a remembered one in the attributes of their level, but not in what they mean. */
function misjudged(descriptor: Descriptor, mode: Mode, samples: readonly Sample[]): string[] {
  return levelsOf(descriptor, mode).flatMap(([half, level]) => {
    const legal = ALL_ONES & ~level.leafAttributes;
    return samples.flatMap(({ address, flips }) => {
      const leaf = (level.leafTemplate ?? half.tableTemplate) ^ flips;
      const like = (leaf & level.leafAttributes) | (address & legal);
      if (!isRemembered(half, level, leaf)) return [];
      const same = meaningOf(half, level, leaf) === meaningOf(half, level, like);
      return same ? [] : [`${level.name} ${hexText(leaf)} and ${hexText(like)}`];
    });
  });
}

describe("the attributes of a leaf", () => {
  // OA bits 47:12 stand where they are with each granule; with LPA2 also 49:48.
  it("of arm64 are all bits but the address within the output size", () => {
    fc.assert(
      fc.property(arbitraryMode(arm64), (mode) => {
        for (const [, level] of levelsOf(arm64, mode)) {
          const top = mode.ds === true && mode.granule !== 64 ? 49 : 47;
          const legal = legalAddressBits(level, [top, 12], Number(mode.ips));
          expect(level.leafAttributes).toBe(ALL_ONES & ~legal);
        }
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  // x86-64 states its output size as reserved bits 51:MAXPHYADDR.
  it("of x86-64 are all bits but the address within MAXPHYADDR", () => {
    for (const maxphyaddr of [32, 36, 40, 46, 51]) {
      for (const [, level] of levelsOf(x8664, { maxphyaddr })) {
        const legal = legalAddressBits(level, [51, 12], maxphyaddr);
        expect(level.leafAttributes).toBe(ALL_ONES & ~legal);
      }
    }
  });

  it("of x86-64 with MAXPHYADDR 52 are all bits but 51 down to the page", () => {
    for (const [, level] of levelsOf(x8664, { maxphyaddr: 52 })) {
      const legal = legalAddressBits(level, [51, 12], 52);
      expect(level.leafAttributes).toBe(ALL_ONES & ~legal);
    }
  });

  it("of arm64 decide everything about it but the page", () => {
    fc.assert(
      fc.property(arbitraryMode(arm64), SAMPLES, (mode, samples) => {
        expect(misjudged(arm64, mode, samples)).toEqual([]);
      }),
      { numRuns: 60, seed: 6 },
    );
  });

  it("of x86-64 decide everything about it but the page", () => {
    fc.assert(
      fc.property(arbitraryMode(x8664), SAMPLES, (mode, samples) => {
        expect(misjudged(x8664, mode, samples)).toEqual([]);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("of riscv64 are all bits but the address, though Svnapot looks at some of it where N is set", () => {
    for (const svnapot of [false, true]) {
      for (const [, level] of levelsOf(riscv64, { ...riscv64.typical.values, svnapot })) {
        const [high, low] = [53n, BigInt(level.shift) - 2n];
        expect(level.leafAttributes).toBe(ALL_ONES & ~((1n << (high + 1n)) - (1n << low)));
      }
    }
  });

  it("of riscv64 decide everything about it but the page", () => {
    fc.assert(
      fc.property(arbitraryMode(riscv64), SAMPLES, (mode, samples) => {
        expect(misjudged(riscv64, mode, samples)).toEqual([]);
      }),
      { numRuns: 60, seed: 10 },
    );
  });

  it("take address bits in where some form of the same kind is left open", () => {
    const at = (fields: Record<string, number>) => ({
      fields,
      of: "leaf" as const,
      levels: [0],
      cite: CITE,
    });
    const attributesOf = (forbidden: DescriptorInput["forbidden"]) =>
      levelOf(compileLayout(variantOf({ forbidden })).halves[0], 0).leafAttributes;
    const free = attributesOf([]);
    // PATL is address bit 12 of a base page. With one value of it forbidden beside G, it must be looked at.
    expect(attributesOf([at({ G: 1, PATL: 1 })])).toBe(free | (1n << 12n));
    expect(attributesOf([at({ G: 1, PATL: 1 }), at({ G: 1, PATL: 0 })])).toBe(free);
    expect(attributesOf([at({ G: 1, PATL: 1 }), at({ G: 0, PATL: 0 })])).toBe(free | (1n << 12n));
  });

  // Forbidden forms and groups may use address bits, as riscv64's do.
  it("of any descriptor decide everything about it but the page", () => {
    fc.assert(
      fc.property(VARIANTS, SAMPLES, (descriptor, samples) => {
        expect(misjudged(descriptor, {}, samples)).toEqual([]);
      }),
      { numRuns: 60, seed: 8 },
    );
  });

  it("of x86-64 decide everything about it but the page, with MAXPHYADDR 52", () => {
    fc.assert(
      fc.property(arbitraryMode(x8664), SAMPLES, (mode, samples) => {
        expect(misjudged(x8664, { ...mode, maxphyaddr: 52 }, samples)).toEqual([]);
      }),
      { numRuns: 60, seed: 9 },
    );
  });
});
