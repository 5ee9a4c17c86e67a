// mmulate arch: pictures, budgets and verdicts as they are printed, and their JSON.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { define } from "../../arch/define.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { defineLinuxLayout } from "../../arch/linux/index.js";
import type { LinuxLayoutInput } from "../../arch/linux/schema.js";
import type { DescriptorInput } from "../../arch/schema.js";
import { linesOf, mmulate, output } from "./support.js";

const GOLDEN = "../golden/arch";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mmulate-arch-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("mmulate arch", () => {
  it.each([
    ["list", ["list"]],
    ["show-x86-64", ["show", "x86-64"]],
    ["show-x86-64-7.0", ["show", "x86-64-7.0"]],
    ["show-arm64-7.0", ["show", "arm64-7.0"]],
    ["show-s390x-7.0", ["show", "s390x-7.0"]],
    ["show-proposal", ["show", "arm64-soft-dirty-63"]],
    ["diff-arm64", ["diff", "arm64-6.8", "arm64-7.0"]],
    ["diff-architectures", ["diff", "x86-64", "arm64"]],
    ["budget", ["budget"]],
    ["budget-6.12", ["budget", "arm64", "--kernel", "6.12"]],
  ])("prints %s", async (name, args) => {
    await expect(await output("arch", ...args)).toMatchFileSnapshot(`${GOLDEN}/${name}.txt`);
  });

  it("check prints every verdict and its reasons, and ends with 1 where one collides", async () => {
    const { code, out, err } = await mmulate("arch", "check");
    expect([code, err]).toEqual([1, ""]);
    await expect(out).toMatchFileSnapshot(`${GOLDEN}/check.txt`);
  });

  it("check of one kernel ends with 0 where none collides there", async () => {
    const on = (kernel: string) =>
      mmulate("arch", "check", "arm64-soft-dirty-57", "--kernel", kernel, "--json");
    expect((await on("7.0")).code).toBe(0);
    const { code, out } = await on("6.14");
    expect(code).toBe(1);
    const [{ kernels }] = JSON.parse(out) as [{ kernels: { layout: string; verdict: string }[] }];
    expect(kernels).toMatchObject([{ layout: "arm64-6.12", verdict: "collides with DEVMAP" }]);
  });

  it("show --svg writes a picture of as many bits as an entry has", async () => {
    const file = join(folder, "arm64.svg");
    expect(await output("arch", "show", "arm64-7.0", "--svg", file)).toBe("");
    const svg = await readFile(file, "utf8");
    await expect(svg).toMatchFileSnapshot(`${GOLDEN}/show-arm64-7.0.svg`);
    // A page, a huge page, a table, a swap entry: 64 bits of 30 each.
    const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="(\d+)" height="84"/g)];
    expect(widths.reduce((sum, [, width]) => sum + Number(width), 0)).toBe(4 * 64 * 30);
    for (const tag of ["g", "text", "title", "svg"]) {
      const count = (pattern: RegExp) => svg.match(pattern)?.length;
      expect(count(new RegExp(`<${tag}[ >]`, "g"))).toBe(count(new RegExp(`</${tag}>`, "g")));
    }
  });

  it("show --json prints descriptors and layouts that pass their schemas unchanged", async () => {
    const text = await output("arch", "show", "arm64", "--json");
    expect(define(JSON.parse(text) as DescriptorInput)).toEqual(ARCHITECTURES.get("arm64"));
    const layout = JSON.parse(
      await output("arch", "show", "arm64-soft-dirty-63", "--json"),
    ) as LinuxLayoutInput;
    expect(defineLinuxLayout(layout).flags.softDirty?.tests).toEqual([{ SOFT_DIRTY: 1 }]);
  });

  it.each(["list", "budget"])("%s --json is a list of objects", async (name) => {
    const list = JSON.parse(await output("arch", name, "--json")) as object[];
    expect(list.length).toBeGreaterThan(5);
    for (const each of list) expect(Object.keys(each).length).toBeGreaterThan(2);
  });

  it("diff --json is empty for a layout and itself", async () => {
    expect(await output("arch", "diff", "arm64-7.0", "arm64-7.0", "--json")).toBe("[]\n");
    expect(await output("arch", "diff", "arm64-7.0", "arm64-7.0")).toBe(
      "arm64-7.0 and arm64-7.0: no bit differs\n",
    );
  });

  it.each([
    [["show", "arm65"], 'there is no "arm65"; did you mean "arm64"?'],
    [["diff", "arm64", "nothing"], 'there is no "nothing"'],
    [["budget", "arm64-7.0"], 'there is no "arm64-7.0"'],
    [
      ["check", "arm64-soft-dirty-57", "--kernel", "new"],
      "--kernel new is no version such as 6.12",
    ],
    [["budget", "arm64", "--kernel", "6.1"], "--kernel 6.1: arm64 is known from 6.8 on"],
  ])("%j is refused with a line", async (args, message) => {
    const { code, out, err } = await mmulate("arch", ...args);
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toHaveLength(1);
    expect(err).toContain(message);
  });
});
