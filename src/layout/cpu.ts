// CPU profile and layout -> which array holds which page size, and as what. Pure.
//
//   structure x half x page-size class --> array, shift, class under which it is filled
//
// A class that no array of a structure holds is kept as a smaller one where the profile says so, or
// where the class is a contiguous group (a CPU without the hint ignores it); else not at all.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { MAX_ARRAYS, TLB_WALK_CACHE_LEVELS } from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { CompiledHalf, CompiledLayout } from "./compiled.js";

export interface CompiledArray {
  readonly name: string;
  readonly sets: number;
  readonly ways: number;
}

/** How a structure keeps one page-size class; `array` -1 = not at all. */
export interface CompiledProbe {
  readonly array: number;
  /** log2 bytes of a page of the class. */
  readonly shift: number;
  /** Class under which it is filled; 0 where it is not kept. */
  readonly fillClass: number;
}

export interface CompiledCpu {
  readonly arrays: readonly CompiledArray[];
  /** [structure][half][class]; structures in the order of `TlbStructure`, class 0 unused. */
  readonly probes: readonly (readonly (readonly CompiledProbe[])[])[];
  /** Array by level of the entries it holds; -1 = none. */
  readonly walkCaches: readonly number[];
}

const STRUCTURES = ["data", "fetch", "second"] as const;
type StructureName = (typeof STRUCTURES)[number];
const NOT_KEPT: CompiledProbe = { array: -1, shift: 0, fillClass: 0 };

/**
 * Fits a CPU profile to a layout.
 * @throws MmulateError CONFIG when the profile is made for another architecture or holds no page size
 * of the layout
 */
export function compileCpu(profile: CpuProfile, layout: CompiledLayout): CompiledCpu {
  const { architectures } = profile;
  if (architectures !== undefined && !architectures.includes(layout.architecture)) {
    throw new MmulateError(
      "CONFIG",
      `cpu ${profile.name} is made for ${architectures.join(", ")}, not for ${layout.architecture}`,
    );
  }
  const arrays: CompiledArray[] = [];
  const first = new Map<StructureName, number>();
  for (const structure of STRUCTURES) {
    first.set(structure, arrays.length);
    for (const { name, entries, ways } of profile.tlb[structure]) {
      arrays.push({ name, sets: entries / ways, ways });
    }
  }
  const probes = STRUCTURES.map((structure) =>
    layout.halves.map((half) => probesOf(profile, structure, first.get(structure) ?? 0, half)),
  );
  const walkCaches = Array.from({ length: TLB_WALK_CACHE_LEVELS }, () => -1);
  for (const { level, entries, ways } of profile.walkCaches) {
    walkCaches[level] = arrays.length;
    arrays.push({ name: `walk cache, level ${level}`, sets: entries / ways, ways });
  }
  if (arrays.length > MAX_ARRAYS) {
    throw new MmulateError(
      "CONFIG",
      `cpu ${profile.name} has ${arrays.length} arrays; ${MAX_ARRAYS} are supported`,
    );
  }
  return { arrays, probes, walkCaches };
}

function probesOf(
  profile: CpuProfile,
  structure: StructureName,
  first: number,
  half: CompiledHalf,
): CompiledProbe[] {
  const { classShifts } = half;
  return classShifts.map((shift, pageClass) => {
    if (pageClass === 0) return NOT_KEPT;
    const array = arrayFor(profile, structure, shift);
    if (array >= 0) return { array: first + array, shift, fillClass: pageClass };
    const smaller = keptAs(profile, structure, half, shift);
    const fillClass = smaller === null ? -1 : classShifts.indexOf(smaller);
    return { array: -1, shift, fillClass: Math.max(0, fillClass) };
  });
}

function arrayFor(profile: CpuProfile, structure: StructureName, shift: number): number {
  return profile.tlb[structure].findIndex(({ pages }) => pages === "all" || pages.includes(shift));
}

/** log2 bytes of the smaller page that stands for one the structure has no array for; null = none. */
function keptAs(
  profile: CpuProfile,
  structure: StructureName,
  half: CompiledHalf,
  shift: number,
): number | null {
  const smashed = profile.tlb.smash.find(
    (rule) => rule.structure === structure && rule.from === shift,
  );
  const group = half.levels.find((level) => level.groupShift === shift);
  const smaller = smashed?.to ?? group?.shift ?? null;
  if (smaller === null || arrayFor(profile, structure, smaller) < 0) return null;
  return smaller;
}
