// Turns vitest's JSON report into the last line of `.ci/run`: "N passed, N failed".
//
//   node scripts/ci-summary.mjs REPORT.json test=STATUS lint=STATUS pack=STATUS
//
// STATUS is the exit code of that step. Prints no such line when vitest did not run.

import { readFileSync } from "node:fs";

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

const [reportFile, ...steps] = process.argv.slice(2);
const { passed, failed: failedTests } = countTests(JSON.parse(readFileSync(reportFile, "utf8")));
if (passed + failedTests === 0) throw new Error("vitest ran no test");

let failed = failedTests;
for (const [name, status] of steps.map((step) => step.split("="))) {
  if (status === "0") continue;
  // Failing tests are counted above; beside them vitest fails on errors outside of any test.
  if (name === "test" && failedTests > 0) continue;
  console.log(`step failed: ${name}`);
  failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
