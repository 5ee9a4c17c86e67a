// predump: what finding written pages costs, as a checkpoint in rounds has it (CRIU's pre-dump).
//
//   write all, arm | 11 x ( write some at random: write_ns_per_dirty_page
//                           collect them, arm again: collect_ns_per_page )        medians

import { mmap } from "../../kernel/mmap.js";
import { VM_READ, VM_WRITE } from "../../kernel/vm-flags.js";
import { countOf, type Watched } from "../../tracker/types.js";
import { shuffled } from "../random.js";
import type { Values } from "../types.js";
import type { KernelRun, KernelWorkload } from "./types.js";

const ROUNDS = 11;

const PARAMETERS = {
  pages: { means: "pages that are watched", default: 16384, min: 1, max: 2 ** 22 },
  fraction: { means: "part of them that each round writes", default: 0.1, min: 0, max: 1, step: 0 },
} as const;
type Names = keyof typeof PARAMETERS;

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

function fault({ pages, fraction }: Values<Names>): string | null {
  const written = Math.floor(pages * fraction);
  return written > 0 ? null : `fraction=${fraction} of pages=${pages} writes none`;
}

function run({ player, watch, tracker, seed }: KernelRun, { pages, fraction }: Values<Names>) {
  const { kernel } = player;
  const process = player.processNamed("P");
  const start = player.nextPlace(true);
  const end = start + pages;
  mmap(kernel, process.mm, { start, pages, access: VM_READ | VM_WRITE, shared: false });
  for (let page = start; page < end; page++) player.touch(process, page, 1);
  const watched: Watched = { kernel, mm: process.mm, start, end };
  process.onSegv = "unprotect";
  tracker.arm(watched);
  const written = Math.floor(pages * fraction);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const order = shuffled(pages, seed + round).subarray(0, written);
    player.takeTrouble();
    const writing = watch.time(() => {
      for (const page of order) player.touch(process, start + page, 1);
    });
    const { segv, wpfault: messages } = player.takeTrouble();
    let found = 0;
    const collecting = watch.time(() => {
      found = countOf(tracker.collect(watched, { segv, messages }));
    });
    return { write: writing / written, collect: collecting / pages, found };
  });
  return {
    write_ns_per_dirty_page: median(rounds.map(({ write }) => write)),
    collect_ns_per_page: median(rounds.map(({ collect }) => collect)),
    found: median(rounds.map(({ found }) => found)),
  };
}

export const predump: KernelWorkload<Names> = {
  summary: "rounds of random writes and of finding them (CRIU pre-dump)",
  parameters: PARAMETERS,
  tracks: true,
  fault,
  run,
};
