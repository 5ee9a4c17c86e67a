// What the document says before its figures.

import { HAZARDS } from "./hazards.js";

const list = HAZARDS.map(({ id, what }) => `${id} ${what}`).join("; ");

export const ABOUT: readonly string[] = [
  "Each workload begins with a mapping that was written as a whole; what comes then is counted: events of the kernel, and what the scheme itself does, atomic operations, cache lines of struct pages that are no folio's first, cache lines of bitmaps, entries written for this alone. Cycles are those of the kernel's events, without the scheme's own: what these cost on a machine nobody has measured, so they are counts. Costs of schemes without guards are not counted.",
  "`trace` plays what a real program wrote: a child is forked before each stretch of so many accesses (`study.accesses`) and ends behind it, and the process writes each page that the trace writes in it once. `study.trace` takes any trace; `sort` ships. Mappings of folios of 2 MiB, or of a pool, have 2 MiB at least.",
  "`copies unneeded` are pages copied at a write fault though no other entry, in memory or in swap, had them. `fork mean` and `fork longest` are runs of entries that fork copied together. `clean share` is the part of write-protected entries of anonymous pages that are over a clean page, seen after each step of a workload. `unpin check`: whoever unpins a page can ask whether it is still exclusive, without its entry.",
  `Hazards: ${list}.`,
  "A hazard's script is played with the oracle watching. A scheme is *broken* where the oracle finds a rule broken, and does not under `page`; *guarded* where the hazard is about schemes of its kind and the script passes, if only because of what is named: where that can be taken out of the model (`kernel.without`), it is said what breaks then; *safe* where the hazard is not about schemes of its kind, and the script passes. Where `page` is broken as well, it is Linux that is: the rule of its version that does it is known, else the study fails. Races are played by `meanwhile`: another CPU does an operation between two steps of the next one, and waits where it needs a lock that is held.",
  "The model has what Linux has to say about it, and no more: there is no reordering of memory accesses, so barriers are not judged; interruptions come at the steps that are named, and nowhere else; swap is a synchronous device unless a hazard says otherwise; GUP is FOLL_PIN.",
];
