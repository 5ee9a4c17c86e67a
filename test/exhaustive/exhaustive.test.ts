// Every combination on the release build, a sample on the debug build, whose assertions are checks of their own.
// `npm run test:exhaustive` takes longer lists of axes.

import { describe, expect, it } from "vitest";
import type { Descriptor } from "../../arch/schema.js";
import { coreOf } from "../core/support.js";
import { arm64Access, arm64AccessLong } from "./arm64-axes.js";
import { type Architecture, controlsOf, type Outcome, tryCombinations } from "./combinations.js";
import { riscv64Access, riscv64AccessLong } from "./riscv64-axes.js";
import { x8664Access, x8664AccessLong } from "./x86-64-axes.js";

interface Suite {
  readonly architecture: Architecture;
  readonly combinations: number;
  /** Rows of the descriptor that no combination needs: another mode, or rules that nothing of this reaches. */
  readonly unreached: readonly string[];
  /** Control states that are enough to need every other row; left out, all. */
  readonly enough?: Architecture["legal"];
}

const SUITES: readonly Suite[] = [
  {
    architecture: x8664Access,
    combinations: 30_081_024,
    // What no row fits is not present, too.
    unreached: ["types: SDM 4.5.4: P = 0 ends the translation []"],
  },
  {
    architecture: arm64Access,
    combinations: 19_267_584,
    unreached: [
      // What no row fits is not present, too.
      "types: ARM AArch64.DecodeDescriptorType []",
      "types: ARM AArch64.DecodeDescriptorType: reserved at level 3, invalid []",
      // TCR.DS and a table at level -1.
      "types: ARM AArch64.BlockDescSupported: 64 GiB with LPA2 [granule=16 ds]",
      "types: ARM AArch64.BlockDescSupported: 512 GiB with LPA2 [granule=4 ds]",
      "types: ARM AArch64.DecodeDescriptorType: a block where none is supported is invalid []",
      "faults: ARM ESR_EL1, DFSC 0b101001 [fault=address-size level=-1]",
      // A code of 0 is no row's; addresses out of range; leaves at level 0.
      "faults: ARM ESR_EL1, DFSC 0b000000 [fault=address-size level=0]",
      "faults: ARM ESR_EL1, DFSC 0b000100 [fault=out-of-range]",
      "faults: ARM ESR_EL1, DFSC 0b101011 [fault=not-present level=-1]",
      "faults: ARM ESR_EL1, DFSC 0b001000 [fault=access-flag level=0]",
      "faults: ARM ESR_EL1, DFSC 0b001100 [fault=permission level=0]",
    ],
  },
  {
    architecture: riscv64Access,
    combinations: 21_086_208,
    enough: ({ svnapot, svpbmt, svrsw60t59b }) => svnapot === svpbmt && svpbmt === svrsw60t59b,
    unreached: [
      // What has neither is no leaf.
      "permissions: PRIV Memory Privilege in sstatus Register: MXR=1, loads from R=1 or X=1 [!R !X]",
      // Sv57 only.
      "reserved: PRIV Virtual Address Translation Process, step 6: a misaligned superpage []",
      // What no row fits is not present, too.
      "types: PRIV Virtual Address Translation Process, step 3: pte.v=0 []",
      "types: PRIV Virtual Address Translation Process, step 4: a pointer where i would be below 0 []",
    ],
  },
];

const LONG_SUITES: readonly Suite[] = [
  { architecture: x8664AccessLong, combinations: 115_900_416, unreached: [] },
  { architecture: arm64AccessLong, combinations: 139_001_856, unreached: [] },
  { architecture: riscv64AccessLong, combinations: 122_781_696, unreached: [] },
];

const LONG = process.env.MODE === "long";
/** Primes, so that over the control states all axes are met. */
const SAMPLE = 1009;
const ROW_SAMPLE = 211;

function told(architecture: Architecture, build: "release" | "debug", every: number): Outcome {
  const before = process.cpuUsage();
  const outcome = tryCombinations(coreOf(build), architecture, every);
  const { user, system } = process.cpuUsage(before);
  const seconds = ((user + system) / 1e6).toFixed(1);
  const { all, tried } = outcome;
  process.stdout.write(
    `${architecture.name}, ${build}: ${tried.toLocaleString("en")} of ${all.toLocaleString("en")} combinations in ${controlsOf(architecture).length} control states, ${seconds} s of CPU time\n`,
  );
  return outcome;
}

describe.each(LONG ? LONG_SUITES : SUITES)("accesses of $architecture.name", (suite) => {
  const { architecture, combinations } = suite;

  it("all end as the manual says, with both entries", { timeout: 900_000 }, () => {
    const { all, tried, failed, failures } = told(architecture, "release", 1);
    expect(failures.join("\n"), `${failed} fail`).toBe("");
    expect([all, tried]).toEqual([combinations, combinations]);
  });

  it("end so on the debug build, one in so many", () => {
    const { tried, failed, failures } = told(architecture, "debug", SAMPLE);
    expect(failures.join("\n"), `${failed} fail`).toBe("");
    expect(tried).toBe(Math.floor(combinations / SAMPLE));
  });
});

/** Lists of rows, of which each one should decide something. */
type Rows = { readonly cite: string; readonly when?: readonly string[] | undefined };
const LISTS: Record<string, (d: Descriptor) => readonly Rows[]> = {
  permissions: (d) => d.permissions.rows,
  keys: (d) => d.keys?.rows ?? [],
  reserved: (d) => d.reserved,
  types: (d) => d.types,
  accessed: (d) => d.accessed.rows,
  dirty: (d) => d.dirty.rows,
  faults: (d) => d.faults.rows,
};

/** The descriptor without one row. */
function without(descriptor: Descriptor, list: string, row: number): Descriptor {
  const less = <T>(rows: readonly T[]): T[] => rows.filter((_, i) => i !== row);
  switch (list) {
    case "permissions":
      return {
        ...descriptor,
        permissions: { ...descriptor.permissions, rows: less(descriptor.permissions.rows) },
      };
    case "keys":
      if (descriptor.keys === undefined) return descriptor;
      return { ...descriptor, keys: { ...descriptor.keys, rows: less(descriptor.keys.rows) } };
    case "accessed":
      return {
        ...descriptor,
        accessed: { ...descriptor.accessed, rows: less(descriptor.accessed.rows) },
      };
    case "dirty":
      return { ...descriptor, dirty: { ...descriptor.dirty, rows: less(descriptor.dirty.rows) } };
    case "faults":
      return {
        ...descriptor,
        faults: { ...descriptor.faults, rows: less(descriptor.faults.rows) },
      };
    case "types":
      return { ...descriptor, types: less(descriptor.types) };
    default:
      return { ...descriptor, reserved: less(descriptor.reserved) };
  }
}

describe.each(SUITES)("the combinations of $architecture.name", (suite) => {
  const { architecture, unreached, enough: legal = architecture.legal } = suite;

  it("need every row of the descriptor but these", () => {
    const core = coreOf("release");
    const unseen = Object.entries(LISTS).flatMap(([list, rowsOf]) =>
      rowsOf(architecture.descriptor).flatMap(({ cite, when = [] }, row) => {
        const descriptor = without(architecture.descriptor, list, row);
        const text = `${list}: ${cite} [${when.join(" ")}]`;
        try {
          const { failed } = tryCombinations(
            core,
            { ...architecture, legal, descriptor },
            ROW_SAMPLE,
            1,
          );
          return failed > 0 ? [] : [text];
        } catch {
          // It does not even compile.
          return [];
        }
      }),
    );
    expect(unseen).toEqual(unreached);
  });
});
