// The levels of a half: geometry, entry classes, address fields, reserved bits, contiguous groups.

import { type Descriptor, FAULTS } from "../../arch/schema.js";
import { MAX_FORBIDDEN, MAX_LEVELS } from "../../assembly/abi/layout.js";
import { CLASS_LEAF, CLASS_TABLE, FaultKind } from "../../assembly/abi/stop.js";
import { MmulateError } from "../errors.js";
import { maskOf } from "./bits.js";
import type { CompiledLevel, MaskValue } from "./compiled.js";
import { type Environment, holds } from "./condition.js";
import { atLevel, type EntryKind, fieldNamed, maskValueOf } from "./fields.js";
import { PartMemo } from "./memo.js";
import { numberOf } from "./mode.js";

export interface Geometry {
  readonly pageShift: number;
  readonly vaBits: number;
  /** Address bits per level, from the leaf up. */
  readonly indexBits: readonly number[];
}

/**
 * Splits the translated address bits over levels, from the leaf up; the top level takes what is left.
 * @throws MmulateError DESCRIPTOR when no geometry row fits the mode, or the tree is too deep
 */
export function geometryOf(descriptor: Descriptor, environment: Environment): Geometry {
  const row = descriptor.geometry.find((candidate) => holds(candidate.when, environment));
  if (row === undefined) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name}: no geometry fits the mode`);
  }
  const vaBits = numberOf(row.vaBits, environment);
  const indexBits: number[] = [];
  let left = vaBits - row.pageShift;
  while (left > 0) {
    const level = indexBits.length;
    const wide = typeof row.indexBits === "number" ? row.indexBits : row.indexBits[level];
    if (wide === undefined || level === MAX_LEVELS) {
      throw new MmulateError(
        "DESCRIPTOR",
        `${descriptor.name}: ${vaBits} address bits need more than ${level} levels`,
      );
    }
    indexBits.push(Math.min(wide, left));
    left -= wide;
  }
  if (indexBits.length === 0) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: ${vaBits} address bits leave nothing to translate above a page`,
    );
  }
  return { pageShift: row.pageShift, vaBits, indexBits };
}

/** All type fields must lie in one byte of the entry; this is the shift that brings it down. */
export function typeShiftOf(descriptor: Descriptor): number {
  const names = new Set(descriptor.types.flatMap((row) => Object.keys(row.fields)));
  if (names.size === 0) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name}: no type row names a field`);
  }
  const ranges = [...names].map((name) => fieldNamed(descriptor, name).bits);
  const low = Math.min(...ranges.map(([, lo]) => lo));
  const high = Math.max(...ranges.map(([hi]) => hi));
  if (high - low > 7) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: type fields ${[...names].join(", ")} span bits ${high}:${low}; 8 bits are supported`,
    );
  }
  return low;
}

function classOfRow(is: Descriptor["types"][number]["is"]): number {
  if (is === "table") return CLASS_TABLE;
  if (is === "leaf") return CLASS_LEAF;
  return FAULTS.indexOf(is) + 1;
}

const typesMemo = new PartMemo<number[]>((descriptor) => descriptor.types);

/** Class of each of the 256 type bytes: the first row that fits decides, none means not present. */
function typesOf(
  descriptor: Descriptor,
  environment: Environment,
  level: number,
  typeShift: number,
): number[] {
  const rows = descriptor.types
    .filter((row) => atLevel(row, level) && holds(row.when, environment))
    .map((row) => {
      const { mask, value } = maskValueOf(descriptor, row.fields);
      const shift = BigInt(typeShift);
      return { mask: Number(mask >> shift), value: Number(value >> shift), is: classOfRow(row.is) };
    });
  return Array.from({ length: 256 }, (_, byte) => {
    const row = rows.find(({ mask, value }) => (byte & mask) === value);
    return row === undefined ? FaultKind.NotPresent : row.is;
  });
}

interface AddressFields {
  readonly mask: bigint;
  readonly shift: number;
  readonly highMask: bigint;
  readonly highShift: number;
}

/** The main address field, and a second one that holds the highest bits elsewhere. */
function addressFields(descriptor: Descriptor, environment: Environment): AddressFields {
  const rows = descriptor.address.filter((row) => holds(row.when, environment));
  const [main, high, third] = rows;
  if (main === undefined || third !== undefined) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: ${rows.length} address fields fit the mode; one or two are supported`,
    );
  }
  const shift = main.at - main.bits[1];
  const highShift = high === undefined ? 0 : high.at - high.bits[1];
  if (shift < 0 || highShift < 0) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name}: an address field moves down`);
  }
  return {
    mask: maskOf(...main.bits),
    shift,
    highMask: high === undefined ? 0n : maskOf(...high.bits),
    highShift,
  };
}

