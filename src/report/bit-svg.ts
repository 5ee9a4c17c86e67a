// Forms of entries as an SVG picture: each entry two rows of 32 bits, coloured by owner; what stands behind a cell
// shows where the pointer rests on it.

import type { EntryFormat, FormatSheet } from "../entry-bits.js";
import { type BitCell, bitsText, cellsOf } from "./bit-cells.js";

const BIT = 30;
const ROW = 84;
const GAP = 22;
const LEFT = 12;
const WIDTH = LEFT * 2 + 32 * BIT;
const HEAD = 34;
const FORMAT = HEAD + 2 * (ROW + GAP);

const COLOURS: Record<BitCell["owner"], readonly [colour: string, means: string]> = {
  hardware: ["#c6dbef", "the CPU's"],
  address: ["#e6e6e6", "address"],
  feature: ["#fdd0a2", "free unless a feature is on"],
  linux: ["#c7e9c0", "Linux's"],
  free: ["#ffffff", "free"],
  reserved: ["#bdbdbd", "must have one value"],
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A name in a box; upright where it is too long for its width. */
function label(text: string, { x, y, width }: Box, size: number): string {
  if (text === "" || text === "-") return "";
  const middle = x + width / 2;
  const fits = text.length * size * 0.62 <= width - 2;
  const turn = fits ? "" : ` transform="rotate(-90 ${middle} ${y})"`;
  const fitted = fits ? size : Math.min(size, (ROW - 4) / (text.length * 0.62));
  return `<text x="${middle}" y="${y}" font-size="${fitted.toFixed(1)}" text-anchor="middle" dominant-baseline="central"${turn}>${escaped(text)}</text>`;
}

/** A cell that crosses bit 32 is drawn in two pieces. */
function pieces(cell: BitCell): BitCell[] {
  const [hi, lo] = cell.bits;
  if (hi < 32 || lo >= 32) return [cell];
  return [
    { ...cell, bits: [hi, 32] },
    { ...cell, bits: [31, lo] },
  ];
}

function drawCell(cell: BitCell, top: number): string {
  const [hi, lo] = cell.bits;
  const inUpper = lo >= 32;
  const x = LEFT + ((inUpper ? 63 : 31) - hi) * BIT;
  const y = top + HEAD + (inUpper ? 0 : ROW + GAP);
  const width = (hi - lo + 1) * BIT;
  const told = cell.claims.map(
    ({ name, by, under, means, cite, confidence }) =>
      `${by === "linux" ? "Linux" : "CPU"} ${name}${under === undefined ? "" : ` (${under})`}: ${means} [${cite}${confidence === undefined ? "" : `, ${confidence}`}]`,
  );
  const name = [cell.hardware === "-" ? "" : cell.hardware, cell.linux].filter(
    (each) => each !== "",
  );
  return [
    `<g><title>${escaped([`bits ${bitsText(cell.bits)}`, ...told].join("\n"))}</title>`,
    `<rect x="${x}" y="${y}" width="${width}" height="${ROW}" fill="${COLOURS[cell.owner][0]}" stroke="#333"/>`,
    label(name.join(" "), { x, y: y + ROW / 2, width }, 11),
    `<text x="${x + 2}" y="${y - 3}" font-size="9">${hi}</text>`,
    lo === hi
      ? ""
      : `<text x="${x + width - 2}" y="${y - 3}" font-size="9" text-anchor="end">${lo}</text>`,
    "</g>",
  ].join("");
}

function drawFormat(format: EntryFormat, index: number): string[] {
  const top = index * FORMAT + HEAD;
  return [
    `<text x="${LEFT}" y="${top + 14}" font-size="13" font-weight="bold">${escaped(format.title)}</text>`,
    ...cellsOf(format)
      .flatMap(pieces)
      .map((cell) => drawCell(cell, top)),
  ];
}

function drawKey(top: number): string[] {
  return Object.values(COLOURS).flatMap(([colour, means], i) => {
    const x = LEFT + i * 155;
    return [
      `<rect x="${x}" y="${top}" width="14" height="14" fill="${colour}" stroke="#333"/>`,
      `<text x="${x + 19}" y="${top + 11}" font-size="11">${means}</text>`,
    ];
  });
}

/** The picture, complete. */
export function toSheetSvg(sheet: FormatSheet): string {
  const end = sheet.formats.length * FORMAT + HEAD;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${end + 30}" font-family="monospace">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="15" font-weight="bold">${escaped(`${sheet.name}: ${sheet.title}`)}</text>`,
    ...sheet.formats.flatMap(drawFormat),
    ...drawKey(end),
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}
