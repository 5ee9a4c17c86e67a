// Where text goes: results to stdout or files, everything else to stderr.

import type { Stats } from "node:fs";
import { access, appendFile, constants, realpath, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { unwritable } from "../errors.js";
import { OutputFile } from "../trace/output-file.js";

/** Writes a result to stdout, waiting until the reader has taken it. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      // A reader that has seen enough (`| head`) is no error of ours.
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") {
        reject(unwritable("stdout", error));
      } else resolve();
    });
  });
}

/** Null = nothing is there. */
async function whatIsAt(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unwritable(path, error);
  }
}

/** Whether a file can be put in the place of another, so that the old one stays until the new one is whole. */
async function isReplaceable(path: string, there: Stats | null): Promise<boolean> {
  if (there === null) return true;
  if (!there.isFile()) return false;
  const folder = dirname(await realpath(path));
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function replace(path: string, text: string): Promise<void> {
  const file = await OutputFile.create(path, false);
  try {
    await file.write(new TextEncoder().encode(text));
    await file.commit();
  } finally {
    await file.discard();
  }
}

/**
 * Writes a result to a file, a device or a pipe. A file that was there is replaced when all is written.
 * @throws MmulateError USAGE when it cannot be written
 */
export async function printTo(path: string, text: string): Promise<void> {
  if (await isReplaceable(path, await whatIsAt(path))) return replace(path, text);
  await writeFile(path, text).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/**
 * Writes behind what a file holds.
 * @throws MmulateError USAGE when it cannot be written
 */
export async function appendTo(path: string, text: string): Promise<void> {
  await appendFile(path, text).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/**
 * Sees, before hours of work, that a file can probably be written.
 * @throws MmulateError USAGE when it is there and cannot, or is not there and cannot be made
 */
export async function checkWritable(path: string): Promise<void> {
  const there = await whatIsAt(path);
  if (there?.isDirectory() === true) throw unwritable(path, { code: "EISDIR" });
  await access(there === null ? dirname(path) : path, constants.W_OK).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/** Writes one line to stderr, whatever file names are in it. */
export function say(line: string): void {
  process.stderr.write(`mmulate: ${line.replaceAll(/[\r\n]+/g, " ")}\n`);
}

/** The same where somebody watches: what a script has no use for. */
export function mention(line: string): void {
  if (process.stderr.isTTY) say(line);
}
