import { describe, expect, it } from "vitest";
import { timeLeft } from "../../src/cli/progress.js";

describe("the time left", () => {
  it.each([
    [1, 2, 1000, "0:01"],
    [1, 4, 30_000, "1:30"],
    [2, 4, 90_000, "1:30"],
    [1, 3, 100, "0:01"],
    [1, 100, 60_000, "1:39:00"],
    [10, 11, 36_050_000, "1:00:05"],
  ])("with %i of %i cells done in %i ms is %s", (done, total, elapsed, left) => {
    expect(timeLeft(done, total, elapsed)).toBe(left);
  });

  it("is not known before the first cell is done, and none behind the last", () => {
    expect(timeLeft(0, 3, 5000)).toBe(null);
    expect(timeLeft(3, 3, 5000)).toBe(null);
  });
});
