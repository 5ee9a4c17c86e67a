// Opens an input file as a stream of bytes, decompressed where it is gzip.

import { Buffer } from "node:buffer";
import { access, constants, type FileHandle, open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { MmulateError } from "../errors.js";

/** One read costs a hop to another thread and back; at 1 MiB that no longer shows. */
const READ_BYTES = 1024 * 1024;
/** Of compressed bytes. Streams read several ahead. */
const GZIP_READ_BYTES = 256 * 1024;
/** Of decompressed bytes per hop to the thread that decompresses. */
const GUNZIP_BYTES = 1024 * 1024;

const GZIP_MAGIC = [0x1f, 0x8b] as const;

/** What the user can act on, by error code of the operating system. */
const CAUSES = new Map([
  ["ENOENT", "no such file"],
  ["ENOTDIR", "no such file (a part of the path is not a directory)"],
  ["EISDIR", "is a directory, expected a file"],
  ["EACCES", "permission denied"],
]);

/**
 * The bytes of a file or pipe, in memory of a few chunks whatever its length.
 *
 * gzip is recognised by its first two bytes, not by name; all members of a gzip file are read.
 *
 * @returns chunks of 1 byte to 1 MiB. Their buffer is used again: each holds until the next is asked for
 * @throws MmulateError INPUT, on iteration, when the file cannot be read or its gzip data is damaged or
 * cut short
 */
export async function* openBytes(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = new FileBytes(path);
  try {
    const first = await firstChunk(file);
    yield* looksLikeGzip(first) ? gunzipped(file, first) : plain(file, first);
  } finally {
    await file.close();
  }
}

/**
 * Sees, before hours of work, that a file is there and can be read. Nothing is read: a pipe can be read once.
 * @throws MmulateError INPUT, as reading it would
 */
export async function checkReadable(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    await access(path, constants.R_OK);
  } catch (error) {
    throw readError(path, 0, error as NodeJS.ErrnoException);
  }
}

/** Whether a file that begins with these bytes is gzip. */
export function looksLikeGzip(first: Uint8Array): boolean {
  return first[0] === GZIP_MAGIC[0] && first[1] === GZIP_MAGIC[1];
}

/** A file that is read from front to back, with its errors put in our words. */
class FileBytes {
  /** Bytes read so far. */
  offset = 0;
  private handle: FileHandle | undefined;

  constructor(readonly path: string) {}

  /** Reads on into `buffer`; returns its part that was filled, which is empty at the end. */
  async next(buffer: Buffer): Promise<Buffer> {
    try {
      this.handle ??= await open(this.path);
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, null);
      this.offset += bytesRead;
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw readError(this.path, this.offset, error as NodeJS.ErrnoException);
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/**
 * What to say of an error of the operating system.
 *
 * @param offset bytes read before it
 */
export function readError(
  path: string,
  offset: number,
  error: NodeJS.ErrnoException,
): MmulateError {
  const known = CAUSES.get(error.code ?? "");
  const what = known ?? `cannot be read at byte ${offset} (${error.message})`;
  return new MmulateError("INPUT", `${path}: ${what}`, { cause: error });
}

/** The first chunk, with the two bytes that gzip is known by if the file has them: pipes give less. */
async function firstChunk(file: FileBytes): Promise<Buffer> {
  const first = await file.next(Buffer.alloc(GZIP_READ_BYTES));
  if (first.length !== 1) return first;
  return Buffer.concat([first, await file.next(Buffer.alloc(GZIP_READ_BYTES))]);
}

async function* plain(file: FileBytes, first: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let chunk = first; chunk.length > 0; chunk = await file.next(buffer)) yield chunk;
}

/** As `plain`, but with a buffer for each chunk, since streams hold several at a time. */
async function* kept(file: FileBytes, first: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk = first; chunk.length > 0; ) {
    yield chunk;
    chunk = await file.next(Buffer.allocUnsafeSlow(GZIP_READ_BYTES));
  }
}

async function* gunzipped(file: FileBytes, first: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_BYTES });
  // Errors of either side destroy `gunzip` and so reach the loop below.
  const feeding = pipeline(Readable.from(kept(file, first)), gunzip).catch(() => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw gzipError(file, error as NodeJS.ErrnoException, gunzip.bytesWritten);
  } finally {
    gunzip.destroy();
    await feeding;
  }
}

/** @param taken compressed bytes that were decompressed without complaint */
function gzipError(file: FileBytes, error: NodeJS.ErrnoException, taken: number): Error {
  if (error instanceof MmulateError) return error;
  // zlib's word for input that ends where more had to come.
  const cut = error.code === "Z_BUF_ERROR";
  const what = cut
    ? `gzip data ends too early, at compressed byte ${file.offset}; the file is truncated`
    : `gzip data is damaged, noticed behind compressed byte ${taken} (${error.message})`;
  return new MmulateError("INPUT", `${file.path}: ${what}`, { cause: error });
}
