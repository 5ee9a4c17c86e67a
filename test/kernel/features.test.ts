// Which features a version has, and which layout: never an `if` on a version, always a row.

import { describe, expect, it } from "vitest";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { KERNEL_FEATURES, KERNEL_LAYOUTS, KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import { MmulateError } from "../../src/errors.js";
import { featuresOf, layoutOf } from "../../src/kernel/features.js";

describe("features", () => {
  it.each([
    ["6.1", ["upgradeNeedsDirty"]],
    [
      "6.12",
      [
        "perVmaLocks",
        "wpUnpopulated",
        "wpAsync",
        "wpRangeOverVmas",
        "wpOffUpgrades",
        "mremapClearsWp",
        "scanHolesWritten",
      ],
    ],
  ])("of %s are these, among those that this test knows", (version, names) => {
    const known = new Set([
      "perVmaLocks",
      "wpUnpopulated",
      "wpAsync",
      "wpRangeOverVmas",
      "wpOffUpgrades",
      "upgradeNeedsDirty",
      "mremapClearsWp",
      "mremapManyVmas",
      "anonVmaOneSided",
      "stickySoftDirty",
      "guardRegions",
      "scanHolesWritten",
    ]);
    expect([...featuresOf(version, "x86-64")].filter((name) => known.has(name)).sort()).toEqual(
      names.sort(),
    );
  });

  it("hold from a version on, or up to one, but where they were backported", () => {
    for (const [name, fact] of KERNEL_FEATURES) {
      const { since, until, backported = [], architecture = "x86-64" } = fact;
      const order = KERNEL_VERSIONS.map((version) => featuresOf(version, architecture));
      const has = order.map((features) => features.has(name));
      const changes = has.filter((each, i) => i > 0 && each !== has[i - 1]).length;
      const ends = (since === undefined ? 0 : 1) + (until === undefined ? 0 : 1);
      if (backported.length === 0) expect(changes, name).toBeLessThanOrEqual(ends);
      if (until === undefined) expect(has.at(-1), name).toBe(true);
    }
  });

  it("compare versions by number, not by letter", () => {
    expect(featuresOf("6.8", "x86-64").has("mremapClearsWp")).toBe(false);
    expect(featuresOf("6.12", "x86-64").has("mremapClearsWp")).toBe(true);
  });
});

describe("layouts", () => {
  it.each([
    ["6.1", "x86-64", "x86-64-6.1"],
    ["6.8", "x86-64", "x86-64-6.12"],
    ["6.12", "x86-64", "x86-64-6.12"],
    ["6.18", "x86-64", "x86-64-7.0"],
    ["6.8", "arm64", "arm64-6.8"],
    ["6.12", "arm64", "arm64-6.12"],
    ["7.2", "arm64", "arm64-7.0"],
  ])("of %s on %s is %s", (version, architecture, layout) => {
    expect(layoutOf(version, architecture)).toBe(layout);
  });

  it("exist, each for its architecture", () => {
    for (const { layout, architecture } of KERNEL_LAYOUTS) {
      expect(LINUX_LAYOUTS.get(layout)?.architecture).toBe(architecture);
    }
  });

  it.each([
    ["6.13", "x86-64", 'kernel "6.13": one of 6.1, '],
    ["6.1", "arm64", "no layout of Linux 6.1 on arm64 is known"],
    ["7.2", "mips", "no layout of Linux 7.2 on mips is known"],
  ])(
    "of %s on %s is refused: a version is never taken for the nearest",
    (version, arch, message) => {
      const call = () => layoutOf(version, arch);
      expect(call).toThrow(MmulateError);
      expect(call).toThrow(message);
    },
  );
});
