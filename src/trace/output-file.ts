// A file that appears under its name only when it is complete.

import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, realpath, rename, stat, unlink } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { unwritable } from "../errors.js";

/** Writes beside its target, then takes the target's place. */
export class OutputFile {
  private readonly stream: Writable;
  /** Never rejects: resolves to what went wrong. */
  private readonly closed: Promise<unknown>;

  private constructor(
    private readonly name: string,
    private readonly target: string,
    private readonly temporary: string,
    private readonly gzip: boolean,
    mode: number,
  ) {
    const file = createWriteStream(temporary, { flags: "wx", mode });
    const zipped = createGzip();
    this.stream = gzip ? zipped : file;
    const ending = gzip ? pipeline(zipped, file) : finished(file);
    this.closed = ending.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /**
   * @param path as the user wrote it; a file that is there stays as it is until `commit`
   * @param gzip compress what is written
   * @throws MmulateError USAGE when something other than a file is there
   */
  static async create(path: string, gzip: boolean): Promise<OutputFile> {
    const there = await stat(path).catch(() => undefined);
    if (there !== undefined && !there.isFile()) throw unwritable(path, "it is there and no file");
    // The file that a symbolic link leads to is replaced, not the link.
    const target = there === undefined ? path : await realpath(path);
    const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
    return new OutputFile(path, target, temporary, gzip, (there?.mode ?? 0o666) & 0o777);
  }

  /**
   * Puts bytes behind those before; when it resolves it is done with them.
   * @throws MmulateError USAGE when they cannot be written
   */
  async write(bytes: Uint8Array): Promise<void> {
    const error = await new Promise<unknown>((resolve) => {
      this.stream.write(bytes, (problem) => resolve(problem ?? undefined));
    });
    if (error !== undefined) throw unwritable(this.name, (await this.closed) ?? error);
  }

  /**
   * Ends the file and gives it its name.
   *
   * @param header replaces the first bytes, where the file is not compressed
   * @throws MmulateError USAGE when that fails
   */
  async commit(header?: Uint8Array): Promise<void> {
    this.stream.end();
    const error = await this.closed;
    if (error !== undefined) throw unwritable(this.name, error);
    try {
      if (header !== undefined && !this.gzip) await this.replaceBegin(header);
      await rename(this.temporary, this.target);
    } catch (problem) {
      throw unwritable(this.name, problem);
    }
  }

  /** Removes what was written, unless it has its name already. */
  async discard(): Promise<void> {
    this.stream.destroy();
    await this.closed;
    await unlink(this.temporary).catch(() => undefined);
  }

  private async replaceBegin(header: Uint8Array): Promise<void> {
    const file = await open(this.temporary, "r+");
    try {
      await file.write(header, 0, header.length, 0);
    } finally {
      await file.close();
    }
  }
}
