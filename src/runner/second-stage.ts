// The second stage of a guest, as a selector says it: PAGES[:PARAMETER=VALUE...], "none" where there is no guest.
//
//   4k      2m:levels=5      64k (on arm64: contiguous groups)      none

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { STAGE2S } from "../../arch/stage2/index.js";
import type { Core } from "../core/core.js";
import { MmulateError } from "../errors.js";
import { type CompiledStage2, compileStage2, encodeStage2 } from "../layout/stage2.js";
import type { SecondStageChoice } from "./cell.js";
import { readParameters } from "./selector-words.js";

/** The selector of a machine that is nobody's guest. */
export const NO_SECOND_STAGE = "none";

/**
 * Reads a selector, for guests of an architecture.
 * @returns null where it says that there is no guest
 * @throws MmulateError USAGE or CONFIG where the architecture, a parameter or a size does not exist
 */
export function parseSecondStage(selector: string, architecture: string): SecondStageChoice | null {
  if (selector === NO_SECOND_STAGE) return null;
  const [pages = "", ...words] = selector.split(":");
  const usual = STAGE2S.get(architecture)?.typical.values;
  const mode = { ...usual, ...readParameters(selector, words, "4k:levels=5") };
  const { layout } = secondStageFor(architecture, { pages, mode });
  return { pages, mode: layout.mode };
}

/**
 * The compiled second stage of a choice.
 * @throws MmulateError as `parseSecondStage`
 */
function secondStageFor(
  architecture: string,
  { pages, mode }: { readonly pages: string; readonly mode: Readonly<Record<string, unknown>> },
): CompiledStage2 {
  const descriptor = STAGE2S.get(architecture);
  if (descriptor === undefined) {
    const known = [...STAGE2S.keys()].join(", ");
    throw new MmulateError(
      "USAGE",
      `second stage "${pages}": ${architecture} has none here (known of: ${known})`,
    );
  }
  const stage2 = compileStage2(descriptor, mode as SecondStageChoice["mode"]);
  encodeStage2(stage2, { root: 0n, pages });
  return stage2;
}

/** Loads the second stage of a guest into a core whose CPU runs one, with an empty root table. */
export function loadSecondStage(
  core: Core,
  architecture: string,
  choice: SecondStageChoice,
  { secondStage }: CpuProfile,
): void {
  const stage2 = secondStageFor(architecture, choice);
  const options = {
    pages: choice.pages,
    pageEntries: secondStage?.pages.entries ?? 0,
    tableEntries: secondStage?.tables.entries ?? 0,
  };
  // Once without a root, for how large that is the second stage says.
  core.loadStage2(stage2, { root: 0n, ...options });
  core.loadStage2(stage2, { root: core.exports.newStage2Root(), ...options });
}
