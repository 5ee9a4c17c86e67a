// Puts the cells of a run together as its report.

import { REPORT_SCHEMA, type Report, type Shard } from "../stats/report.js";
import type { RunEnd } from "./run-cells.js";
import { packageVersion } from "./version.js";

export interface ReportParts {
  /** What was asked for. */
  readonly config: Report["config"];
  /** Whether figures of this host are told. */
  readonly host: boolean;
  readonly shard?: Shard | undefined;
}

/** The report of cells that ended so. */
export function reportOf({ outcomes, failures }: RunEnd, parts: ReportParts): Report {
  const { config, host, shard } = parts;
  return {
    schema: REPORT_SCHEMA,
    version: packageVersion(),
    config,
    ...(shard === undefined ? {} : { shard }),
    cells: outcomes.map(({ result }) => result),
    ...(failures.length === 0 ? {} : { failures }),
    ...(host ? { host: { cells: outcomes.map((outcome) => outcome.host) } } : {}),
  };
}
