// Which inputs of a run are scripts, and their text.

import { Buffer } from "node:buffer";
import { stat } from "node:fs/promises";
import { VERBS } from "../scenario/script.js";
import { openBytes } from "../trace/open.js";
import type { ScriptInput } from "./plan-scripts.js";

/** A script begins within so many bytes, behind its comments. */
const LOOK_BYTES = 64 * 1024;

/**
 * Whether a file is a script: by its name (.scn, .scn.gz), else by its first line that is no comment. A pipe
 * can be read once, so it is none; what cannot be read is for the run to say.
 */
export async function isScript(path: string): Promise<boolean> {
  if (/\.scn(\.gz)?$/.test(path)) return true;
  const there = await stat(path).catch(() => null);
  if (there?.isFile() !== true) return false;
  try {
    for await (const chunk of openBytes(path)) return beginsLikeOne(chunk.subarray(0, LOOK_BYTES));
  } catch {
    return false;
  }
  return false;
}

function beginsLikeOne(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  const lines = bytes.toString("latin1").split("\n");
  const first = lines.map((line) => line.replace(/#.*/, "").trim()).find((line) => line !== "");
  const [verb = ""] = (first ?? "").split(/\s+/);
  return verb === "in" || VERBS.includes(verb);
}

/**
 * Reads a script.
 * @throws MmulateError INPUT when it cannot be read
 */
export async function readScript(path: string): Promise<ScriptInput> {
  const chunks: Buffer[] = [];
  for await (const chunk of openBytes(path)) chunks.push(Buffer.from(chunk));
  return { path, text: Buffer.concat(chunks).toString("utf8") };
}
