// Finds and reads configuration files.

import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { MmulateError } from "../errors.js";
import { type FileConfig, parseRunConfig } from "./run-config.js";

/** Looked for in each folder, in this order. */
export const CONFIG_NAMES: readonly string[] = [
  "mmulate.config.yaml",
  "mmulate.config.yml",
  "mmulate.config.json",
];

/** The text of a file; null where there is none. */
async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): MmulateError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new MmulateError("INPUT", `cannot read ${path}: ${code ?? message}`, { cause });
}

/**
 * The text of a file that must be there.
 * @throws MmulateError INPUT when it cannot be read
 */
export async function readConfigText(path: string): Promise<string> {
  const text = await textOf(path);
  if (text === null) throw new MmulateError("INPUT", `${path}: no such file`);
  return text;
}

/**
 * The configuration that `--config` names, else the nearest from a folder upwards, else none.
 * @throws MmulateError INPUT, and as `parseRunConfig`
 */
export async function findRunConfig(
  named: string | undefined,
  folder: string = process.cwd(),
): Promise<FileConfig | null> {
  if (named !== undefined) return parseRunConfig(await readConfigText(named), named);
  for (let at = folder; ; at = dirname(at)) {
    for (const name of CONFIG_NAMES) {
      const path = join(at, name);
      const text = await textOf(path);
      if (text !== null) return parseRunConfig(text, relative(folder, path));
    }
    if (dirname(at) === at) return null;
  }
}
