// The bit budget of an architecture under a kernel: which bits are whose, which are free, and who wants them.

import type { Proposal } from "../../arch/linux/bits-schema.js";
import type { BitClaim, BitState, Budget, BudgetRow, Movable } from "../entry-bits.js";
import { absentClaims, type BitSource, hardwareClaims } from "./entry-format.js";
import { keptIn, type LinuxBits } from "./linux-bits.js";

type Bare = Omit<BudgetRow, "bits">;

/** Whether a version is older than another: "6.8" than "6.11". */
export function isOlder(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/** Claims that hold a bit. */
export function claimsAt(claims: readonly BitClaim[], bit: number): BitClaim[] {
  return claims.filter(({ bits: [hi, lo] }) => bit <= hi && bit >= lo);
}

/** What the CPU lets software do with a bit. */
export function hardwareState(claims: readonly BitClaim[], since: string): BitState {
  const features = claims.filter(({ kind }) => kind === "feature");
  const rest = claims.filter(({ kind }) => kind !== "feature");
  if (rest.some(({ kind }) => kind !== "ignored")) return "taken";
  if (features.some(({ otherwise }) => otherwise !== "ignored")) return "taken";
  if (features.length > 0) return "contested";
  if (rest.length === 0) return "taken";
  const unsettled = rest.some(
    ({ softwareSince }) => softwareSince !== undefined && isOlder(since, softwareSince),
  );
  return unsettled ? "unsettled" : "free";
}

const isOpen = (state: BitState): boolean =>
  state === "free" || state === "contested" || state === "unsettled";

function featuresOf(claims: readonly BitClaim[], whose: BitClaim["by"]): string[] {
  return claims.flatMap(({ by, under }) => (by === whose && under !== undefined ? [under] : []));
}

function rowOf(
  state: BitState,
  claims: readonly BitClaim[],
  notInHuge: boolean,
  wantedBy: readonly string[],
): Bare {
  const unique = (list: readonly string[]): string[] => [...new Set(list)];
  const owned = claims.filter(({ kind }) => kind !== "ignored");
  return {
    state,
    owners: unique(owned.map(({ name }) => name)),
    under: unique(featuresOf(claims, "hardware")),
    needs: unique(featuresOf(claims, "linux")),
    notInHuge,
    wantedBy,
    cites: unique(claims.map(({ cite }) => cite)),
  };
}

/** Rows of neighbouring bits of which the same is to be said, highest first. */
function grouped(rowAt: (bit: number) => Bare): BudgetRow[] {
  const rows: BudgetRow[] = [];
  for (let bit = 63; bit >= 0; bit--) {
    const row = rowAt(bit);
    const last = rows.at(-1);
    if (last !== undefined && JSON.stringify({ ...row, bits: last.bits }) === keyOf(last)) {
      rows[rows.length - 1] = { ...last, bits: [last.bits[0], bit] };
    } else {
      rows.push({ ...row, bits: [bit, bit] });
    }
  }
  return rows;
}

function keyOf({ bits, ...row }: BudgetRow): string {
  return JSON.stringify({ ...row, bits });
}

function bitsIn(rows: readonly BudgetRow[], state: BitState): number[] {
  return rows
    .filter((row) => row.state === state && !row.notInHuge)
    .flatMap(({ bits: [hi, lo] }) => Array.from({ length: hi - lo + 1 }, (_, i) => hi - i));
}

/**
 * The budget under one kernel.
 * @param proposals those that want bits; others' architectures are passed over
 */
export function budgetOf(
  source: BitSource,
  linux: LinuxBits,
  proposals: Iterable<Proposal>,
): Budget {
  const rivals = [...proposals].filter(({ architecture }) => architecture === linux.architecture);
  const wanted = (which: "present" | "absent", bit: number): string[] =>
    rivals.filter((proposal) => proposal[which] === bit).map(({ name }) => name);
  const leaf = hardwareClaims(source, "leaf");
  const huge = hardwareClaims(source, "huge");
  const inSwap = absentClaims(source, linux);
  const present = grouped((bit) => {
    const hardware = claimsAt(leaf, bit);
    const kept = claimsAt(keptIn(linux, "leaf"), bit);
    const open = hardwareState(hardware, linux.since);
    const state = kept.length > 0 ? "linux" : open;
    const inHuge = hardwareState(claimsAt(huge, bit), linux.since);
    const keptInHuge = claimsAt(keptIn(linux, "huge"), bit).length > 0;
    const notInHuge = isOpen(state) && huge.length > 0 && (keptInHuge || !isOpen(inHuge));
    return rowOf(state, [...kept, ...hardware], notInHuge, wanted("present", bit));
  });
  const absent = grouped((bit) => {
    const claims = claimsAt(inSwap, bit);
    const fixed = claims.some(({ kind }) => kind === "fixed");
    const state = claims.length === 0 ? "free" : fixed ? "taken" : "linux";
    return rowOf(state, claims, false, wanted("absent", bit));
  });
  const { architecture, name: layout, title, since } = linux;
  const free = {
    present: bitsIn(present, "free"),
    contested: bitsIn(present, "contested"),
    unsettled: bitsIn(present, "unsettled"),
    absent: bitsIn(absent, "free"),
  };
  return {
    architecture,
    layout,
    title,
    since,
    present,
    absent,
    movable: movableOf(source, linux),
    free,
  };
}

function movableOf({ book }: BitSource, linux: LinuxBits): Movable[] {
  return book.movable
    .filter(({ layouts }) => layouts.includes(linux.name))
    .flatMap(({ field, means, cite, confidence }) => {
      const claim = linux.present.find(({ name }) => name === field);
      return claim === undefined
        ? []
        : [{ name: field, bits: claim.bits, means, cite, confidence }];
    });
}
