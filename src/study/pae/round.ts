// One workload under one scheme: what the kernel did, and what the scheme itself cost.

import { headOf, pageFlags } from "../../kernel/folio.js";
import { isHugeZero } from "../../kernel/huge-zero.js";
import { PG_ANON, PG_DIRTY } from "../../kernel/page-flags.js";
import { leafAt } from "../../kernel/walk-entries.js";
import { Pte } from "../../layout/linux-flags.js";
import { PAE_COST_MEANINGS } from "../../pae/costs.js";
import { playOperation } from "../../scenario/play-operation.js";
import { parseLine } from "../../scenario/script.js";
import { Ledger } from "../ledger.js";
import type { PointResult, StudyMachine } from "../types.js";
import { beginning, type Memory, WORKLOADS } from "./workloads.js";

export interface Round {
  readonly workload: string;
  readonly pages: number;
  readonly memory: Memory;
  readonly seed: number;
}

/** Events of the kernel that schemes may differ in, by the metric that shows them. */
const SHOWN = {
  faults: "fault",
  reuses: "fault_reuse",
  copies: "fault_copy",
  pages_copied: "page_copy",
  folds: "contpte_fold",
  unfolds: "contpte_unfold",
  flushes_page: "tlb_flush_page",
  flushes_mm: "tlb_flush_mm",
  swapped_out: "swap_out",
} as const;

/** A write of one page is no step by itself. */
const SINGLE = /^write A \d+ 1$/;

/** Write-protected entries of anonymous pages, and how many of them are clean, page and entry. */
interface Protected {
  all: number;
  clean: number;
}

function count(machine: StudyMachine, pages: number, found: Protected): void {
  const { kernel, player } = machine;
  const { exports } = kernel.mmu;
  const { mm, regions } = player.processNamed("P");
  const start = regions.get("A")?.start ?? 0;
  for (let page = start; page < start + pages; page++) {
    const leaf = leafAt(kernel, mm.root, page);
    if (leaf === null) continue;
    const flags = exports.entryFlags(leaf.slot);
    if ((flags & (Pte.present | Pte.special | Pte.write)) !== Pte.present) continue;
    const frame = exports.entryFrame(leaf.slot, leaf.level);
    if (isHugeZero(kernel, frame) || (pageFlags(kernel, frame) & PG_ANON) === 0) continue;
    const marked = (pageFlags(kernel, headOf(kernel, frame)) & PG_DIRTY) !== 0;
    found.all++;
    if (!marked && !kernel.pae.isDirty(flags, frame)) found.clean++;
  }
}

/** Plays a workload. What comes before it is not counted. */
export function runRound(machine: StudyMachine, round: Round): PointResult {
  const { kernel, player } = machine;
  const { pages, memory, seed } = round;
  const { costs } = kernel.pae;
  costs.exact = true;
  let index = 0;
  const play = (line: string): void => {
    playOperation(player, parseLine(line, index + 1, "study"), index++);
  };
  for (const line of beginning(pages, memory)) play(line);
  const before = new Map(PAE_COST_MEANINGS.map(([name]) => [name, costs.of(name)]));
  const found: Protected = { all: 0, clean: 0 };
  const lines = WORKLOADS.get(round.workload)?.(pages, seed) ?? [];
  const spent = new Ledger(machine).measure(() => {
    for (const line of lines) {
      play(line);
      if (!SINGLE.test(line)) count(machine, pages, found);
    }
  });
  const shown = Object.entries(SHOWN).map(([metric, event]) => [metric, spent.events[event] ?? 0]);
  const own = PAE_COST_MEANINGS.map(([name]) => [name, costs.of(name) - (before.get(name) ?? 0)]);
  return {
    metrics: {
      cycles: Math.round(spent.cycles),
      ...Object.fromEntries(shown),
      ...Object.fromEntries(own),
      meta_bytes: costs.mostBytes,
      fork_longest: costs.longestBatch,
      mmap_lock_longest: Math.round(player.processNamed("P").mm.mmapLock.longest),
      table_lock_longest: Math.round(kernel.clocks.locks.get("page_table_lock")?.longest ?? 0),
      protected: found.all,
      protected_clean: found.clean,
    },
    checks: [],
    found: { by: spent.by },
  };
}
