import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { inputFolder } from "../trace/support.js";
import { line } from "../verify/support.js";
import { start, TINY } from "./support.js";

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
    expect(await unread("verify", wrong)).toEqual({ code: 1, err: `mmulate: playing ${wrong}\n` });
  });
});
