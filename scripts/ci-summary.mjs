// Turns vitest's JSON report into the last line of `.ci/run`: "N passed, N failed".
//
//   node scripts/ci-summary.mjs REPORT.json test=STATUS lint=STATUS pack=STATUS [bench=STATUS cells=BENCH.json]
//
// STATUS is the exit code of that step. BENCH.json is the report of `mmulate bench`: each of its cells counts as a
// test that its figures are those of the baseline. Prints no such line when vitest did not run.

import { existsSync, readFileSync } from "node:fs";

/** Individual tests; a file that could not be collected counts as one failure. */
function countTests(report) {
  let passed = 0;
  let failed = 0;
  for (const file of report.testResults) {
    const states = file.assertionResults.map((test) => test.status);
    const failedHere = states.filter((state) => state === "failed").length;
    passed += states.filter((state) => state === "passed").length;
    failed += failedHere === 0 && file.status === "failed" ? 1 : failedHere;
  }
  return { passed, failed };
}

/** Cells that hold their baseline, and all others. A bench that refused to run wrote no report. */
function countCells(file) {
  if (!file || !existsSync(file)) return { passed: 0, failed: 0 };
  const { cells, failures = [] } = JSON.parse(readFileSync(file, "utf8"));
  const held = cells.filter(({ checks }) => checks.every(({ ok }) => ok)).length;
  return { passed: held, failed: cells.length - held + failures.length };
}

const [reportFile, ...steps] = process.argv.slice(2);
const tests = countTests(JSON.parse(readFileSync(reportFile, "utf8")));
if (tests.passed + tests.failed === 0) throw new Error("vitest ran no test");
const pairs = steps.map((step) => step.split("="));
const cells = countCells(pairs.find(([name]) => name === "cells")?.[1]);

const passed = tests.passed + cells.passed;
let failed = tests.failed + cells.failed;
for (const [name, status] of pairs) {
  if (status === "0" || name === "cells") continue;
  // Failing tests and cells are counted above; beside them these steps fail on errors outside of any.
  if ((name === "test" && tests.failed > 0) || (name === "bench" && cells.failed > 0)) continue;
  console.log(`step failed: ${name}`);
  failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
