// Descriptor and mode -> compiled layout. Pure and deterministic.

import type { Descriptor } from "../../arch/schema.js";
import { MAX_CLASSES, MAX_LEVELS } from "../../assembly/abi/layout.js";
import { ACCESSES, CLASS_LEAF, FAULT_KINDS } from "../../assembly/abi/stop.js";
import { MmulateError } from "../errors.js";
import { maskOf } from "./bits.js";
import {
  type CompiledHalf,
  type CompiledLayout,
  type CompiledUpdate,
  FAULT_NAMES,
  type MaskValue,
  NEVER,
} from "./compiled.js";
import { type Environment, holds, holdsFor, partial } from "./condition.js";
import { maskValueOf } from "./fields.js";
import { compileInvalidations } from "./invalidation.js";
import {
  type BareLevel,
  compileLevels,
  type Geometry,
  geometryOf,
  templateOf,
  typeShiftOf,
} from "./levels.js";
import { PartMemo } from "./memo.js";
import { type Mode, type ModeInput, numberOf, resolveMode } from "./mode.js";
import { compileKeys, compilePermissions } from "./permissions.js";
import { plainOf } from "./plain.js";

/**
 * Compiles a descriptor for a mode.
 * @param descriptor the architecture, as data
 * @param input parameter values; those left out take the descriptor's defaults
 * @throws MmulateError CONFIG on an illegal value, DESCRIPTOR where the descriptor contradicts itself
 */
export function compileLayout(descriptor: Descriptor, input: ModeInput = {}): CompiledLayout {
  const mode = resolveMode(descriptor, input);
  const [first, second] = descriptor.addressSpace.halves;
  const lower = compileHalf(descriptor, mode, first, false);
  const upper = compileHalf(descriptor, mode, second, true);
  const classShifts = classShiftsOf(descriptor, [...lower.bare, ...upper.bare]);
  if (lower.geometry.pageShift !== upper.geometry.pageShift) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name}: halves differ in their base page`);
  }
  return {
    architecture: descriptor.name,
    mode,
    selectBit: descriptor.addressSpace.select,
    pageShift: lower.geometry.pageShift,
    classShifts,
    halves: [withClasses(lower, classShifts), withClasses(upper, classShifts)],
    invalidations: compileInvalidations(descriptor, lower.geometry.pageShift),
  };
}

type HalfRegisters = Descriptor["addressSpace"]["halves"][number];

/** The mode as one half sees it: its own parameters under their common names. */
export function environmentOf(
  descriptor: Descriptor,
  mode: Mode,
  half: HalfRegisters,
): Environment {
  const environment: Record<string, boolean | number> = { ...mode };
  for (const [common, own] of Object.entries(half.own)) {
    const value = mode[own];
    if (value === undefined) {
      throw new MmulateError("DESCRIPTOR", `${descriptor.name} has no parameter "${own}"`);
    }
    environment[common] = value;
  }
  return environment;
}

/** A half before the page-size classes, which both halves share, are known. */
interface BareHalf {
  readonly geometry: Geometry;
  readonly bare: readonly BareLevel[];
  readonly descriptor: Descriptor;
  readonly rest: Omit<CompiledHalf, "levels">;
}

function compileHalf(
  descriptor: Descriptor,
  mode: Mode,
  half: HalfRegisters,
  upper: boolean,
): BareHalf {
  const environment = environmentOf(descriptor, mode, half);
  const geometry = geometryOf(descriptor, environment);
  const typeShift = typeShiftOf(descriptor);
  const bare = compileLevels(descriptor, environment, geometry, typeShift);
  const topLevel = bare.length - 1;
  const { rangeLevel } = descriptor.addressSpace;
  const accessed = updateOf(descriptor, environment, "accessed");
  const limit = descriptor.addressLimit;
  const rest = {
    root: half.root,
    vaBits: geometry.vaBits,
    range: rangeOf(descriptor, geometry, upper),
    rangeLevel: rangeLevel === "top" ? topLevel : rangeLevel,
    topLevel,
    addressLimit: limit === undefined ? 0n : maskOf(63, numberOf(limit.bits, environment)),
    typeShift,
    permissions: compilePermissions(descriptor, environment),
    keys: compileKeys(descriptor, environment),
    accessed,
    dirty: updateOf(descriptor, environment, "dirty"),
    tableSet: setsTables(descriptor, accessed) ? accessed.value : 0n,
    accessedBeforePermission: descriptor.accessedBeforePermission,
    faultDropsTlb: descriptor.faultDropsTlb.value,
    global: globalOf(descriptor, environment),
    codes: codesOf(descriptor, environment),
    tableTemplate: templateOf(descriptor, environment, "table", topLevel) ?? 0n,
  };
  return { geometry, bare, descriptor, rest };
}

function withClasses({ bare, descriptor, rest }: BareHalf, classShifts: number[]): CompiledHalf {
  const levels = bare.map((level) => ({
    ...level,
    leafClass: level.types.includes(CLASS_LEAF) ? classShifts.indexOf(level.shift) : 0,
    groupClass: level.groupShift === 0 ? 0 : classShifts.indexOf(level.groupShift),
    ...plainOf(descriptor, level, rest),
  }));
  return { ...rest, levels };
}

/** Page sizes that can be mapped, smallest first, as classes 1, 2, ... (0 means "none"). */
function classShiftsOf(descriptor: Descriptor, levels: readonly BareLevel[]): number[] {
  const shifts = new Set<number>();
  for (const level of levels) {
    if (level.types.includes(CLASS_LEAF)) shifts.add(level.shift);
    if (level.groupShift !== 0) shifts.add(level.groupShift);
  }
  const sorted = [...shifts].sort((a, b) => a - b);
  if (sorted.length > MAX_CLASSES) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: ${sorted.length} page sizes; ${MAX_CLASSES} are supported`,
    );
  }
  return [0, ...sorted];
}

