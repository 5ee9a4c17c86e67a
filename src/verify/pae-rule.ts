// Why a recording differs under a scheme of PageAnonExclusive: where today's scheme plays it as recorded, a rule of the
// scheme says so, or nothing does.

import type { Core } from "../core/core.js";
import { featuresOf } from "../kernel/features.js";
import { PAE_SCHEMES } from "../pae/index.js";
import type { PaeRule } from "../pae/types.js";
import type { OwnParts } from "../scenario/machine.js";
import { type Difference, machineOf, playRecording } from "./play-recording.js";
import type { Recording } from "./recording-format.js";

/** The reason that is counted. */
export function byRule(
  core: Core,
  recording: Recording,
  pae: string,
  own: OwnParts | undefined,
  { reason, op }: Difference,
): string {
  if (playRecording(core, recording, false, own) !== null) return `${reason} (today, too)`;
  const index = Number.parseInt(op, 10) - 1;
  const before = recording.script.slice(0, index + 1);
  const { kernel } = machineOf(recording.recording[0], own);
  const features = featuresOf(kernel.version, kernel.architecture);
  const fits = ({ after, feature, softwareDirty }: PaeRule): boolean =>
    (softwareDirty === undefined || !kernel.hwDirty) &&
    (feature === undefined || features.has(feature)) &&
    before.some((line) => after.some((words) => hasWords(line, words)));
  const rule = PAE_SCHEMES.get(pae)?.rules?.find(fits);
  return rule === undefined ? `${reason}, by no rule of ${pae}` : `${pae}: ${rule.name}`;
}

/** "in c madvise A 0 4 free" has "madvise free". */
function hasWords(line: string, words: string): boolean {
  const said = line.split(" ");
  return words.split(" ").every((word) => said.includes(word));
}
