/** Fault codes of compiled layouts against the error code of SDM 4.7 and the status codes of ESR_EL1. */
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { x8664 } from "../../arch/x86-64.js";
import { MAX_LEVELS } from "../../assembly/abi/layout.js";
import { ACCESSES, FaultKind } from "../../assembly/abi/stop.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf } from "../../src/layout/compiled.js";
import { combinations } from "./modes.js";
import { ALL_ACCESSES } from "./rights.js";

function codeOf(half: CompiledHalf, kind: FaultKind, level: number, access: number): number {
  return half.codes[(kind * MAX_LEVELS + level) * ACCESSES + access] ?? Number.NaN;
}

const LEVELS = Array.from({ length: MAX_LEVELS }, (_, level) => level);

describe("a page-fault code of x86-64", () => {
  const kinds: [FaultKind, number][] = [
    [FaultKind.NotPresent, 0],
    // P | RSVD: "RSVD […] can be set only if the P flag is set".
    [FaultKind.Reserved, 0x1 | 0x8],
    [FaultKind.Permission, 0x1],
    [FaultKind.Key, 0x1 | 0x20],
  ];

  it.each(kinds)("has the bits of SDM 4.7 for fault kind %d", (kind, base) => {
    for (const mode of combinations(["nx", "smep", "wp", "smap", "pke"])) {
      const [half] = compileLayout(x8664, mode).halves;
      for (const level of LEVELS) {
        for (const access of ALL_ACCESSES) {
          const write = access % 3 === 1 ? 0x2 : 0;
          const user = access < 3 ? 0x4 : 0;
          const fetch = access % 3 === 2 && (mode.nx || mode.smep) ? 0x10 : 0;
          expect(codeOf(half, kind, level, access)).toBe(base | write | user | fetch);
        }
      }
    }
  });
});

describe("a fault status code of arm64", () => {
  const { halves } = compileLayout(arm64, { ds: true, t0sz: 12, t1sz: 12, ips: 52 });
  /** The code at levels 3, 2, 1, 0 and -1; null where no entry can raise the fault. */
  const codes: [string, FaultKind, (number | null)[]][] = [
    ["address size", FaultKind.AddressSize, [0x03, 0x02, 0x01, 0x00, 0x29]],
    ["translation", FaultKind.NotPresent, [0x07, 0x06, 0x05, 0x04, 0x2b]],
    ["access flag", FaultKind.AccessFlag, [0x0b, 0x0a, 0x09, 0x08, null]],
    ["permission", FaultKind.Permission, [0x0f, 0x0e, 0x0d, 0x0c, null]],
    ["translation out of range", FaultKind.OutOfRange, [0x04, 0x04, 0x04, 0x04, 0x04]],
  ];

  it.each(codes)("is the manual's: %s", (_, kind, byLevel) => {
    for (const half of halves) {
      for (const [level, code] of byLevel.entries()) {
        const seen = ALL_ACCESSES.map((access) => codeOf(half, kind, level, access));
        if (code !== null) expect(seen).toEqual(seen.map(() => code));
      }
    }
  });

  it("is that of level 0 for an address out of range, whatever the top level", () => {
    for (const t0sz of [16, 25, 34, 48]) {
      expect(compileLayout(arm64, { t0sz }).halves[0].rangeLevel).toBe(3);
    }
  });
});

describe("the table of codes", () => {
  it.each([x8664, arm64])("of $name has one for every kind, level and access", (descriptor) => {
    for (const half of compileLayout(descriptor).halves) {
      expect(half.codes).toHaveLength((FaultKind.Dirty + 1) * MAX_LEVELS * ACCESSES);
      expect(half.codes.every((code) => Number.isInteger(code) && code < 2 ** 16)).toBe(true);
    }
  });
});
