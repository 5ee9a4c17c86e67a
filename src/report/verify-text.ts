// Results of verify and walk as text.

import type { VerifyResult } from "../stats/verify-result.js";
import type { WalkExplanation } from "../stats/walk-explanation.js";

/** One line per file, the first failures, and the sum. */
export function toVerifyText(result: VerifyResult): string {
  const lines = result.files.flatMap(({ file, passed, failed, skipped, reasons }) => [
    `${file}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
    ...Object.entries(reasons).map(([reason, count]) => `  ${reason}: ${count}`),
  ]);
  for (const { id, op, want, got } of result.failures) {
    lines.push(`${id}: ${op}`, `  want ${JSON.stringify(want)}`, `  got  ${JSON.stringify(got)}`);
  }
  lines.push(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  return `${lines.join("\n")}\n`;
}

/** The steps of a walk, each with its manual section. */
export function toWalkText(walk: WalkExplanation): string {
  const config = Object.entries(walk.config).map(([name, value]) => `${name}=${value}`);
  const lines = [`${walk.id} (${walk.arch}): ${walk.access}`, `  ${config.join(" ")}`];
  for (const { step, cite, facts } of walk.steps) {
    lines.push("", `${step}  [${cite}]`, ...facts.map((fact) => `  ${fact}`));
  }
  lines.push("");
  if (walk.right) lines.push("as recorded");
  else
    lines.push(
      "NOT as recorded",
      `  want ${JSON.stringify(walk.want)}`,
      `  got  ${JSON.stringify(walk.got)}`,
    );
  return `${lines.join("\n")}\n`;
}
