import { describe, expect, it } from "vitest";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";

const costsOf = (arch: string, settings = new Settings()) =>
  machineOf({ arch, kernel: "7.2", cpu: "plain" }, settings).kernel.costs.events;

describe("costs of larger base pages", () => {
  it("zeroing and copying take as much longer as the page is larger, all else as long", () => {
    const small = costsOf("arm64");
    const large = costsOf("arm64:granule=64");
    const differ = Object.keys(small).filter((name) => small[name]?.cycles !== large[name]?.cycles);
    expect(differ.sort()).toEqual(["page_copy", "page_zero"]);
    for (const name of differ) {
      expect(large[name]?.cycles).toBe(16 * (small[name]?.cycles ?? 0));
      expect(large[name]?.cite).toContain("times 16 for pages of 64 KiB");
    }
  });

  it("what is set is what a page costs, however large", () => {
    const set = new Settings([{ path: "costs.page_copy", value: "7000", from: "--set" }]);
    expect(costsOf("arm64:granule=16", set).page_copy?.cycles).toBe(7000);
  });
});
