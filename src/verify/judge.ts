// Was the outcome right? The rule of the format: "`expect` must be equal; the entries it changed, less
// those it may, must be those of `after`".

import { hex } from "../layout/bits.js";
import type { Outcome } from "./play-vector.js";
import type { Vector } from "./vector-format.js";

/** Why an outcome is wrong, as categories that are counted. */
export type Reason = "wrong result" | "wrong entry update" | "missing entry update";

/** Null when the outcome is right, else the first reason against it. */
export function judge(vector: Vector, { expect, changed }: Outcome): Reason | null {
  if (!sameExpectation(vector.expect, expect)) return "wrong result";
  const must = new Map(vector.after);
  const may = new Map(vector.may);
  for (const [pa, value] of changed) {
    if (value !== must.get(pa) && value !== may.get(pa)) return "wrong entry update";
  }
  for (const pa of must.keys()) {
    if (!changed.has(pa)) return "missing entry update";
  }
  return null;
}

function sameExpectation(want: Vector["expect"], got: Outcome["expect"]): boolean {
  if ("pa" in want) return "pa" in got && want.pa === got.pa;
  if ("pa" in got) return false;
  const names = new Set([...Object.keys(want.fault), ...Object.keys(got.fault)]);
  return [...names].every((name) => want.fault[name] === got.fault[name]);
}

/** An expectation and entries as the format writes them: bigints in hex. */
export function describe(
  expect: Vector["expect"] | Outcome["expect"],
  after: Iterable<readonly [bigint, bigint]>,
): unknown {
  return {
    ...("pa" in expect ? { pa: hex(expect.pa) } : expect),
    after: [...after].map(([pa, value]) => [hex(pa), hex(value)]),
  };
}

/** The access in words: "write 0x7f00 by user". */
export function describeAccess({ access }: Vector): string {
  return `${access.type} ${hex(access.va)} by ${access.mode}`;
}
