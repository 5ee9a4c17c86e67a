// A conclusion for each scheme, borne out by the figures or not.

import type { CellResult, StudyClaim } from "../../stats/report.js";
import type { CommandOf } from "../types.js";

type Cells = readonly CellResult[];

const TODAY = "page";

const sum = (cells: Cells, metric: string): number =>
  cells.reduce((total, { metrics }) => total + (metrics[metric] ?? 0), 0);

/** What must be equal for a scheme to behave as today's. */
const BEHAVIOUR = ["cycles", "faults", "copies", "pages_copied", "swapped_out", "unfolds"];

function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

function percent(part: number, all: number): string {
  return all === 0 ? "none" : `${((100 * part) / all).toFixed(1)} %`;
}

/** Claims of the schemes that ran, and one of the thread's guess. */
export function claimsOf(rounds: Cells, hazards: Cells, commandOf: CommandOf): StudyClaim[] {
  const of = (pae: string): Cells => rounds.filter(({ labels }) => labels.pae === pae);
  const today = of(TODAY);
  const claims: StudyClaim[] = [];
  for (const [pae, conclude] of CONCLUSIONS) {
    const own = of(pae);
    if (own.length === 0 || today.length !== own.length) continue;
    const { text, holds } = conclude(own, today);
    const command = commandOf({ pae: [TODAY, pae], hazard: "none" });
    claims.push({ id: pae, text, holds, command });
  }
  claims.push(...naiveClaims(hazards, commandOf));
  if (today.length > 0) claims.push(guess(today, commandOf));
  return claims;
}

type Conclusion = (own: Cells, today: Cells) => { text: string; holds: boolean };

const same = (own: Cells, today: Cells): boolean =>
  BEHAVIOUR.every((metric) => sum(own, metric) === sum(today, metric));

const LOST_CHECK = "Who unpins a page can no longer check that it stayed exclusive.";

const CONCLUSIONS: readonly (readonly [string, Conclusion])[] = [
  [
    "page-bitlock",
    (own, today) => ({
      text: `Tail flags under a bit lock behave as today's flags and take ${number(sum(own, "atomics"))} atomic operations in place of ${number(sum(today, "atomics"))}; the ${number(sum(own, "page_lines"))} lines of struct pages stay. Plain stores to a tail page's flags need that nothing else in them changes at the same time; PG_hwpoison does, and is not modelled.`,
      holds: same(own, today) && sum(own, "atomics") < sum(today, "atomics"),
    }),
  ],
  [
    "folio",
    (own, today) => ({
      text: `One flag for a folio takes ${number(sum(own, "atomics"))} atomic operations in place of ${number(sum(today, "atomics"))} and no line of tail pages, write-protects ${number(sum(own, "entries_gathered"))} entries before fork comes to them, and copies ${number(sum(own, "pages_copied"))} pages, today ${number(sum(today, "pages_copied"))}. fork must find and hold all mappings of a folio (H1 to H5); the model does it by rmap and the folio's lock, which fork does not take in Linux, and counts nothing for waiting.`,
      holds: sum(own, "atomics") < sum(today, "atomics") && sum(own, "page_lines") === 0,
    }),
  ],
  [
    "bitmap",
    (own, today) => ({
      text: `A bitmap beside the page table behaves as today's flags without an atomic operation or a line of struct pages; it takes ${number(sum(own, "meta_lines"))} lines of its own (today ${number(sum(today, "page_lines"))} of struct pages) and ${number(sum(own, "meta_allocations"))} allocations, which may fail, before locks are taken (H6). An entry and its bit are two words, so a pin without locks looks at the entry once more behind the bit (H8-replaced). Absent means exclusive, so a forgotten update is a leak. ${LOST_CHECK}`,
      holds: same(own, today) && sum(own, "atomics") + sum(own, "page_lines") === 0,
    }),
  ],
  [
    "own-bit",
    (own, today) => ({
      text: `A bit of its own in the entry costs no atomic operation, no line and no memory, and is played as today's flags are but for contiguous groups (${number(sum(own, "unfolds"))} unfolded, today ${number(sum(today, "unfolds"))}). It needs a bit that is free in present entries; s390x has none. write_protect_seq stays (H9). ${LOST_CHECK}`,
      holds: sum(own, "atomics") + sum(own, "page_lines") + sum(own, "meta_lines") === 0,
    }),
  ],
  [
    "pte-strict",
    (own, today) => ({
      text: `Write and dirty bits as exclusivity need no bit, no line and no memory; ${number(sum(own, "folio_dirtied"))} times a folio is marked dirty where an entry loses the right to write, with as many atomic operations (today's flags: ${number(sum(today, "atomics"))}). fork copies runs of ${mean(own)} entries (today ${mean(today)}). Swap writes: ${number(sum(own, "swapped_out"))}, today ${number(sum(today, "swapped_out"))}. Every helper that joins, clears or sets D must know of it (H10 to H15, H18, H19), and write_protect_seq stays (H9). ${LOST_CHECK}`,
      holds: sum(own, "atomics") < sum(today, "atomics") && sum(own, "meta_lines") === 0,
    }),
  ],
  [
    "pte-loose",
    (own, today) => ({
      text: `If D of a read-only entry also means dirty, ${number(sum(own, "folio_dirtied"))} folios are marked, and ${number(sum(own, "swapped_out") - sum(today, "swapped_out"))} pages more are written to swap in these workloads (today ${number(sum(today, "swapped_out"))}), whose device is synchronous, so that clean pages do not stay in the swap cache. Where they do, such a page is written once more each time (H16).`,
      holds: sum(own, "swapped_out") >= sum(today, "swapped_out"),
    }),
  ],
];

/** Entries of fork's runs. */
function mean(cells: Cells): string {
  const [entries, runs] = [sum(cells, "fork_batched"), sum(cells, "fork_batches")];
  return (runs === 0 ? 0 : entries / runs).toFixed(2);
}

/** Each naive scheme is broken by some hazard. */
function naiveClaims(hazards: Cells, commandOf: CommandOf): StudyClaim[] {
  const names = [...new Set(hazards.map(({ labels }) => labels.pae ?? ""))];
  return names
    .filter((name) => name.endsWith("-naive"))
    .flatMap((pae) => {
      const broken = hazards.filter(
        ({ labels, found }) =>
          labels.pae === pae && typeof found?.broken === "string" && found.today === null,
      );
      const ids = [...new Set(broken.map(({ labels }) => labels.hazard ?? ""))];
      // Of hazards that are not about it, nothing is to be said.
      if (ids.length === 0) return [];
      const text = `Without guards it is broken by ${ids.join(", ")}.`;
      const command = commandOf({ pae, hazard: ids, workload: "none" });
      return [{ id: pae, text, holds: true, command }];
    });
}

/** "Most of them are dirty most of the time." */
function guess(today: Cells, commandOf: CommandOf): StudyClaim {
  const [all, clean] = [sum(today, "protected"), sum(today, "protected_clean")];
  return {
    id: "mostly-dirty",
    text: `Of write-protected entries of anonymous pages, seen after each step of these workloads, ${percent(clean, all)} are over a page that is clean. These workloads write every page before they begin, and pages become clean by swap alone: that most are dirty most of the time holds of them, and of programs that write what they map; it says nothing of those that mostly read what comes back from swap.`,
    holds: 2 * clean < all,
    command: commandOf({ pae: TODAY, hazard: "none" }),
  };
}
