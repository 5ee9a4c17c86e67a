// What a secondary MMU costs, and what it may not lose: every caller that changes a VMM's entries, under every policy.

import { MmulateError } from "../../errors.js";
import type { LogMode } from "../../kvm/vm.js";
import type { PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { CALLERS, HOSTS } from "./callers.js";
import { runMigration } from "./live-migration.js";
import { LIVE_MIGRATION, PARAMETERS, plan } from "./points.js";
import { runRound } from "./round.js";

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  const number = (name: string): number => Number(values[name]);
  if (values.caller === LIVE_MIGRATION) {
    return runMigration(on.boot(), {
      pages: number("pages"),
      log: values.log as LogMode,
      bandwidth: number("bandwidth"),
      stores: number("stores"),
      limit: number("limit"),
      seed: on.seed,
    });
  }
  const caller = CALLERS.get(String(values.caller));
  if (caller === undefined) throw new MmulateError("INTERNAL", `no caller ${values.caller}`);
  return runRound(on.boot(), {
    caller,
    pages: number("pages"),
    host: HOSTS.find((each) => each === values.host) ?? "base",
    every: number("every"),
    work: number("work"),
  });
}

export const secondaryMmu: Study = {
  summary: "what a guest's second translation costs, and who may be dirty when",
  about: [
    "A guest writes all of its memory; somebody changes the entries of its VMM; the guest reads all of it and writes a part; then reclaim takes what it may, and the guest reads again. An oracle follows every store: none may be lost, and none may reach a page that was given away.",
    "The guest's memory is anonymous, in base or huge pages, or a file that the VMM shares (`host=file`); then everything is written back before reclaim, and the disk must hold every store.",
    "`host_dirty` and `host_write` are pages that had the flag and stayed mapped, `host_dirty_cleared` and `host_write_cleared` those that lost it. `notifier_cycles` are what the step waited for its notifiers. `clean_host_…` are pages whose host entry is clean while an SPTE is writable or dirty. `log-protect` and `log-buffer` change shadow entries alone. What a guest's exit and shadow entries cost is chosen, not measured (`arch/costs/secondary.ts`): counts are exact, cycles show proportions.",
    "`dirty_unasked` are pages of a file that the guest made dirty without the file system having been asked first (page_mkwrite), which today it always is.",
    "Live migration (pre-copy) has a table of its own: rounds of sending what was written meanwhile, until the rest takes no longer than `limit`, or for 30 rounds. Its guest does nothing but stores to random pages; what the log costs delays them. Every page must arrive as it was last stored.",
  ],
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
