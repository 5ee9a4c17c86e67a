// Checks as JUnit's XML, which CI systems read: a suite for each cell, a test case for each check.

import type { CellFailure, CellResult, Check, Report } from "../stats/report.js";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  // In attributes a parser makes blanks of these.
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** What XML 1.0 has no character for, as such or as an entity: most controls, U+FFFE and U+FFFF.
 * Halves of a surrogate pair are none either. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Text for an attribute or an element. What XML cannot hold becomes U+FFFD. */
function escapeXml(text: string): string {
  return text

    .replaceAll(/\p{Surrogate}/gu, "\ufffd")
    .replaceAll(FORBIDDEN, "\ufffd")
    .replaceAll(/[&<>"'\t\n\r]/g, (character) => ENTITIES[character] ?? character);
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}

function testCase({ id, ok, first = "" }: Check, classname: string): string {
  const head = `    <testcase${attributes({ classname, name: id })}`;
  if (ok) return `${head}/>`;
  const failure = `      <failure${attributes({ message: first, type: "check" })}/>`;
  return [`${head}>`, failure, "    </testcase>"].join("\n");
}

function propertiesOf(labels: Readonly<Record<string, string>>): string {
  const lines = Object.entries(labels).map(
    ([name, value]) => `      <property${attributes({ name, value })}/>`,
  );
  return ["    <properties>", ...lines, "    </properties>"].join("\n");
}

function suite({ id, labels, checks }: CellResult, host: Report["host"]): string {
  const name = Object.values(labels).join(" ");
  const time = host?.cells.find((cell) => cell.id === id)?.wallSeconds;
  const failures = checks.filter(({ ok }) => !ok).length;
  const counts = { tests: checks.length, failures, errors: 0, skipped: 0 };
  return [
    `  <testsuite${attributes({ name, id, ...counts, time })}>`,
    propertiesOf(labels),
    ...checks.map((check) => testCase(check, name)),
    "  </testsuite>",
  ].join("\n");
}

/** A cell that did not finish is an error in JUnit's sense: not a check that failed, but none at all. */
function unfinished({ id, labels, code, message }: CellFailure): string {
  const name = Object.values(labels).join(" ");
  const counts = { tests: 1, failures: 0, errors: 1, skipped: 0 };
  return [
    `  <testsuite${attributes({ name, id, ...counts })}>`,
    propertiesOf(labels),
    `    <testcase${attributes({ classname: name, name: "finishes" })}>`,
    `      <error${attributes({ message, type: code })}/>`,
    "    </testcase>",
    "  </testsuite>",
  ].join("\n");
}

/** A report as JUnit XML. Times stand there only where the report has host figures. */
export function toJunit({ cells, failures: failed = [], host }: Report): string {
  const checks = cells.flatMap((cell) => cell.checks);
  const failures = checks.filter(({ ok }) => !ok).length;
  const counts = { tests: checks.length + failed.length, failures, errors: failed.length };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "mmulate", ...counts })}>`,
    ...cells.map((cell) => suite(cell, host)),
    ...failed.map(unfinished),
    "</testsuites>",
    "",
  ].join("\n");
}
