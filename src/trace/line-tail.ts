// The beginning of a line whose end lies in the next chunk.

const NEWLINE = 10;
const EQUALS = 61;
const DASH = 45;

/** The longest access line has 28 bytes; a few more serve the error message of a damaged one. */
const CAPACITY = 64;

/** Whether the line at `at` is one of valgrind's messages: "==PID== …", with -v also "--PID-- …". */
export function isMessage(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  return (first === EQUALS || first === DASH) && bytes[at + 1] === first;
}

/** Joins the pieces of one line at a time. */
export class LineTail {
  private readonly bytes = new Uint8Array(CAPACITY + 1);
  private length = 0;

  get empty(): boolean {
    return this.length === 0;
  }

  /**
   * Appends bytes `from` up to `to`, newline excluded.
   *
   * A message may be of any length (a command line stands in one); its end is dropped, since its
   * beginning is all that matters.
   *
   * @returns false when the line is longer than any access and not a message
   */
  add(bytes: Uint8Array, from: number, to: number): boolean {
    const room = CAPACITY - this.length;
    const piece = bytes.subarray(from, Math.min(to, from + room));
    this.bytes.set(piece, this.length);
    this.length += piece.length;
    return to - from <= room || isMessage(this.bytes, 0);
  }

  /** The line as far as it was kept, with a newline; valid until the next `add`. */
  take(): Uint8Array {
    this.bytes[this.length] = NEWLINE;
    const line = this.bytes.subarray(0, this.length + 1);
    this.length = 0;
    return line;
  }
}
