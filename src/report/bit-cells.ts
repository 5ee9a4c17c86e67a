// The cells of a picture of an entry: runs of bits of which the same is to be said.

import type { BitClaim, EntryFormat } from "../entry-bits.js";

export interface BitCell {
  readonly bits: readonly [number, number];
  /** What the CPU calls it: a name, names of features, "-" where it ignores it. */
  readonly hardware: string;
  /** What Linux keeps there; empty where it does not. */
  readonly linux: string;
  readonly owner: "hardware" | "address" | "feature" | "linux" | "free" | "reserved";
  readonly claims: readonly BitClaim[];
}

/** "63", "58:52". */
export function bitsText([hi, lo]: readonly [number, number]): string {
  return hi === lo ? String(hi) : `${hi}:${lo}`;
}

function ownerOf(claims: readonly BitClaim[]): BitCell["owner"] {
  const rest = claims.filter(({ by, kind }) => by === "hardware" && kind !== "feature");
  if (claims.some(({ by, kind }) => by === "linux" && kind !== "fixed")) return "linux";
  const must = claims.some(
    ({ kind, otherwise }) => kind === "reserved" || kind === "fixed" || otherwise === "reserved",
  );
  if (must) return "reserved";
  if (rest.some(({ kind }) => kind === "address")) return "address";
  if (rest.some(({ kind }) => kind === "field")) return "hardware";
  if (claims.some(({ kind }) => kind === "feature")) return "feature";
  return "free";
}

/** Cells of all 64 bits, highest first. */
export function cellsOf({ claims }: EntryFormat): BitCell[] {
  const ends = new Set([-1, ...claims.flatMap(({ bits: [hi, lo] }) => [hi, lo - 1])]);
  const cells: BitCell[] = [];
  let high = 63;
  for (let bit = 62; bit >= -1; bit--) {
    if (!ends.has(bit)) continue;
    cells.push(cellOf([high, bit + 1], claims));
    high = bit;
  }
  return cells;
}

function cellOf(bits: readonly [number, number], all: readonly BitClaim[]): BitCell {
  const claims = all.filter(({ bits: [hi, lo] }) => hi >= bits[0] && lo <= bits[1]);
  const names = (by: BitClaim["by"]): string =>
    claims
      .filter((claim) => claim.by === by && claim.kind !== "ignored")
      .map(({ name }) => name)
      .join("/");
  return {
    bits,
    hardware: names("hardware") || "-",
    linux: names("linux"),
    owner: ownerOf(claims),
    claims,
  };
}
