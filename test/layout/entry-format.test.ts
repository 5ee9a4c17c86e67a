// Forms of entries: no bit without an owner, none with two, every fact with a source.

import { describe, expect, it } from "vitest";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import type { BitClaim } from "../../src/entry-bits.js";
import { claimsAt } from "../../src/layout/budget.js";
import { formatsOf } from "../../src/layout/entry-format.js";
import { formatDifferences } from "../../src/layout/format-diff.js";
import { withProposal } from "../../src/layout/linux-bits.js";
import { BOOK_NAMES, kernelNamed, kernelsOf, sourceOf } from "./bit-sources.js";

const BITS = Array.from({ length: 64 }, (_, bit) => bit);

/** Claims that cannot stand beside each other. */
function sole(claims: readonly BitClaim[]): BitClaim[] {
  return claims.filter(({ by, kind }) => by === "hardware" && kind !== "feature");
}

describe.each(BOOK_NAMES)("entries of %s", (name) => {
  const { formats } = formatsOf(sourceOf(name));

  it.each(formats)("have an owner for every bit: $title", ({ claims }) => {
    const odd = BITS.filter((bit) => {
      const here = claimsAt(claims, bit);
      const features = here.filter(({ kind }) => kind === "feature");
      return sole(here).length > 1 || sole(here).length + features.length === 0;
    });
    expect(odd).toEqual([]);
  });

  it.each(kernelsOf(name))("hold each field of $name once", (linux) => {
    const sheet = formatsOf(sourceOf(name), linux);
    expect(sheet.formats.length).toBeGreaterThan(formats.length);
    for (const { claims, title } of sheet.formats) {
      const twice = BITS.filter(
        (bit) => claimsAt(claims, bit).filter(({ by }) => by === "linux").length > 1,
      );
      expect(twice, title).toEqual([]);
    }
  });

  it("name sources that are listed", () => {
    for (const linux of kernelsOf(name)) {
      const { formats: all, sources } = formatsOf(sourceOf(name), linux);
      const keys = all.flatMap(({ claims }) => claims.map(({ cite }) => cite.split(" ")[0] ?? ""));
      expect([...new Set(keys)].filter((key) => !Object.hasOwn(sources, key))).toEqual([]);
    }
  });
});

it("a proposal shows as two bits of Linux more", () => {
  const proposal = PROPOSALS.get("arm64-soft-dirty-63");
  if (proposal === undefined) throw new Error("missing");
  const [source, linux] = [sourceOf("arm64"), kernelNamed("arm64-7.0")];
  const [before, after] = [linux, withProposal(linux, proposal)].map((each) =>
    formatsOf(source, each),
  );
  if (before === undefined || after === undefined) throw new Error("missing");
  expect(formatDifferences(before, after)).toEqual([
    { place: "leaf", bits: [63, 63], first: ["free"], second: ["SOFT_DIRTY (Linux)"] },
    { place: "huge", bits: [63, 63], first: ["free"], second: ["SOFT_DIRTY (Linux)"] },
    { place: "absent", bits: [62, 62], first: [], second: ["SWP_SOFT_DIRTY (Linux)"] },
  ]);
  expect(formatDifferences(after, after)).toEqual([]);
});
