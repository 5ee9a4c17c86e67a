// The file that `mmulate init` writes: every key of a configuration with what it means. The meanings are the
// schema's own.

import { z } from "zod";
import { runConfigSchema } from "./run-config.js";

/** A value for each key, as one would write it. The first ones are what holds anyway. */
const EXAMPLES: Readonly<Record<string, string>> = {
  arch: "[x86-64, arm64]",
  cpu: "[plain]",
  kernel: '["7.2"]',
  pages: "[base]",
  format: "auto",
  accesses: "all",
  split: "true",
  dataCache: "true",
  nested: "4k",
  secondStage: "[4k, 2m]",
  seed: "1",
  check: "true",
  explain: "true",
  workers: "2",
  memory: "2g",
  timeout: "600",
  host: "true",
  reporter: "[table, json=report.json]",
  set: "{ costs: { syscall: 300 } }",
  sweep: '{ cpu.memory.cycles: "200..400:100" }',
};

/** Keys that are set from the start: the others are comments. */
const SET: ReadonlySet<string> = new Set(["arch"]);

const HEAD = `# Defaults of mmulate run, for this folder and those below it. Options of the command line win over them.
#   mmulate run TRACE --show-config      tells what holds, and where it was said
#   mmulate config schema > FILE         is the JSON Schema of this file, for editors
#   mmulate config paths                 lists what set and sweep can name
`;

/** What each key means, in the order of the schema. */
function meanings(): [key: string, means: string][] {
  const { properties = {} } = z.toJSONSchema(runConfigSchema, { io: "input" });
  return Object.entries(properties).map(([key, schema]) => [
    key,
    (typeof schema === "object" && schema.description) || "",
  ]);
}

/** The text of a new mmulate.config.yaml. */
export function configTemplate(): string {
  const parts = meanings()
    .filter(([key]) => key !== "$schema")
    .map(([key, means]) => `\n# ${means}\n${SET.has(key) ? "" : "#"}${key}: ${EXAMPLES[key]}\n`);
  return HEAD + parts.join("");
}
