import { describe, expect, it } from "vitest";
import { toCountersText } from "../../src/report/counters-text.js";
import { toVerifyText, toWalkText } from "../../src/report/verify-text.js";
import type { WalkExplanation } from "../../src/stats/walk-explanation.js";

describe("the text of a verification", () => {
  it("has a line for each file with its reasons, then failures, then the sum", () => {
    const text = toVerifyText({
      passed: 5,
      failed: 2,
      skipped: 0,
      files: [
        { file: "a.jsonl", passed: 3, failed: 0, skipped: 0, reasons: {} },
        { file: "b.jsonl", passed: 2, failed: 2, skipped: 0, reasons: { why: 1, "and how": 1 } },
      ],
      failures: [{ id: "b/1", op: "read 0x0 by user", want: { pa: "0x1" }, got: { pa: "0x2" } }],
    });
    expect(text).toBe(
      `a.jsonl: 3 passed, 0 failed, 0 skipped
b.jsonl: 2 passed, 2 failed, 0 skipped
  why: 1
  and how: 1
b/1: read 0x0 by user
  want {"pa":"0x1"}
  got  {"pa":"0x2"}
5 passed, 2 failed, 0 skipped
`,
    );
  });
});

describe("the text of a walk", () => {
  const walk: WalkExplanation = {
    id: "a/1",
    arch: "x86-64",
    config: { levels: 4, wp: false },
    access: "read 0x0 by user",
    steps: [
      { step: "range", cite: "SDM 1", facts: ["one", "two"] },
      { step: "result", cite: "SDM 2", facts: ["three"] },
    ],
    got: { pa: "0x2" },
    want: { pa: "0x1" },
    right: true,
  };

  it("has a paragraph for each step under its manual section", () => {
    expect(toWalkText(walk)).toBe(
      `a/1 (x86-64): read 0x0 by user
  levels=4 wp=false

range  [SDM 1]
  one
  two

result  [SDM 2]
  three

as recorded
`,
    );
  });

  it("ends with what was wanted and got where they differ", () => {
    const end = toWalkText({ ...walk, right: false })
      .split("\n\n")
      .at(-1);
    expect(end).toBe('NOT as recorded\n  want {"pa":"0x1"}\n  got  {"pa":"0x2"}\n');
  });
});

describe("the text of the counters", () => {
  it("has name, unit, meaning and perf event of each", () => {
    const text = toCountersText([
      { name: "walks", unit: "walks", means: "walks begun", perf: "a · b" },
      { name: "pa_sum", unit: "bytes", means: "a sum", perf: "-" },
    ]);
    expect(text).toBe(
      `perf events are given as Intel · Arm; "-" where machines count no such thing

walks (walks)
    walks begun
    perf: a · b
pa_sum (bytes)
    a sum
    perf: -
`,
    );
  });
});
