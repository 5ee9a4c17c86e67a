// Bytes into memory of the caller's, which is what formats of fixed size are read with.

import type { Buffer } from "node:buffer";
import { closeSync, openSync, read, readSync, statSync } from "node:fs";
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
 */
export class FileReader implements ByteReader {
  private offset = 0;

  private constructor(
    private readonly path: string,
    private readonly descriptor: number,
    private readonly standing: boolean,
  ) {}

  /**
   * Opens a regular file that is not empty.
   *
   * @param standing read in this thread, which has nothing else to do, instead of one of Node's
   * @returns undefined for anything else, also when it cannot be opened: whoever opens it next says why
   */
  static open(path: string, standing: boolean): FileReader | undefined {
    try {
      // To open a pipe is to wait for its writer, so look first.
      const stat = statSync(path);
      return stat.isFile() && stat.size > 0
        ? new FileReader(path, openSync(path, "r"), standing)
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** The first bytes, as many as there are; nothing when they cannot be read. */
  begin(length: number): Uint8Array {
    const first = new Uint8Array(length);
    try {
      return first.subarray(0, readSync(this.descriptor, first, 0, length, 0));
    } catch {
      // Reported by whoever reads it next.
      return first.subarray(0, 0);
    }
  }

  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const taken = this.standing ? this.readNow(target, filled) : await this.read(target, filled);
      if (taken === 0) break;
      filled += taken;
    }
    return filled;
  }

  /** No `fill` may be under way. */
  close(): void {
    closeSync(this.descriptor);
  }

  private read(target: Uint8Array, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const { path, descriptor, offset } = this;
      read(descriptor, target, from, target.length - from, offset, (error, taken) => {
        if (error !== null) return reject(readError(path, offset, error));
        this.offset += taken;
        resolve(taken);
      });
    });
  }

  private readNow(target: Uint8Array, from: number): number {
    const { path, descriptor, offset } = this;
    try {
      const taken = readSync(descriptor, target, from, target.length - from, offset);
      this.offset += taken;
      return taken;
    } catch (error) {
      throw readError(path, offset, error as NodeJS.ErrnoException);
    }
  }
}
