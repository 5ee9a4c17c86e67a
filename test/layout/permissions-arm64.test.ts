/**
 * The rights of arm64 layouts against the rules of Arm ARM DDI 0487 D8.4 (pseudocode
 * AArch64.S1DirectBasePermissions), written out as plain code: every combination of AP, DBM, PXN and UXN in
 * a leaf and of the hierarchical limits in a table, in every mode that has a say, in both halves.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { type Access, RIGHTS_KEYED } from "../../assembly/abi/stop.js";
import { compileLayout } from "../../src/layout/compile.js";
import { combinations, modeText } from "./modes.js";
import { ACCESS_NAMES, ALL_ACCESSES, entriesOf, indexOf, isAllowed, rightsOf } from "./rights.js";

const MODES = combinations(["ha", "hd", "wxn", "pan", "hpd0", "hpd1"]);
const LEAVES = entriesOf({ AP1: 6, AP2: 7, DBM: 51, PXN: 53, UXN: 54 });
const TABLES = entriesOf({ PXNTable: 59, UXNTable: 60, APTable0: 61, APTable1: 62 });

function has(entry: bigint, bit: number): boolean {
  return ((entry >> BigInt(bit)) & 1n) === 1n;
}

/** The six rights, in the order and the words of the pseudocode. */
function permits(
  mode: Readonly<Record<string, boolean>>,
  hpd: boolean,
  leaf: bigint,
  table: bigint,
  access: Access,
): boolean {
  // "Descriptors marked with DBM set have the effective value of AP[2] cleared", with HD, which needs HA.
  const readOnly = has(leaf, 7) && !(mode.ha && mode.hd && has(leaf, 51));
  const el0 = has(leaf, 6);
  let [pr, pw, ur, uw] = [true, !readOnly, el0, el0 && !readOnly];

  // APTable, unless hierarchical permissions are disabled.
  if (!hpd && has(table, 61)) [ur, uw] = [false, false];
  if (!hpd && has(table, 62)) [pw, uw] = [false, false];

  let px = !has(leaf, 53);
  let ux = !has(leaf, 54);
  if (!hpd && has(table, 59)) px = false;
  if (!hpd && has(table, 60)) ux = false;

  // "Locations writable by unprivileged cannot be executed by privileged."
  if (uw) px = false;
  // WXN: "regions that are writable at a given Exception level are treated as XN".
  if (mode.wxn && uw) ux = false;
  if (mode.wxn && pw) px = false;
  // PAN: no privileged data access to what EL0 can read. It makes nothing executable again.
  if (mode.pan && ur) [pr, pw] = [false, false];

  return [ur, uw, ux, pr, pw, px][access] ?? false;
}

describe("the rights of an arm64 layout", () => {
  it("are those of D8.4 for every leaf below every table in every mode and half", () => {
    const found: string[] = [];
    for (const mode of MODES) {
      for (const [number, half] of compileLayout(arm64, mode).halves.entries()) {
        const hpd = (number === 0 ? mode.hpd0 : mode.hpd1) ?? false;
        for (const [table, tableNames] of TABLES) {
          for (const [leaf, leafNames] of LEAVES) {
            const rights = rightsOf(half, leaf, [table]);
            const wrong = ALL_ACCESSES.filter(
              (access) => isAllowed(rights, access) !== permits(mode, hpd, leaf, table, access),
            );
            const where = `${modeText(mode)}, half ${number}: ${tableNames} > ${leafNames}`;
            found.push(...wrong.map((access) => `${where}: ${ACCESS_NAMES[access]}`));
            if ((rights & RIGHTS_KEYED) !== 0) found.push(`${where}: keyed`);
          }
        }
      }
    }
    expect(found.slice(0, 10)).toEqual([]);
  });

  it("are limited by several tables as by one that limits all that they limit", () => {
    const [half] = compileLayout(arm64).halves;
    const entry = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(entry, fc.array(entry, { maxLength: 4 }), (leaf, tables) => {
        const union = tables.reduce((all, table) => all | table, 0n);
        expect(indexOf(half, leaf, tables)).toBe(indexOf(half, leaf, [union]));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("have an index of their own for each leaf and each limit, and none with the hole set", () => {
    const [half] = compileLayout(arm64).halves;
    const { indexNames, rights } = half.permissions;
    const indexes = TABLES.flatMap(([table]) =>
      LEAVES.map(([leaf]) => indexOf(half, leaf, [table])),
    );
    const hole = 1 << indexNames.indexOf("-");
    const reachable = [...rights.keys()].filter((index) => (index & hole) === 0);
    expect([...indexes].sort((a, b) => a - b)).toEqual(reachable);
  });

  it("do not see the bits that give no rights, the contiguous hint between them included", () => {
    const [half] = compileLayout(arm64).halves;
    const seen = LEAVES.reduce((all, [leaf]) => all | leaf, 0n);
    const limits = TABLES.reduce((all, [table]) => all | table, 0n);
    const everything = 2n ** 64n - 1n;
    expect(indexOf(half, everything & ~seen, [everything & ~limits])).toBe(0);
  });
});
