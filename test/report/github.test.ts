import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toGithubAnnotations, toGithubSummary } from "../../src/report/github.js";
import { toMarkdown } from "../../src/report/markdown.js";
import { REPORT } from "./arbitrary-report.js";
import { FAILED, LARGE, reportOf } from "./support.js";

interface Command {
  readonly level: string;
  readonly title: string;
  readonly message: string;
}

const DECODED: Record<string, string> = {
  "%25": "%",
  "%0D": "\r",
  "%0A": "\n",
  "%3A": ":",
  "%2C": ",",
};
const decode = (text: string): string =>
  text.replaceAll(/%[0-9A-F]{2}/g, (code) => DECODED[code] ?? code);

/** Commands as a runner reads them: a line each, properties up to the next "::". */
function readCommands(text: string): Command[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const match = /^::([a-z]+) title=([^:,\r]*)::([^\r]*)$/s.exec(line);
      if (match === null) throw new Error(`no command: ${JSON.stringify(line)}`);
      const [, level = "", title = "", message = ""] = match;
      return { level, title: decode(title), message: decode(message) };
    });
}

describe("GitHub's annotations", () => {
  it("are an error for each check that failed", async () => {
    const text = toGithubAnnotations(reportOf(FAILED, LARGE));
    await expect(text).toMatchFileSnapshot("../golden/report/reporter-github.txt");
  });

  it("are one notice where none did", () => {
    const held = { ...LARGE, checks: [{ id: "a", ok: true }] };
    expect(toGithubAnnotations(reportOf(held, held))).toBe(
      "::notice title=mmulate::2 cells, all 2 checks hold\n",
    );
  });

  it("are commands whatever the texts are, and say the same", () => {
    fc.assert(
      fc.property(REPORT, (report) => {
        const failed = report.cells.flatMap(({ labels, checks }) =>
          checks
            .filter(({ ok }) => !ok)
            .map(({ id, first }) => ({
              level: "error",
              title: `mmulate: ${id}`,
              message: `${Object.values(labels).join(" ")}: ${first}`,
            })),
        );
        for (const { labels, message } of report.failures ?? []) {
          failed.push({
            level: "error",
            title: "mmulate: a cell did not finish",
            message: `${Object.values(labels).join(" ")}: ${message}`,
          });
        }
        const commands = readCommands(toGithubAnnotations(report));
        if (failed.length > 0) expect(commands).toEqual(failed);
        else expect(commands.map(({ level }) => level)).toEqual(["notice"]);
      }),
    );
  });
});

describe("GitHub's summary", () => {
  it("is the Markdown under a heading", () => {
    const report = reportOf(FAILED, LARGE);
    expect(toGithubSummary(report)).toBe(`### mmulate 0.0.0\n\n${toMarkdown(report)}\n`);
  });
});
