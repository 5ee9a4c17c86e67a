// What pages cost that are larger than those of the machine on which costs were measured.

import type { CostProfile } from "../../arch/costs/schema.js";

/** Cost profiles are for pages of this size: all machines so far were measured with it. */
const MEASURED_BYTES = 4096;
/** What takes so long for each byte. All else is done once for an entry, whatever it maps. */
const BY_BYTES = ["page_zero", "page_copy"] as const;

/** A profile for base pages of `page` bytes: zeroing and copying one takes as much longer as it is larger. */
export function costsForPages(profile: CostProfile, page: number): CostProfile {
  if (page === MEASURED_BYTES) return profile;
  const events = { ...profile.events };
  for (const name of BY_BYTES) {
    const cost = events[name];
    if (cost === undefined) continue;
    const cycles = (cost.cycles * page) / MEASURED_BYTES;
    const cite = `${cost.cite}, times ${page / MEASURED_BYTES} for pages of ${page / 1024} KiB`;
    const guessed = cost.confidence === "choice" || cost.confidence === "knowledge";
    events[name] = { cycles, cite, confidence: guessed ? cost.confidence : "scaled" };
  }
  return { ...profile, events };
}
