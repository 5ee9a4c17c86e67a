// Reads the file of a report.

import { readConfigText } from "../config/files.js";
import type { Report } from "../stats/report.js";
import { parseReport } from "./report-schema.js";

/**
 * Reads the JSON of a report.
 * @throws MmulateError INPUT when the file cannot be read or holds no report
 */
export async function readReport(path: string): Promise<Report> {
  return parseReport(await readConfigText(path), path);
}
