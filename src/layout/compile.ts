// Descriptor and mode -> compiled layout. Pure and deterministic.

import type { Descriptor } from "../../arch/schema.js";
import { MAX_CLASSES, MAX_LEVELS } from "../../assembly/abi/layout.js";
import { ACCESSES, FAULT_KINDS } from "../../assembly/abi/stop.js";
import { MmulateError } from "../errors.js";
import { maskOf } from "./bits.js";
import {
  type CompiledHalf,
  type CompiledLayout,
  type CompiledLevel,
  type CompiledUpdate,
  FAULT_NAMES,
  type MaskValue,
} from "./compiled.js";
import { type Environment, holds, holdsFor, partial } from "./condition.js";
import { maskValueOf } from "./fields.js";
import { compileLevels, type Geometry, geometryOf, templateOf, typeShiftOf } from "./levels.js";
import { PartMemo } from "./memo.js";
import { type Mode, type ModeInput, numberOf, resolveMode } from "./mode.js";
import { compileKeys, compilePermissions } from "./permissions.js";

/**
 * Compiles a descriptor for a mode.
 * @param descriptor the architecture, as data
 * @param input parameter values; those left out take the descriptor's defaults
 * @throws MmulateError CONFIG on an illegal value, DESCRIPTOR where the descriptor contradicts itself
 */
export function compileLayout(descriptor: Descriptor, input: ModeInput = {}): CompiledLayout {
  const mode = resolveMode(descriptor, input);
  const [first, second] = descriptor.addressSpace.halves;
  return {
    architecture: descriptor.name,
    mode,
    selectBit: descriptor.addressSpace.select,
    halves: [
      compileHalf(descriptor, mode, first, false),
      compileHalf(descriptor, mode, second, true),
    ],
  };
}

type HalfRegisters = Descriptor["addressSpace"]["halves"][number];

/** The mode as one half sees it: its own parameters under their common names. */
export function environmentOf(mode: Mode, half: HalfRegisters): Environment {
  const environment: Record<string, boolean | number> = { ...mode };
  for (const [common, own] of Object.entries(half.own)) environment[common] = mode[own] ?? false;
  return environment;
}

function compileHalf(
  descriptor: Descriptor,
  mode: Mode,
  half: HalfRegisters,
  upper: boolean,
): CompiledHalf {
  const environment = environmentOf(mode, half);
  const geometry = geometryOf(descriptor, environment);
  const typeShift = typeShiftOf(descriptor);
  const bare = compileLevels(descriptor, environment, geometry, typeShift);
  const classShifts = classShiftsOf(descriptor, bare);
  const levels: CompiledLevel[] = bare.map((level) => ({
    ...level,
    leafClass: Math.max(0, classShifts.indexOf(level.shift)),
    groupClass: Math.max(0, level.groupShift === 0 ? 0 : classShifts.indexOf(level.groupShift)),
  }));
  const topLevel = levels.length - 1;
  const { rangeLevel } = descriptor.addressSpace;
  const accessed = updateOf(descriptor, environment, "accessed");
  const limit = descriptor.addressLimit;
  return {
    root: half.root,
    vaBits: geometry.vaBits,
    range: rangeOf(descriptor, geometry, upper),
    rangeLevel: rangeLevel === "top" ? topLevel : rangeLevel,
    pageShift: geometry.pageShift,
    topLevel,
    addressLimit: limit === undefined ? 0n : maskOf(63, numberOf(limit.bits, environment)),
    typeShift,
    levels,
    permissions: compilePermissions(descriptor, environment),
    keys: compileKeys(descriptor, environment),
    accessed,
    dirty: updateOf(descriptor, environment, "dirty"),
    tableSet: descriptor.accessed.inTables === true ? accessed.value : 0n,
    accessedBeforePermission: descriptor.accessedBeforePermission,
    faultDropsTlb: descriptor.faultDropsTlb.value,
    global: globalOf(descriptor),
    classShifts,
    codes: codesOf(descriptor, environment),
    tableTemplate: templateOf(descriptor, environment, "table", topLevel) ?? 0n,
  };
}

/** Page sizes a half can map, smallest first, as classes 1, 2, ... (0 means "none"). */
function classShiftsOf(
  descriptor: Descriptor,
  levels: readonly Pick<CompiledLevel, "shift" | "groupShift" | "leafTemplate" | "types">[],
): number[] {
  const shifts = new Set<number>();
  for (const level of levels) {
    if (level.leafTemplate === null) continue;
    shifts.add(level.shift);
    if (level.groupShift !== 0) shifts.add(level.groupShift);
  }
  const sorted = [...shifts].sort((a, b) => a - b);
  if (sorted.length > MAX_CLASSES) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${descriptor.name}: ${sorted.length} page sizes in one half; ${MAX_CLASSES} are supported`,
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

/** Mask 0 with value 1 never matches: nothing is global. */
function globalOf(descriptor: Descriptor): MaskValue {
  const { global } = descriptor;
  return global === undefined
    ? { mask: 0n, value: 1n }
    : maskValueOf(descriptor, { [global.field]: global.value });
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
