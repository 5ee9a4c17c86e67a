// An independent reader of tables in GitHub's Markdown: cells end at a bar without a backslash, and a backslash
// before ASCII punctuation is taken away (CommonMark 2.4, GFM 4.10). Throws where a character with a meaning is bare.

/** The text that a cell or line shows. */
export function shown(text: string): string {
  const bare = /(?<!\\)(?:\\\\)*[`*<>&~$[\]]/.exec(text);
  if (bare !== null) throw new Error(`${bare[0]} has a meaning in ${text}`);
  return text.replaceAll(/\\([!-/:-@[-`{-~])/g, "$1");
}

function cellsOf(line: string): string[] {
  const cells = [...line.matchAll(/((?:\\.|[^\\|])*)\|/gs)].map(([, cell = ""]) => cell.trim());
  if (cells.shift() !== "" || !line.endsWith("|")) throw new Error(`no row: ${line}`);
  return cells.map(shown);
}

/** Every table of a text. */
export function readTables(text: string): string[][][] {
  const blocks = text.split("\n\n").filter((block) => block.startsWith("|"));
  return blocks.map((block) => {
    const [head = "", rule = "", ...body] = block.trimEnd().split("\n");
    if (!/^\|( :?-+:? \|)+$/.test(rule)) throw new Error(`no rule: ${rule}`);
    const rows = [head, ...body].map(cellsOf);
    const columns = cellsOf(rule).length;
    for (const row of rows) {
      if (row.length !== columns) throw new Error(`${row.length} cells of ${columns}: ${row}`);
    }
    return rows;
  });
}
