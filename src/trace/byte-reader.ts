// Bytes into memory of the caller's, which is what formats of fixed size are read with.

import type { Buffer } from "node:buffer";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { readError } from "./open.js";

/** A file that is read from front to back. */
export interface ByteReader {
  /**
   * Fills `target` from its first byte on.
   *
   * @returns bytes filled: all of them, unless the file ends before
   * @throws MmulateError INPUT when the file cannot be read
   */
  fill(target: Uint8Array): Promise<number>;
}

/** Reads what arrives in chunks: pipes, and what was compressed. */
export class ChunkReader implements ByteReader {
  private chunk: Uint8Array = new Uint8Array(0);
  private at = 0;

  constructor(private readonly chunks: AsyncGenerator<Buffer, void, undefined>) {}

  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      if (this.at === this.chunk.length && !(await this.advance())) break;
      const piece = this.chunk.subarray(this.at, this.at + target.length - filled);
      target.set(piece, filled);
      this.at += piece.length;
      filled += piece.length;
    }
    return filled;
  }

  private async advance(): Promise<boolean> {
    const { done, value } = await this.chunks.next();
    if (done) return false;
    this.chunk = value;
    this.at = 0;
    return true;
  }
}

/**
 * Reads a plain file into `target` itself: the copy by the system is the only one.
 *
 * The reads are synchronous. Reading ahead on another thread wins a little time where a processor is
 * idle, and costs half as much again where the other processors have cells of their own to run.
 */
export class FileReader implements ByteReader {
  private offset = 0;

  private constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {}

  /**
   * Opens a regular file that begins with `magic`.
   *
   * @returns undefined for anything else, also when it cannot be opened: whoever opens it next says why
   */
  static openIfBegins(path: string, magic: Buffer): FileReader | undefined {
    const reader = FileReader.openRegular(path);
    if (reader === undefined) return undefined;
    const first = new Uint8Array(magic.length);
    try {
      readSync(reader.descriptor, first, 0, first.length, 0);
    } catch {
      // Reported by whoever reads it next.
    }
    if (magic.equals(first)) return reader;
    reader.close();
    return undefined;
  }

  private static openRegular(path: string): FileReader | undefined {
    try {
      // To open a pipe is to wait for its writer, so look first.
      return statSync(path).isFile() ? new FileReader(path, openSync(path, "r")) : undefined;
    } catch {
      return undefined;
    }
  }

  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const taken = this.read(target, filled);
      if (taken === 0) break;
      filled += taken;
    }
    return filled;
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private read(target: Uint8Array, from: number): number {
    try {
      const taken = readSync(this.descriptor, target, from, target.length - from, this.offset);
      this.offset += taken;
      return taken;
    } catch (error) {
      throw readError(this.path, this.offset, error as NodeJS.ErrnoException);
    }
  }
}
