import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRunConfig, runConfigSchema } from "../../src/config/run-config.js";
import { configTemplate } from "../../src/config/template.js";
import { inputFolder } from "../trace/support.js";
import { MAIN } from "./support.js";

const folder = inputFolder();

function init(): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "init"], {
    cwd: folder.path,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("mmulate init", () => {
  it("writes the file, and leaves one that is there as it is", () => {
    const path = `${folder.path}/mmulate.config.yaml`;
    rmSync(path, { force: true });
    expect(init()).toEqual({
      status: 0,
      stdout: "mmulate.config.yaml is written: mmulate run uses it in this folder and below\n",
      stderr: "",
    });
    expect(readFileSync(path, "utf8")).toBe(configTemplate());
    folder.write("mmulate.config.yaml", "arch: arm64\n");
    expect(init()).toEqual({
      status: 2,
      stdout: "",
      stderr: "mmulate: mmulate.config.yaml is there already; it stays as it is\n",
    });
    expect(readFileSync(path, "utf8")).toBe("arch: arm64\n");
  });
});

describe("the file", () => {
  it("is a configuration, as it is and with every key taken out of its comment", () => {
    const text = configTemplate();
    expect([...parseRunConfig(text, "x").values.keys()]).toEqual(["arch"]);
    const whole = text.replaceAll(/^#(?=\w)/gm, "");
    const { values, settings, axes } = parseRunConfig(whole, "x");
    const keys = Object.keys(runConfigSchema.shape).filter((key) => key !== "$schema");
    const told = [
      ...values.keys(),
      ...(settings.length > 0 ? ["set"] : []),
      ...(axes.length > 0 ? ["sweep"] : []),
    ];
    expect(told.sort()).toEqual(keys.sort());
  });

  it("says of every key what it means", () => {
    for (const key of Object.keys(runConfigSchema.shape).filter((each) => each !== "$schema")) {
      expect(configTemplate()).toMatch(new RegExp(`\n\n# \\w.+\n#?${key}: `));
    }
  });
});