/** Bits above the translated ones are all zero in the lower half, all one in the upper. */
function rangeOf(descriptor: Descriptor, geometry: Geometry, upper: boolean): MaskValue {
  const from = geometry.vaBits - (descriptor.addressSpace.signExtended ? 1 : 0);
  const mask = maskOf(63, from);
  return { mask, value: upper ? mask : 0n };
}

function updateOf(
  descriptor: Descriptor,
  environment: Environment,
  which: "accessed" | "dirty",
): CompiledUpdate {
  const update = descriptor[which];
  const row = update.rows.find((candidate) => holds(candidate.when, environment));
  if (row === undefined) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name}: no ${which} row fits the mode`);
  }
  return { ...maskValueOf(descriptor, { [update.field]: update.value }), by: row.by };
}

/** Whether the walker sets the accessed flag of tables, too. */
function setsTables({ accessed }: Descriptor, { by }: CompiledUpdate): boolean {
  return accessed.inTables === true && by === "hardware";
}

function globalOf(descriptor: Descriptor, environment: Environment): MaskValue {
  const { global } = descriptor;
  if (global === undefined || !holds(global.when, environment)) return NEVER;
  return maskValueOf(descriptor, { [global.field]: global.value });
}

const ACCESS_NAMES = ["read", "write", "fetch"];

const codesMemo = new PartMemo<number[]>((descriptor) => descriptor.faults.rows);

function codesOf(descriptor: Descriptor, environment: Environment): number[] {
  return codesMemo.get(descriptor, environment, "", () => computeCodes(descriptor, environment));
}

/** Codes of all faults: rows whose conditions hold are ORed. Index [kind][level][access]. */
function computeCodes(descriptor: Descriptor, environment: Environment): number[] {
  const rows = descriptor.faults.rows.flatMap((row) => {
    const open = partial(row.when, environment);
    return open === null ? [] : [{ open, set: row.set }];
  });
  const codes: number[] = [];
  for (let kind = 0; kind < FAULT_KINDS; kind++) {
    for (let level = 0; level < MAX_LEVELS; level++) {
      for (let access = 0; access < ACCESSES; access++) {
        const facts: Environment = {
          fault: FAULT_NAMES[kind] ?? "none",
          level: descriptor.levelNumber.first + level * descriptor.levelNumber.step,
          access: ACCESS_NAMES[access % 3] ?? "",
          mode: access < 3 ? "user" : "supervisor",
        };
        const fits = rows.filter(({ open }) =>
          open.every((c) => holdsFor(c, factOf(facts, c.name))),
        );
        codes.push(fits.reduce((code, { set }) => code | set, 0));
      }
    }
  }
  return codes;
}

function factOf(facts: Environment, name: string): string | number | boolean {
  const fact = facts[name];
  if (fact === undefined) {
    throw new MmulateError(
      "DESCRIPTOR",
      `a fault code depends on "${name}", which is no parameter, nor fault, level, access or mode`,
    );
  }
  return fact;
}
