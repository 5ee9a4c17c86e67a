// Studies as text and as a document: rows of one form stand in one table.

import { describe, expect, it } from "vitest";
import { toStudyMarkdown } from "../../src/report/study-markdown.js";
import { toStudyText } from "../../src/report/study-text.js";
import type { Report } from "../../src/stats/report.js";
import { BASE, reportOf } from "./support.js";

const REPORT: Report = {
  ...reportOf(BASE),
  study: {
    name: "example",
    summary: "what an example shows",
    about: ["First paragraph.", "Second."],
    command: "mmulate study example",
  },
  rows: [
    { keys: { arch: "a", way: "x|y" }, metrics: { cycles_per_page: 1234567, share: 0.25 } },
    { keys: { arch: "a", way: "z" }, metrics: { cycles_per_page: 0.000012, share: 123456.5 } },
    { keys: { arch: "a" }, metrics: { pauses: 3 } },
  ],
  verdicts: [
    { keys: { arch: "b" }, result: "has none", command: "mmulate study example --arch b" },
  ],
  claims: [
    { id: "one", text: "It is so.", holds: true, command: "mmulate study example --arch a" },
    { id: "two", text: "It is not.", holds: false, command: "mmulate study example --arch b" },
  ],
};

describe("a study", () => {
  it("as text", () => {
    expect(toStudyText(REPORT)).toMatchInlineSnapshot(`
      "what an example shows
      mmulate study example

      arch: a

      way  cycles per page    share
      -----------------------------
      x|y        1,234,567   0.2500
      z         0.00001200  123,457

      arch  pauses
      ------------
      a          3

      verdicts
        arch=b: has none

      claims
        holds  one: It is so.
               mmulate study example --arch a
        DOES NOT HOLD  two: It is not.
               mmulate study example --arch b
      "
    `);
  });

  it("as a document", () => {
    expect(toStudyMarkdown(REPORT)).toMatchInlineSnapshot(`
      "# example: what an example shows

      Written by \`mmulate study example -o docs/studies/example.md\`.

      First paragraph.

      Second.

      ## Claims

      - **one**: It is so. Holds: \`mmulate study example --arch a\`
      - **two**: It is not. **Does not hold**: \`mmulate study example --arch b\`

      ## Verdicts

      | point | result |
      | :--- | :--- |
      | arch=b | has none |

      ## Figures

      arch: a

      | way | cycles per page | share |
      | :--- | ---: | ---: |
      | x\\|y | 1,234,567 | 0.2500 |
      | z | 0.00001200 | 123,457 |

      | arch | pauses |
      | :--- | ---: |
      | a | 3 |
      "
    `);
  });
});
