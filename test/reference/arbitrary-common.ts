/**
 * What the arbitraries of all architectures draw alike: chances, raw bits, the access, mutations.
 *
 * An arbitrary draws raw numbers and hands them to a pure function that lays out the tables. So
 * fast-check can shrink every number on its own, and each shrunken draw is again a legal case.
 */
import fc from "fast-check";
import type { Access } from "./vector.js";

export const ALL_ONES = 2n ** 64n - 1n;

/** True in `percent` of the draws; shrinks to false. */
export function chance(percent: number): fc.Arbitrary<boolean> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 100 - percent, arbitrary: fc.constant(false) },
    { weight: percent, arbitrary: fc.constant(true) },
  );
}

/** 64 raw bits, for whatever the layout doesn't fix: addresses, ignored bits, offsets. */
export function rawBits(): fc.Arbitrary<bigint> {
  return fc.bigInt({ min: 0n, max: ALL_ONES });
}

/** The access but for its address, which the tables are laid out for. */
export function accessKind(): fc.Arbitrary<Omit<Access, "va">> {
  return fc.record({
    type: fc.constantFrom("read", "write", "fetch"),
    mode: fc.constantFrom("user", "supervisor"),
  });
}

/**
 * A recursive mapping: the `at`th entry of the path points at its own table, and the address
 * takes the same index again for `repeats` further levels.
 */
export interface Recursion {
  readonly at: number;
  readonly repeats: number;
}

/** A recursive mapping in 6 % of the draws. */
export function recursion(): fc.Arbitrary<Recursion | null> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 94, arbitrary: fc.constant(null) },
    { weight: 6, arbitrary: fc.record({ at: fc.nat(4), repeats: fc.nat(4) }) },
  );
}

/** A flip of one bit in the `entry`th entry of the path. */
export interface Mutation {
  readonly entry: number;
  readonly bit: number;
}

/** 0 to 3 mutations: of the draws 60 % none; the bits mostly from `interesting`. */
export function mutations(interesting: readonly number[]): fc.Arbitrary<readonly Mutation[]> {
  const one = fc.record({
    entry: fc.nat(4),
    bit: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...interesting) },
      { weight: 1, arbitrary: fc.nat(63) },
    ),
  });
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(one, { minLength: 1, maxLength: 3 }) },
  );
}
