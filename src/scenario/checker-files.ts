// What a script's writeback, fsync and msync promise: the disk holds the last stores.

import type { Violation } from "../oracle/audit.js";
import { checkDisk } from "../oracle/files.js";
import type { PlainMemory } from "../oracle/plain-memory.js";
import { rangeOf } from "./checker-verbs.js";
import type { Player, Process } from "./player.js";
import type { Operation } from "./script.js";

/** Compares the disk with the plain model, behind an operation that has written to it. */
export function checkWrittenBack(
  memory: PlainMemory,
  { kernel }: Player,
  operation: Operation,
  process: Process,
): Violation[] {
  const { verb, words } = operation;
  if (verb === "fsync" || verb === "writeback") {
    const file = kernel.files.get(words[0] ?? "");
    return file === undefined ? [] : checkDisk(memory, file);
  }
  if (verb !== "msync") return [];
  const [start, end] = rangeOf(process, operation);
  return process.mm.vmas.within(start, end).flatMap((vma) => {
    if (vma.object === null) return [];
    const first = vma.pgoff + (Math.max(start, vma.start) - vma.start);
    const pages = Math.min(end, vma.end) - Math.max(start, vma.start);
    return checkDisk(memory, vma.object, first, first + pages);
  });
}
