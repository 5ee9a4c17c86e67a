/**
 * A compiled layout as text that can be read beside the manual: every field, every mask as bits and with
 * the descriptor's names for them. The golden files under test/golden/layout are made of this.
 */
import type { Descriptor } from "../../arch/schema.js";
import { ACCESSES, CLASS_LEAF, CLASS_TABLE } from "../../assembly/abi/stop.js";
import {
  type CompiledHalf,
  type CompiledLayout,
  type CompiledLevel,
  FAULT_NAMES,
  type GatherChunk,
  type MaskValue,
} from "../../src/layout/compiled.js";
import { encodeLayout, hashBytes } from "../../src/layout/encode.js";
import { blocksOf } from "./blocks.js";
import { bitRanges, hexText, maskText, rightsText, sizeText } from "./words.js";

type Field = Descriptor["fields"][number];
type Row = readonly [name: string, text: string];

const INDENT = "  ";
const NAME_COLUMN = 30;
const MAX_TYPE_BITS = 8;

/** The whole picture; it ends in a line feed. */
export function picture(descriptor: Descriptor, layout: CompiledLayout): string {
  const [first, second] = layout.halves.map((half) => halfLines(descriptor, half));
  const lines = [
    `${descriptor.title} (${layout.architecture})`,
    "",
    "mode",
    ...rows(Object.entries(layout.mode).map(([name, value]) => [name, String(value)])),
    "",
    ...rows([
      ["hash of the encoded bytes", hashBytes(encodeLayout(layout))],
      ["bit that selects the half", String(layout.selectBit)],
      ["page shift", `${layout.pageShift} (${sizeText(layout.pageShift)})`],
      ["page-size classes", classesText(layout.classShifts)],
    ]),
    "",
    "half 0",
    ...(first ?? []),
    "",
    ...otherHalf(first ?? [], second ?? []),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** The second half in full, or only its lines that differ where all others are the same. */
function otherHalf(first: readonly string[], second: readonly string[]): string[] {
  if (first.length !== second.length) return ["half 1", ...second];
  const differing = second.filter((line, index) => line !== first[index]);
  return ["half 1: as half 0 but for", ...differing];
}

function rows(list: readonly Row[]): string[] {
  return list.map(([name, text]) => `${INDENT}${name.padEnd(NAME_COLUMN)}${text}`);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `${INDENT}${line}`);
}

function halfLines(descriptor: Descriptor, half: CompiledHalf): string[] {
  const level = (number: number): string =>
    `${number} (${half.levels[number]?.name ?? "above the top level"})`;
  const fields = descriptor.fields;
  return [
    ...rows([
      ["root", half.root],
      ["translated address bits", String(half.vaBits)],
      ["range", pairText(half.range, [])],
      ["level of a range fault", level(half.rangeLevel)],
      ["top level", level(half.topLevel)],
      ["address limit", maskText(half.addressLimit)],
      ["type shift", String(half.typeShift)],
      ["accessed", `${pairText(half.accessed, fields)}, by ${half.accessed.by}`],
      ["accessed before permission", String(half.accessedBeforePermission)],
      ["dirty", `${pairText(half.dirty, fields)}, by ${half.dirty.by}`],
      ["global", pairText(half.global, fields)],
      ["set in tables", maskText(half.tableSet, fields)],
      ["a fault drops the TLB entry", String(half.faultDropsTlb)],
      [
        "table template",
        maskText(half.tableTemplate, fieldsAt(descriptor, half.topLevel, "table")),
      ],
    ]),
    ...half.levels.toReversed().flatMap((each) => ["", ...levelLines(descriptor, half, each)]),
    "",
    ...permissionLines(descriptor, half),
    "",
    ...keyLines(half),
    "",
    ...codeLines(half),
  ];
}

function fieldsAt(descriptor: Descriptor, level: number, kind: "leaf" | "table"): Field[] {
  return descriptor.fields.filter(
    ({ of, levels }) => (of === "any" || of === kind) && (levels?.includes(level) ?? true),
  );
}

function pairText({ mask, value }: MaskValue, fields: readonly Field[]): string {
  if ((value & ~mask) !== 0n) return "never";
  return `${maskText(mask, fields)} == ${hexText(value)}`;
}

function formsText(forms: readonly MaskValue[], fields: readonly Field[]): string {
  return forms.map((form) => pairText(form, fields)).join(", ") || "none";
}

function classesText(shifts: readonly number[]): string {
  return shifts.flatMap((shift, i) => (i === 0 ? [] : [`${i}: ${sizeText(shift)}`])).join(", ");
}

function levelLines(descriptor: Descriptor, half: CompiledHalf, level: CompiledLevel): string[] {
  const leaf = fieldsAt(descriptor, level.level, "leaf");
  const table = fieldsAt(descriptor, level.level, "table");
  const address = `va[${level.shift + level.indexBits - 1}:${level.shift}]`;
  const group =
    level.groupShift === 0
      ? "none"
      : `${sizeText(level.groupShift)} (2^${level.groupShift}), class ${level.groupClass}, ` +
        `${pairText(level.group, leaf)}`;
  return [
    `${INDENT}level ${level.level}: ${level.name}, the manual's ${level.number}`,
    ...indented(
      rows([
        ["index", `${address}, shift ${level.shift}, ${level.indexBits} bits`],
        ["leaf", level.leafClass === 0 ? "none" : `class ${level.leafClass}`],
        [
          "leaf template",
          level.leafTemplate === null ? "none" : maskText(level.leafTemplate, leaf),
        ],
        ["contiguous group", group],
        ["table address", `${maskText(level.tableAddress)} << ${level.addressShift}`],
        ["leaf address", `${maskText(level.leafAddress)} << ${level.addressShift}`],
        ["high address", `${maskText(level.highAddress)} << ${level.highShift}`],
        ["reserved in a table", maskText(level.tableReserved, table)],
        ["reserved in a leaf", maskText(level.leafReserved, leaf)],
        ["forbidden to a table", formsText(level.tableForbidden, table)],
        ["forbidden to a leaf", formsText(level.leafForbidden, leaf)],
        ["plain table", pairText(level.plainTable, table)],
        ["leaf attributes", maskText(level.leafAttributes)],
        ...typeRows(half.typeShift, level, [...leaf, ...table]),
      ]),
    ),
  ];
}

function className(entryClass: number): string {
  if (entryClass === CLASS_TABLE) return "table";
  if (entryClass === CLASS_LEAF) return "leaf";
  return FAULT_NAMES[entryClass] ?? `class ${entryClass}`;
}

function typeRows(shift: number, level: CompiledLevel, fields: readonly Field[]): Row[] {
  const names = Array.from({ length: MAX_TYPE_BITS }, (_, bit) => {
    const field = fields.find(({ bits: [hi, lo] }) => hi === shift + bit && lo === hi);
    return field?.name ?? `bit ${shift + bit}`;
  });
  return blocksOf(level.types).map(({ fixed, bits, value }) => [
    `an entry with ${literals(fixed, bits, names)}`,
    className(value),
  ]);
}

/** "RW !XD": the index bits that a block fixes, highest first. */
function literals(fixed: number, bits: number, names: readonly string[]): string {
  const parts = names.flatMap((name, bit) => {
    const mask = 1 << bit;
    if ((fixed & mask) === 0) return [];
    return [(bits & mask) === 0 ? `!${name}` : name];
  });
  return parts.toReversed().join(" ") || "anything";
}

function gatherText(chunks: readonly GatherChunk[]): string {
  return chunks.map(({ rotate, mask }) => `rotr ${rotate} & ${hexText(mask)}`).join(" | ");
}

/** Which entry bit lands in each index bit, derived from the chunks alone. */
function sourceOf(chunks: readonly GatherChunk[], index: number): string {
  const chunk = chunks.find(({ mask }) => ((mask >> index) & 1) === 1);
  return chunk === undefined ? "no bit" : `[${(chunk.rotate + index) % 64}]`;
}

function permissionLines(descriptor: Descriptor, half: CompiledHalf): string[] {
  const { permissions } = half;
  const { leafGather, leafWidth, tableGather, tableInvert, indexNames } = permissions;
  const sources = indexNames.map((name, index): Row => {
    const inTable = index - leafWidth;
    if (inTable < 0) return [`${index} ${name}`, `leaf ${sourceOf(leafGather, index)}`];
    const inverted = ((tableInvert >> inTable) & 1) === 1 ? ", when clear" : "";
    return [`${index} ${name}`, `tables ${sourceOf(tableGather, inTable)}${inverted}`];
  });
  const rights = blocksOf(permissions.rights).map(
    ({ fixed, bits, value }): Row => [
      rightsText(value),
      `when ${literals(fixed, bits, indexNames)}`,
    ],
  );
  return [
    `${INDENT}permission index of ${descriptor.name}`,
    ...indented([
      ...rows([
        ["leaf gather", gatherText(leafGather)],
        ["leaf width", `${leafWidth} bits`],
        ["table gather", gatherText(tableGather)],
        ["table invert", hexText(tableInvert)],
        ...sources,
      ]),
      "rights (u: user, s: supervisor, k: protection keys apply)",
      ...rows(rights),
    ]),
  ];
}

function keyLines({ keys }: CompiledHalf): string[] {
  if (keys === null) return [`${INDENT}protection keys: none`];
  const denied = keys.denials.flatMap((denial, key): Row[] =>
    denial === 0 ? [] : [[`key ${key} takes away`, rightsText(denial)]],
  );
  const place = `rotr ${keys.rotate} & ${hexText(keys.mask)} = ${bitRanges(BigInt(keys.mask) << BigInt(keys.rotate))}`;
  return [
    `${INDENT}protection keys: ${place}, ${keys.denials.length} of them`,
    ...indented(rows(denied.length === 0 ? [["no key", "takes anything away"]] : denied)),
  ];
}

const ACCESS_COLUMNS = "level: u.read u.write u.fetch s.read s.write s.fetch (or one for all)";

/** Per fault kind its codes, levels with the same ones together; levels without codes are left out. */
function codeLines(half: CompiledHalf): string[] {
  const levels = half.codes.length / (FAULT_NAMES.length * ACCESSES);
  const list = FAULT_NAMES.flatMap((name, kind): Row[] => {
    const byCodes = new Map<string, number[]>();
    for (let level = 0; level < levels; level++) {
      const from = (kind * levels + level) * ACCESSES;
      const codes = half.codes.slice(from, from + ACCESSES);
      if (codes.every((code) => code === 0)) continue;
      const same = codes.every((code) => code === codes[0]);
      const text = (same ? codes.slice(0, 1) : codes).map((code) => hexText(code)).join(" ");
      byCodes.set(text, [...(byCodes.get(text) ?? []), level]);
    }
    return [...byCodes].map(([text, at]) => [name, `${at.join(",")}: ${text}`]);
  });
  return [`${INDENT}fault codes by ${ACCESS_COLUMNS}`, ...indented(rows(list))];
}
