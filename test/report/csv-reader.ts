// An independent reader of CSV: RFC 4180, character by character. Throws where the rules are broken.

export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let value = "";
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0) throw new Error("a quoted field has no end");
        value += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        value += '"';
        at += 1;
      }
    } else {
      while (at < text.length && !",\n\r".includes(text[at] ?? "")) {
        if (text[at] === '"') throw new Error(`a quote within a bare field, at ${at}`);
        value += text[at];
        at += 1;
      }
    }
    row.push(value);
    if (text[at] === "\n") {
      rows.push(row);
      row = [];
      if (at + 1 === text.length) return rows;
    } else if (text[at] !== ",") throw new Error(`found ${text[at]} behind a field, at ${at}`);
    at += 1;
  }
  throw new Error("the last row has no end");
}
