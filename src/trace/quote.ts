// How messages show bytes of an input file.

const SHOWN = 40;

/**
 * The beginning of `bytes` in quotation marks: printable ASCII as it is, other bytes as \xNN.
 *
 * @returns at most 40 characters between the marks, and "…" behind them where something was left out
 */
export function quote(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const shown = printable(byte);
    if (text.length + shown.length > SHOWN) return `"${text}"…`;
    text += shown;
  }
  return `"${text}"`;
}

function printable(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
