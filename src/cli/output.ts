// Where text goes: results to stdout or files, everything else to stderr.

import { access, constants, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { unwritable } from "../errors.js";

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

/**
 * Writes a result to a file.
 * @throws MmulateError USAGE when it cannot be written
 */
export async function printTo(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Sees, before hours of work, that a file can probably be written.
 * @throws MmulateError USAGE when it is there and cannot, or is not there and cannot be made
 */
export async function checkWritable(path: string): Promise<void> {
  const refuse = (error: NodeJS.ErrnoException): never => {
    throw unwritable(path, error);
  };
  const there = await stat(path).catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? null : refuse(error),
  );
  if (there?.isDirectory() === true) refuse(Object.assign(new Error(), { code: "EISDIR" }));
  await access(there === null ? dirname(path) : path, constants.W_OK).catch(refuse);
}

/** Writes one line to stderr, whatever file names are in it. */
export function say(line: string): void {
  process.stderr.write(`mmulate: ${line.replaceAll(/[\r\n]+/g, " ")}\n`);
}

/** The same where somebody watches: what a script has no use for. */
export function mention(line: string): void {
  if (process.stderr.isTTY) say(line);
}