function endOf(end: number | string, environment: Environment): number {
  return typeof end === "number" ? end : numberOf({ param: end }, environment);
}

function reservedOf(
  descriptor: Descriptor,
  environment: Environment,
  level: number,
  kind: EntryKind,
): bigint {
  return descriptor.reserved
    .filter((row) => (row.of === "any" || row.of === kind) && atLevel(row, level))
    .filter((row) => holds(row.when, environment))
    .reduce(
      (mask, row) =>
        mask | maskOf(endOf(row.bits[0], environment), endOf(row.bits[1], environment)),
      0n,
    );
}

function forbiddenOf(
  descriptor: Descriptor,
  environment: Environment,
  level: number,
  kind: EntryKind,
): MaskValue[] {
  return descriptor.forbidden
    .filter((row) => (row.of === "any" || row.of === kind) && atLevel(row, level))
    .filter((row) => holds(row.when, environment))
    .map((row) => maskValueOf(descriptor, row.fields));
}

/** Forbidden forms of both kinds of entries of a level, which share the room there is. */
function bothForbidden(
  descriptor: Descriptor,
  environment: Environment,
  level: number,
): Pick<BareLevel, "tableForbidden" | "leafForbidden"> {
  const tableForbidden = forbiddenOf(descriptor, environment, level, "table");
  const leafForbidden = forbiddenOf(descriptor, environment, level, "leaf");
  const count = tableForbidden.length + leafForbidden.length;
  if (count > MAX_FORBIDDEN) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: ${count} forbidden forms at level ${level}; at most ${MAX_FORBIDDEN}, of tables and leaves together`,
    );
  }
  return { tableForbidden, leafForbidden };
}

const NO_GROUP = { groupShift: 0, group: { mask: 0n, value: 0n } };

/** A group must fit into its table: arm64 leaves the hint undefined in smaller top-level tables. */
function groupOf(
  descriptor: Descriptor,
  environment: Environment,
  level: number,
  shift: number,
  indexBits: number,
  hasLeaves: boolean,
): { groupShift: number; group: MaskValue } {
  const row = descriptor.contiguous.find(
    (candidate) => candidate.level === level && holds(candidate.when, environment),
  );
  if (row === undefined || row.log2 > indexBits || !hasLeaves) return NO_GROUP;
  return { groupShift: shift + row.log2, group: maskValueOf(descriptor, row.fields) };
}

/** Field values of the first template that fits, as entry bits; null when there is none. */
export function templateOf(
  descriptor: Descriptor,
  environment: Environment,
  kind: EntryKind,
  level: number,
): bigint | null {
  const row = descriptor.templates.find(
    (candidate) =>
      candidate.of === kind && atLevel(candidate, level) && holds(candidate.when, environment),
  );
  return row === undefined ? null : maskValueOf(descriptor, row.fields).value;
}

/** A level without what depends on the other levels. */
export type BareLevel = Omit<
  CompiledLevel,
  "leafClass" | "groupClass" | "plainTable" | "leafAttributes"
>;

/** The levels from the leaf up; page-size classes are filled in by the caller. */
export function compileLevels(
  descriptor: Descriptor,
  environment: Environment,
  geometry: Geometry,
  typeShift: number,
): BareLevel[] {
  const address = addressFields(descriptor, environment);
  let shift = geometry.pageShift;
  return geometry.indexBits.map((indexBits, level) => {
    const here = shift;
    shift += indexBits;
    const types = typesMemo.get(descriptor, environment, String(level), () =>
      typesOf(descriptor, environment, level, typeShift),
    );
    const below = maskOf(here - 1 - address.shift, 0);
    const number = descriptor.levelNumber.first + level * descriptor.levelNumber.step;
    return {
      level,
      name: descriptor.levelNames[level] ?? `level ${number}`,
      number,
      shift: here,
      indexBits,
      types,
      tableAddress: address.mask,
      leafAddress: address.mask & ~below,
      addressShift: address.shift,
      highAddress: address.highMask,
      highShift: address.highShift,
      tableReserved: reservedOf(descriptor, environment, level, "table"),
      leafReserved: reservedOf(descriptor, environment, level, "leaf"),
      ...bothForbidden(descriptor, environment, level),
      ...groupOf(descriptor, environment, level, here, indexBits, types.includes(CLASS_LEAF)),
      leafTemplate: types.includes(CLASS_LEAF)
        ? templateOf(descriptor, environment, "leaf", level)
        : null,
    };
  });
}
