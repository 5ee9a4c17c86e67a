/**
 * The rights of x86-64 layouts against the rules of Intel SDM vol. 3A 4.6, written out as plain code: every
 * combination of R/W, U/S and XD in a leaf and two table entries, in every mode that has a say.
 */
import { describe, expect, it } from "vitest";
import { x8664 } from "../../arch/x86-64.js";
import { Access, RIGHTS_KEYED } from "../../assembly/abi/stop.js";
import { compileLayout } from "../../src/layout/compile.js";
import { combinations, modeText } from "./modes.js";
import { ACCESS_NAMES, ALL_ACCESSES, entriesOf, indexOf, isAllowed, rightsOf } from "./rights.js";

const MODES = combinations(["wp", "nx", "smep", "smap", "ac", "pke"]);
const RW = 1n << 1n;
const US = 1n << 2n;
const XD = 1n << 63n;
const ENTRIES = entriesOf({ RW: 1, US: 2, XD: 63 });

function isUserAddress(entries: readonly bigint[]): boolean {
  // 4.6: a user-mode address has U/S = 1 "in every paging-structure entry controlling the translation".
  return entries.every((entry) => (entry & US) !== 0n);
}

/** 4.6.1, without protection keys. */
function permits(
  mode: Readonly<Record<string, boolean>>,
  entries: readonly bigint[],
  access: Access,
): boolean {
  const userAddress = isUserAddress(entries);
  const writable = entries.every((entry) => (entry & RW) !== 0n);
  // Without EFER.NXE bit 63 is reserved; such an entry never comes as far as the rights.
  const executeDisabled = mode.nx === true && entries.some((entry) => (entry & XD) !== 0n);

  if (access < Access.SupervisorRead && !userAddress) return false;
  if (access === Access.UserRead) return true;
  if (access === Access.UserWrite) return writable;
  if (access === Access.UserFetch) return !executeDisabled;

  if (access === Access.SupervisorFetch) {
    if (mode.smep && userAddress) return false;
    return !executeDisabled;
  }
  if (mode.smap && !mode.ac && userAddress) return false;
  if (access === Access.SupervisorWrite && mode.wp) return writable;
  return true;
}

/** What is wrong with the rights of one leaf below these tables, in words. */
function mistakes(
  mode: Readonly<Record<string, boolean>>,
  rights: number,
  entries: readonly (readonly [bigint, string])[],
): string[] {
  const values = entries.map(([value]) => value);
  const where = `${modeText(mode)}: ${entries.map(([, names]) => names).join(" > ")}`;
  const wrong = ALL_ACCESSES.filter(
    (access) => isAllowed(rights, access) !== permits(mode, values, access),
  ).map((access) => `${where}: ${ACCESS_NAMES[access]} ${isAllowed(rights, access)}`);
  // 4.6.2: keys control data accesses to user-mode addresses.
  const keyed = mode.pke === true && isUserAddress(values);
  if (((rights & RIGHTS_KEYED) !== 0) !== keyed) wrong.push(`${where}: keyed ${!keyed}`);
  return wrong;
}

describe("the rights of an x86-64 layout", () => {
  it("are those of SDM 4.6.1 for every leaf below every two tables in every mode", () => {
    const found: string[] = [];
    for (const mode of MODES) {
      for (const half of compileLayout(x8664, mode).halves) {
        for (const upper of ENTRIES) {
          for (const lower of ENTRIES) {
            for (const leaf of ENTRIES) {
              const rights = rightsOf(half, leaf[0], [upper[0], lower[0]]);
              found.push(...mistakes(mode, rights, [upper, lower, leaf]));
            }
          }
        }
      }
    }
    expect(found.slice(0, 10)).toEqual([]);
  });

  it("have an index of their own for each leaf and each union of restrictions", () => {
    const [half] = compileLayout(x8664).halves;
    const indexes = ENTRIES.flatMap(([table]) =>
      ENTRIES.map(([leaf]) => indexOf(half, leaf, [table])),
    );
    expect([...indexes].sort((a, b) => a - b)).toEqual([...half.permissions.rights.keys()]);
  });

  it("do not see the bits that give no rights", () => {
    const [half] = compileLayout(x8664).halves;
    const others = ~(RW | US | XD) & (2n ** 64n - 1n);
    expect(indexOf(half, others, [])).toBe(0);
    expect(indexOf(half, 0n, [others | RW | US])).toBe(0);
  });
});

/** 4.6.2: whether a key's two bits of PKRU forbid an access to a user-mode address. */
function keyForbids(adAndWd: number, wp: boolean, access: Access): boolean {
  if (access === Access.UserFetch || access === Access.SupervisorFetch) return false;
  if ((adAndWd & 1) !== 0) return true;
  if ((adAndWd & 2) === 0) return false;
  return access === Access.UserWrite || (access === Access.SupervisorWrite && wp);
}

describe("the protection keys of an x86-64 layout", () => {
  it.each([false, true])("deny what PKRU says for each of 16 keys, with CR0.WP %s", (wp) => {
    for (let key = 0; key < 16; key++) {
      for (let bits = 0; bits < 4; bits++) {
        // All other keys say the opposite, so that a key read at the wrong place shows.
        const others = 0x5555_5555 * (3 - bits);
        const pkru = Number(BigInt(others) & ~(3n << BigInt(2 * key))) + bits * 4 ** key;
        const { keys } = compileLayout(x8664, { pke: true, pkru, wp }).halves[0];
        const denied = ALL_ACCESSES.filter((access) => isAllowed(keys?.denials[key] ?? 0, access));
        const expected = ALL_ACCESSES.filter((access) => keyForbids(bits, wp, access));
        expect([key, bits, denied]).toEqual([key, bits, expected]);
      }
    }
  });

  it("stand in bits 62:59 of a leaf, and only with CR4.PKE", () => {
    const { keys } = compileLayout(x8664, { pke: true }).halves[0];
    expect([keys?.rotate, keys?.mask, keys?.denials.length]).toEqual([59, 0xf, 16]);
    expect(compileLayout(x8664, { pkru: 0xffff_ffff }).halves[0].keys).toBeNull();
  });
});
