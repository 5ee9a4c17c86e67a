// Where the forms of two kernels' or architectures' entries differ, bit by bit.

import type { BitClaim, EntryFormat, FormatDifference, FormatSheet } from "../entry-bits.js";
import { claimsAt } from "./budget.js";

/** Who claims a bit, in words: names, Linux's after the CPU's, features with what switches them on. */
function wordsAt(format: EntryFormat | undefined, bit: number): string[] {
  const word = ({ name, by, kind, under }: BitClaim): string => {
    const what = kind === "ignored" ? "free" : name;
    const who = by === "linux" ? `${what} (Linux)` : what;
    return under === undefined ? who : `${who} if ${under}`;
  };
  const claims = claimsAt(format?.claims ?? [], bit);
  const ignoredToo = claims.some(({ by }) => by === "linux");
  return claims.filter(({ kind }) => !(kind === "ignored" && ignoredToo)).map(word);
}

/** Runs of bits of each form whose claims differ, highest first. */
export function formatDifferences(first: FormatSheet, second: FormatSheet): FormatDifference[] {
  const places = new Set([...first.formats, ...second.formats].map(({ place }) => place));
  return [...places].flatMap((place) => {
    const [a, b] = [first, second].map(({ formats }) =>
      formats.find((each) => each.place === place),
    );
    const rows: FormatDifference[] = [];
    for (let bit = 63; bit >= 0; bit--) {
      const [one, two] = [wordsAt(a, bit), wordsAt(b, bit)];
      if (one.join() === two.join()) continue;
      const last = rows.at(-1);
      const goesOn =
        last?.bits[1] === bit + 1 &&
        last.first.join() === one.join() &&
        last.second.join() === two.join();
      if (last !== undefined && goesOn)
        rows[rows.length - 1] = { ...last, bits: [last.bits[0], bit] };
      else rows.push({ place, bits: [bit, bit], first: one, second: two });
    }
    return rows;
  });
}
