// The recordings in test/data/kernel, and what is known not to agree.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { checkRecording, type Recording } from "../../src/verify/recording-format.js";

export const KERNEL_FOLDER = new URL("../data/kernel/", import.meta.url);

/** Tags of the recorded kernels. */
export const TAGS: readonly string[] = readdirSync(KERNEL_FOLDER)
  .filter((name) => name.endsWith(".jsonl.gz"))
  .map((name) => name.replace(".jsonl.gz", ""))
  .sort();

export function recordingsOf(tag: string): Recording[] {
  const bytes = readFileSync(new URL(`${tag}.jsonl.gz`, KERNEL_FOLDER));
  const lines = gunzipSync(bytes).toString().trimEnd().split("\n");
  return lines.map((line, i) => checkRecording(JSON.parse(line), `${tag}:${i + 1}`));
}

/** tag -> name of the scenario -> reason. */
export function knownExceptions(): Record<string, Record<string, string>> {
  const text = readFileSync(new URL("known-exceptions.json", KERNEL_FOLDER), "utf8");
  return JSON.parse(text) as Record<string, Record<string, string>>;
}
