// A tag names the kernel that the recordings of that name were made on.

import { describe, expect, it } from "vitest";
import { KERNEL_TAGS } from "../../arch/linux/kernel-tags.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { machineOf as machineOfRecording } from "../../src/verify/play-recording.js";
import { recordingsOf, TAGS } from "../verify/recorded.js";

it("there is one for each recorded kernel", () => {
  expect([...KERNEL_TAGS.keys()].sort()).toEqual([...TAGS]);
});

describe.each([...KERNEL_TAGS])("%s", (tag, { architecture }) => {
  it("is the machine of its recordings' header", () => {
    const header = recordingsOf(tag)[0]?.recording[0];
    if (header === undefined) throw new Error("no recording");
    const { kernel } = machineOf({ arch: architecture, kernel: tag, cpu: "plain" }, new Settings());
    const { kernel: recorded } = machineOfRecording(header);
    for (const key of ["version", "softDirty", "hwDirty", "thp", "mthp", "swap", "page"] as const) {
      expect(kernel[key] ?? true, key).toEqual(recorded[key] ?? true);
    }
  });

  it("is refused on another architecture", () => {
    const other = architecture === "arm64" ? "x86-64" : "arm64";
    expect(() => machineOf({ arch: other, kernel: tag, cpu: "plain" }, new Settings())).toThrow(
      `kernel "${tag}" is one of ${architecture}, not of ${other}`,
    );
  });
});
