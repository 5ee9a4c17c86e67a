// Files in scripts: "mmap A 8 rw shared file=F" maps a file, which is made at its first mapping, as long as that needs;
// "file=F+4" begins at its page 4. "writeback F" is the flusher's turn, "fsync F" and "msync A 0 4" are the calls; "disk F"
// shows what the disk holds, and "drop-caches" gives up what is clean and not mapped (/proc/sys/vm/drop_caches, 1).

import { MmulateError } from "../errors.js";
import { openFile } from "../kernel/file.js";
import type { SharedObject } from "../kernel/shared-object.js";
import { dropCaches } from "../kernel/shmem-swap.js";
import { fsync, msync, writeBack } from "../kernel/writeback.js";
import { runLengths } from "./observation.js";
import { type Context, rangeOf, type Shown, word } from "./operation-context.js";

/** What "file=F+4" among the words says; left out = no file. */
export function mappedFile(
  { operation, player }: Context,
  pages: number,
): { object: SharedObject; first: number } | undefined {
  const said = operation.words.find((each) => each.startsWith("file="))?.slice("file=".length);
  if (said === undefined) return undefined;
  const [name = "", offset = "0"] = said.split("+");
  const first = Number(offset);
  return { object: openFile(player.kernel, name, first + pages), first };
}

/** @throws MmulateError INPUT when there is none of that name */
function fileNamed(context: Context): SharedObject {
  const { operation, player } = context;
  const { files } = player.kernel;
  const file = files.get(word(context, 0));
  if (file !== undefined) return file;
  const known = [...files.keys()].join(", ");
  throw new MmulateError(
    "INPUT",
    `${operation.where}: no file "${word(context, 0)}" (${known === "" ? "none is mapped yet" : `there are ${known}`})`,
  );
}

function doMsync(context: Context): Shown {
  const { start, end } = rangeOf(context);
  return { errno: msync(context.player.kernel, context.process.mm, start, end) };
}

function doDisk(context: Context): Shown {
  return { data: runLengths([...(fileNamed(context).file?.disk ?? [])]) };
}

export const FILE_OPERATIONS: readonly [string, (context: Context) => Shown][] = [
  [
    "writeback",
    (context) => {
      writeBack(context.player.kernel, fileNamed(context));
      return {};
    },
  ],
  [
    "fsync",
    (context) => {
      fsync(context.player.kernel, fileNamed(context));
      return {};
    },
  ],
  ["msync", doMsync],
  ["disk", doDisk],
  [
    "drop-caches",
    ({ player }) => {
      dropCaches(player.kernel);
      return {};
    },
  ],
];
