import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inputFolder } from "../trace/support.js";
import { line } from "../verify/support.js";
import { linesOf, mmulateInto, start, TINY } from "./support.js";

const folder = inputFolder();

/** Runs it with a reader that closes stdout before the first byte: what `| head` does at its end. */
async function unread(...args: string[]): Promise<{ code: unknown; err: string }> {
  const child = start(args);
  child.stdout.destroy();
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [unknown];
  return { code, err };
}

describe("a reader that closes the pipe", () => {
  it("of a list is no error", async () => {
    expect(await unread("counters", "--json")).toEqual({ code: 0, err: "" });
  });

  it("of a run is no error", async () => {
    const trace = folder.write("tiny.lackey", TINY);
    const many = ["base", "thp", "1g", "contiguous"].flatMap((pages) => ["--pages", pages]);
    const { code, err } = await unread("run", trace, "--json", ...many, "--reporter", "table");
    expect(code).toBe(0);
    expect(err).toMatch(/^(mmulate: .* \d+ accesses\n){8}$/);
  });

  it("of a verification keeps the exit code of the result", async () => {
    const wrong = folder.write("wrong.jsonl", line({ expect: { pa: "0x0" } }));
    expect(await unread("verify", wrong)).toEqual({ code: 1, err: "" });
  });
});

describe.skipIf(!existsSync("/dev/full"))("a disk that is full", () => {
  const full = "mmulate: cannot write stdout: ENOSPC\n";

  it("under a list ends with exit code 2 and one line on stderr", async () => {
    expect(await mmulateInto("/dev/full", "counters")).toEqual({ code: 2, err: full });
    expect(await mmulateInto("/dev/full", "counters", "--json")).toEqual({ code: 2, err: full });
  });

  it("under a verification likewise, whatever its result", async () => {
    const wrong = folder.write("wrong-too.jsonl", line({ expect: { pa: "0x0" } }));
    expect(await mmulateInto("/dev/full", "verify", wrong)).toEqual({ code: 2, err: full });
  });

  it("under a run likewise, behind what was told of its cells", async () => {
    const trace = folder.write("full.lackey", TINY);
    const { code, err } = await mmulateInto("/dev/full", "run", trace, "--workers", "1");
    expect(code).toBe(2);
    expect(linesOf(err).slice(2)).toEqual([full.trimEnd()]);
  });
});
