// Rows with the ratio to today's scheme, verdicts of scheme and hazard, and a conclusion for each scheme.

import type { CellResult, StudyRow, StudyVerdict } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { claimsOf } from "./claims.js";
import { type Family, HAZARDS } from "./hazards.js";

const TODAY = "page";

/** Rows, verdicts and claims of the cells that finished. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const rounds = cells.filter(({ labels }) => labels.workload !== undefined);
  const hazards = cells.filter(({ labels }) => labels.hazard !== undefined);
  return {
    rows: rounds.map((cell) => rowOf(cell, rounds)),
    verdicts: verdictsOf(hazards, commandOf),
    claims: claimsOf(rounds, hazards, commandOf),
  };
}

function others(labels: CellResult["labels"]): string {
  return JSON.stringify({ ...labels, pae: TODAY });
}

function rowOf({ labels, metrics }: CellResult, rounds: readonly CellResult[]): StudyRow {
  const today = rounds.find(
    (each) => each.labels.pae === TODAY && others(each.labels) === others(labels),
  );
  const cycles = today?.metrics.cycles ?? 0;
  const ratio = cycles === 0 ? {} : { cycles_ratio: (metrics.cycles ?? 0) / cycles };
  return { keys: labels, metrics: { ...ratio, ...metrics } };
}

/** What kind of scheme a name is of. */
function familyOf(scheme: string): Family {
  if (scheme.startsWith("folio")) return "folio";
  if (scheme.startsWith("bitmap")) return "bitmap";
  return scheme.startsWith("page") ? "page" : "entry";
}

/** One for each hazard, scheme and result; architectures with the same result stand together. */
function verdictsOf(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  const found = new Map<
    string,
    { labels: CellResult["labels"]; archs: string[]; result: string }
  >();
  for (const cell of cells) {
    const { arch = "", ...labels } = cell.labels;
    const result = resultOf(cell);
    const key = JSON.stringify([labels, result]);
    const known = found.get(key);
    if (known === undefined) found.set(key, { labels, archs: [arch], result });
    else known.archs.push(arch);
  }
  return [...found.values()].map(({ labels, archs, result }) => ({
    keys: { ...labels, arch: archs.join(", ") },
    result,
    command: commandOf({ ...labels, arch: archs, workload: "none" }),
  }));
}

function resultOf({ labels, found }: CellResult): string {
  const { pae = "" } = labels;
  const hazard = HAZARDS.find(({ id }) => id === labels.hazard);
  if (hazard === undefined) return "";
  const { families, guard, unseen, what } = hazard;
  const broken = found?.broken;
  if (typeof broken === "string") return `broken (${what}): ${broken}`;
  const concerned =
    families.includes(familyOf(pae)) && !(pae === "own-bit" && families.length === 1);
  if (!concerned) return "safe: not about such schemes";
  if (unseen !== undefined) return `guarded, not shown (${unseen}): ${guard}`;
  return pae.endsWith("-naive") ? "passes" : `guarded: ${guard}`;
}
