// Rows with the ratio to today's scheme, verdicts of scheme and hazard, and a conclusion for each scheme.

import type { CellResult } from "../../stats/report.js";
import type { CommandOf, StudyEnd } from "../types.js";
import { claimsOf } from "./claims.js";
import { rowsOf } from "./rows.js";
import { verdictsOf } from "./verdicts.js";

/** Rows, verdicts and claims of the cells that finished. */
export function assemble(cells: readonly CellResult[], commandOf: CommandOf): StudyEnd {
  const rounds = cells.filter(({ labels }) => labels.workload !== undefined);
  const hazards = cells.filter(({ labels }) => labels.hazard !== undefined);
  return {
    rows: rowsOf(rounds),
    verdicts: verdictsOf(hazards, commandOf),
    claims: claimsOf(rounds, hazards, commandOf),
  };
}
