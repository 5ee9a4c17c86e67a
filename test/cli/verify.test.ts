import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { inputFolder } from "../trace/support.js";
import { hugeLine, line, MIXED_FILE } from "../verify/support.js";
import { linesOf, MAIN, mmulate, output } from "./support.js";

const folder = inputFolder();
let good = "";
beforeAll(() => {
  good = folder.write("good.jsonl.gz", gzipSync(`${line()}\n${line({ id: "made/2" })}`));
});

describe("mmulate verify", () => {
  it("prints a line for each file and the sum, and nothing on stderr", async () => {
    expect(await mmulate("verify", good, good)).toEqual({
      code: 0,
      out: `${`${good}: 2 passed, 0 failed, 0 skipped\n`.repeat(2)}4 passed, 0 failed, 0 skipped\n`,
      err: "",
    });
  });

  // The terminal that script(1) makes has both streams, and puts CR before LF.
  it.skipIf(!existsSync("/usr/bin/script"))("tells the files on a terminal", async () => {
    const command = `"${process.execPath}" "${MAIN}" verify "${good}" "${good}"`;
    const child = spawn("/usr/bin/script", ["-qec", command, "/dev/null"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
    });
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(0);
    expect(seen.split("\r\n").slice(0, 3)).toEqual([
      `mmulate: playing ${good}`,
      `mmulate: playing ${good}`,
      `${good}: 2 passed, 0 failed, 0 skipped`,
    ]);
  });

  it("goes on behind a vector that takes too much memory", async () => {
    const file = folder.write("large.jsonl", `${line()}\n${hugeLine()}\n${line()}\n`);
    const { code, out, err } = await mmulate("verify", file);
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(linesOf(out).slice(0, 2)).toEqual([
      `${file}: 2 passed, 1 failed, 0 skipped`,
      "  too much memory: 1",
    ]);
  });

  it("prints failures with what was wanted and got", async () => {
    const { code, out } = await mmulate("verify", MIXED_FILE);
    expect(code).toBe(1);
    const text = out.replaceAll(MIXED_FILE, "mixed.jsonl");
    await expect(text).toMatchFileSnapshot("../golden/cli/verify-mixed.txt");
  });

  it("--json has exactly the shape that scripts rely on", async () => {
    const { code, out } = await mmulate("verify", "--json", MIXED_FILE, good);
    expect(code).toBe(1);
    const result = JSON.parse(out) as {
      files: Record<string, unknown>[];
      failures: Record<string, unknown>[];
    };
    expect(Object.keys(result)).toEqual(["passed", "failed", "skipped", "files", "failures"]);
    expect(result).toMatchObject({ passed: 11, failed: 9, skipped: 0 });
    for (const file of result.files) {
      expect(Object.keys(file)).toEqual(["file", "passed", "failed", "skipped", "reasons"]);
    }
    expect(result.files.map(({ file }) => file)).toEqual([MIXED_FILE, good]);
    expect(result.files[1]?.reasons).toEqual({});
    expect(result.failures).toHaveLength(9);
    for (const failure of result.failures) {
      expect(Object.keys(failure)).toEqual(["id", "op", "want", "got"]);
      expect(failure.id).toEqual(expect.any(String));
      expect(failure.op).toEqual(expect.any(String));
    }
  });
});

describe("mmulate walk", () => {
  it("explains a vector as text", async () => {
    const out = await output("walk", `${good}#made/2`);
    const [head, config, ...rest] = linesOf(out);
    expect(head).toBe("made/2 (x86-64): read 0x123 by user");
    expect(config).toMatch(/^ {2}levels=4 wp=false .*maxphyaddr=40 pse1g=true$/);
    expect(rest.at(-1)).toBe("as recorded");
  });

  it("--json has the same as data", async () => {
    const walk = JSON.parse(await output("walk", "--json", `${good}#made/1`)) as {
      steps: Record<string, unknown>[];
    };
    const want = {
      pa: "0x5123",
      after: [
        ["0x1000", "0x2027"],
        ["0x2000", "0x3027"],
        ["0x3000", "0x4027"],
        ["0x4000", "0x5027"],
      ],
    };
    const { steps, ...rest } = walk;
    expect(rest).toEqual({
      id: "made/1",
      arch: "x86-64",
      config: {
        levels: 4,
        wp: false,
        nx: false,
        smep: false,
        smap: false,
        ac: false,
        pge: false,
        pke: false,
        pkru: 0,
        maxphyaddr: 40,
        pse1g: true,
      },
      access: "read 0x123 by user",
      got: want,
      want,
      right: true,
    });
    expect(steps.map(({ step }) => step)).toEqual([
      "range",
      "root",
      "PML4E",
      "PDPTE",
      "PDE",
      "PTE",
      "permission",
      "result",
    ]);
    for (const step of steps) expect(Object.keys(step)).toEqual(["step", "cite", "facts"]);
  });

  it("takes the last # of its argument as the one before the id", async () => {
    const odd = folder.write("a#b.jsonl", line());
    expect(await output("walk", `${odd}#made/1`)).toContain("made/1 (x86-64)");
  });
});
