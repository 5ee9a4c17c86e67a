// Forms of entries as text: boxes with bit numbers above, then a line for each claim with its source.
//
//     63  62:59   58:55
//   +----+-------+---------+
//   | XD | PKEY  | -       |   what the CPU makes of it
//   |    |       | UFFD_WP |   what Linux keeps there
//   +----+-------+---------+

import type { EntryFormat, FormatSheet } from "../entry-bits.js";
import { type BitCell, bitsText, cellsOf } from "./bit-cells.js";

/** Columns that a line of boxes may take. */
const LINE = 98;

const widthOf = ({ bits, hardware, linux }: BitCell): number =>
  Math.max(bitsText(bits).length, hardware.length, linux.length) + 2;

/** Cells in lines, none wider than LINE. */
function linesOf(cells: readonly BitCell[]): BitCell[][] {
  const lines: BitCell[][] = [[]];
  let used = 1;
  for (const cell of cells) {
    const width = widthOf(cell) + 1;
    if (used + width > LINE) {
      lines.push([]);
      used = 1;
    }
    lines.at(-1)?.push(cell);
    used += width;
  }
  return lines;
}

/** The boxes of an entry. */
function boxes(format: EntryFormat): string[] {
  const layers = format.claims.some(({ by }) => by === "linux") ? 2 : 1;
  const onlyLinux = format.place === "absent";
  const named = cellsOf(format).map((cell) =>
    onlyLinux && cell.linux === "" ? { ...cell, linux: "free" } : cell,
  );
  return linesOf(named).flatMap((cells, i) => {
    const row = (of: (cell: BitCell) => string, edge: string): string =>
      `${edge}${cells.map((cell) => ` ${of(cell)}`.padEnd(widthOf(cell))).join(edge)}${edge}`;
    const rule = `+${cells.map((cell) => "-".repeat(widthOf(cell))).join("+")}+`;
    const hardware = row(({ hardware: name }) => name, "|");
    const linux = row(({ linux: name }) => name, "|");
    const names = onlyLinux ? [linux] : [hardware, linux].slice(0, layers);
    const block = [row(({ bits }) => bitsText(bits), " "), rule, ...names, rule];
    return [...(i === 0 ? [] : [""]), ...block.map((line) => `  ${line.trimEnd()}`)];
  });
}

/** Each claim: bits, name, whose, what, source. */
function legend({ claims }: EntryFormat): string[] {
  const rows = claims.map((claim) => {
    const { bits, name, by, kind, under, means, cite, confidence } = claim;
    const when = under === undefined ? "" : ` (${under})`;
    const sure = confidence === undefined ? "" : `, ${confidence}`;
    const who = by === "linux" ? "Linux" : "CPU";
    const label = kind === "ignored" ? "-" : name;
    const text = `${means}${when}`;
    return [bitsText(bits), label, who, `${text}  [${cite}${sure}]`];
  });
  const width = (column: number): number =>
    Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1), width(2)];
  return rows.map((row) =>
    `    ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd(),
  );
}

/** All forms, each with its boxes and claims. */
export function toSheetText(sheet: FormatSheet): string {
  const blocks = sheet.formats.flatMap((format) => [
    "",
    format.title,
    ...boxes(format),
    "",
    ...legend(format),
  ]);
  const sources = Object.entries(sheet.sources).map(([key, text]) => `  ${key}: ${text}`);
  return `${[`${sheet.name}: ${sheet.title}`, ...blocks, "", "sources", ...sources].join("\n")}\n`;
}
