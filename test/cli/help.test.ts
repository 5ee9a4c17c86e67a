import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COUNTERS, Counter } from "../../assembly/abi/counters.js";
import { mmulate, output } from "./support.js";

const GOLDEN = "../golden/cli";

describe("mmulate", () => {
  it.each(["--version", "-V"])("%s prints the package's version", async (flag) => {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const { version } = JSON.parse(text) as { version: string };
    expect(await mmulate(flag)).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it.each(["run", "compare", "demo", "verify", "walk", "init", "counters", "completion"])(
    "%s --help says what there is",
    async (name) => {
      const help = await output(name, "--help");
      await expect(help).toMatchFileSnapshot(`${GOLDEN}/help-${name}.txt`);
    },
  );

  it.each(["convert", "info"])("trace %s --help says what there is", async (name) => {
    const help = await output("trace", name, "--help");
    await expect(help).toMatchFileSnapshot(`${GOLDEN}/help-trace-${name}.txt`);
  });

  it.each(["list", "show", "diff", "budget", "check"])(
    "arch %s --help says what there is",
    async (name) => {
      const help = await output("arch", name, "--help");
      await expect(help).toMatchFileSnapshot(`${GOLDEN}/help-arch-${name}.txt`);
    },
  );

  it("--help and help print the commands", async () => {
    const help = await output("--help");
    await expect(help).toMatchFileSnapshot(`${GOLDEN}/help.txt`);
    expect(await output("help")).toBe(help);
  });

  it("has every command and every option under a heading that says what it is for", async () => {
    const help = await output("--help");
    const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name);
    expect(commands).toContain("run");
    for (const name of ["", ...commands.filter((each) => each !== "help")]) {
      const text = await output(...(name === "" ? [] : [name]), "--help");
      const plain = /^Options:\n((?: .*\n)*)/m.exec(text)?.[1] ?? "";
      expect(plain.replaceAll(/^ {3,}.*\n/gm, "").match(/--[a-z-]+/g) ?? []).toEqual(
        name === "" ? ["--version", "--help"] : ["--help"],
      );
      if (name === "") expect(text).not.toMatch(/^Commands:/m);
    }
  });

  it("help COMMAND is COMMAND --help", async () => {
    expect(await output("help", "run")).toBe(await output("run", "--help"));
  });
});

describe("mmulate counters", () => {
  it("--json lists every counter with name, unit, meaning and perf event", async () => {
    const list = JSON.parse(await output("counters", "--json")) as Record<string, string>[];
    expect(list).toHaveLength(COUNTERS);
    for (const counter of list) {
      expect(Object.keys(counter)).toEqual(["name", "unit", "means", "perf"]);
    }
    expect(list[Counter.Reads]?.name).toBe("reads");
    expect(list[Counter.DirtyAssist]?.name).toBe("dirty_assist");
    expect(list[Counter.AddressSum]?.name).toBe("pa_sum");
  });

  it("prints the same as text", async () => {
    const list = JSON.parse(await output("counters", "--json")) as Record<string, string>[];
    const text = await output("counters");
    for (const { name, unit, means, perf } of list) {
      expect(text).toContain(`${name} (${unit})\n    ${means}\n    perf: ${perf}\n`);
    }
  });
});
