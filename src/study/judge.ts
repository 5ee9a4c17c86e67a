// What the oracle's verdicts mean: a page that changed and is not reported is a failure, unless the kernel loses it,
// too; then the rule behind that is named.

import type { Check } from "../stats/report.js";
import type { Tracker } from "../tracker/types.js";
import type { Collected } from "./session.js";

/** What collections came to. */
export interface Judged {
  readonly falsePositives: number;
  readonly falseNegatives: number;
  /** Rules of the kernel that lost pages. */
  readonly rules: readonly string[];
  readonly check: Check;
}

const ID = "every page that changed is reported, or lost by a rule of the kernel";

/** Judges collections of one tracker. */
export function judge(tracker: Tracker, collections: readonly Collected[]): Judged {
  const rules = new Set<string>();
  let [falseNegatives, falsePositives] = [0, 0];
  let first: string | undefined;
  for (const { verdict } of collections) {
    falsePositives += verdict.extra;
    if (tracker.findsNothing === true) continue;
    for (const [cause, pages] of verdict.missed) {
      falseNegatives += pages.length;
      const rule = tracker.blindTo?.[cause];
      if (rule === undefined)
        first ??= `${pages.length} pages changed by ${cause}, page ${pages[0]}`;
      else rules.add(rule);
    }
  }
  const check: Check = first === undefined ? { id: ID, ok: true } : { id: ID, ok: false, first };
  return { falsePositives, falseNegatives, rules: [...rules], check };
}
