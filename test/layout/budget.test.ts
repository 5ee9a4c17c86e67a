// Bit budgets. What is free is written down here once more, from the layouts' headers and not from the books.

import { describe, expect, it } from "vitest";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import type { BudgetRow } from "../../src/entry-bits.js";
import { budgetOf, hardwareState, isOlder } from "../../src/layout/budget.js";
import { BOOK_NAMES, kernelNamed, kernelsOf, sourceOf } from "./bit-sources.js";

const down = (hi: number, lo: number): number[] =>
  Array.from({ length: hi - lo + 1 }, (_, i) => hi - i);

/** Free in present entries, free there while no feature claims them, free in swap entries. */
const FREE: Record<string, readonly [number[], number[], number[]]> = {
  "x86-64-6.1": [[58, ...down(56, 52)], down(62, 59), [4]],
  "x86-64-6.12": [down(56, 52), down(62, 59), [4]],
  "x86-64-7.0": [down(57, 52), down(62, 59), [4]],
  "arm64-6.8": [[], down(62, 59), down(63, 59)],
  "arm64-6.12": [[63], down(62, 59), [63, 62, 5, 4]],
  "arm64-7.0": [[63, 57], down(62, 59), [63, 62, 5, 4]],
  "riscv64-6.1": [[9], [], [6, 4, 3]],
  "riscv64-6.8": [[9], [], [4, 3]],
  "riscv64-6.12": [[], [], [4, 3]],
  "riscv64-7.0": [[9], [], []],
  "loongarch64-7.0": [[], down(59, 48), [...down(15, 11), 9, 8, ...down(5, 1)]],
  "s390x-7.0": [[], [], [8, 7]],
  "ppc64-6.12": [[], [], [...down(60, 53), 11, 10, 8, 7, 6]],
  "ppc64-7.0": [[11], [], [...down(60, 53), 11, 10, 8, 7, 6]],
};

const budgetNamed = (layout: string) => {
  const linux = kernelNamed(layout);
  return budgetOf(sourceOf(linux.architecture), linux, PROPOSALS.values());
};

describe("the bit budget", () => {
  it("is known of every kernel of six architectures", () => {
    const layouts = BOOK_NAMES.flatMap((name) => kernelsOf(name).map((linux) => linux.name));
    expect(BOOK_NAMES).toHaveLength(6);
    // A layout may hold again after another.
    expect([...new Set(layouts)]).toEqual(Object.keys(FREE));
  });

  it.each(Object.entries(FREE))(
    "of %s has these bits free",
    (layout, [present, contested, absent]) => {
      const { free } = budgetNamed(layout);
      expect([free.present, free.contested, free.absent]).toEqual([present, contested, absent]);
    },
  );

  it.each(Object.keys(FREE))("of %s tells of each bit once", (layout) => {
    const budget = budgetNamed(layout);
    for (const rows of [budget.present, budget.absent]) {
      expect(rows.flatMap(({ bits: [hi, lo] }) => down(hi, lo))).toEqual(down(63, 0));
    }
  });

  it("of arm64 6.8 has one bit left only if PROT_NONE moves", () => {
    const { free, movable, present } = budgetNamed("arm64-6.8");
    expect(free.present).toEqual([]);
    expect(free.unsettled).toEqual([63]);
    expect(movable.map(({ name, bits }) => [name, bits[0]])).toEqual([
      ["PROT_NONE", 58],
      ["DEVMAP", 57],
    ]);
    const owners = present
      .filter(({ state }) => state === "linux")
      .map(({ owners: [first] }) => first);
    expect(owners).toEqual(["PROT_NONE", "DEVMAP", "SPECIAL", "DIRTY"]);
  });

  it("says who wants a free bit, and which features claim a contested one", () => {
    const { present } = budgetNamed("arm64-7.0");
    const at = (bit: number): BudgetRow | undefined =>
      present.find(({ bits: [hi, lo] }) => bit <= hi && bit >= lo);
    expect(at(57)?.wantedBy).toEqual(["arm64-soft-dirty-57", "arm64-exclusive-57"]);
    expect(at(60)?.owners).toEqual(["POIndex", "PBHA"]);
    expect(at(60)?.under).toEqual([
      "FEAT_S1POE with TCR2_EL1.POE",
      "FEAT_HPDS2 with TCR_EL1.HWUnn",
    ]);
    expect(at(59)?.owners).toEqual(["PBHA", "AttrIndx3"]);
  });

  it("counts a bit that only huge pages use as not free", () => {
    const row = budgetNamed("loongarch64-7.0").present.find(({ bits }) => bits[0] === 60);
    expect(row).toMatchObject({ state: "free", notInHuge: true });
  });

  it("takes a bit that nobody says anything of for taken", () => {
    expect(hardwareState([], "7.0")).toBe("taken");
  });

  it("compares versions by number", () => {
    expect([isOlder("6.8", "6.11"), isOlder("6.11", "6.8"), isOlder("5.19", "6.1")]).toEqual([
      true,
      false,
      true,
    ]);
    expect(isOlder("7.0", "7.0")).toBe(false);
  });
});
