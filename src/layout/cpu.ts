// CPU profile and layout -> which array holds which page size, and as what. Pure.
//
//   structure x page-size class --> array, shift, class under which it is filled
//
// A class that no array of a structure holds is kept as a smaller one where the profile says so, or
// where the class is a contiguous group (a CPU without the hint ignores it); else not at all.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import {
  MAX_ARRAYS,
  MAX_TAGGED_WAYS,
  TlbStructure,
  WALK_CACHE_LEVELS,
} from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { CompiledLayout } from "./compiled.js";

export interface CompiledArray {
  readonly name: string;
  readonly sets: number;
  readonly ways: number;
  /** Looked up by partial tags (second-level TLBs of up to 16 ways), not entry by entry. */
  readonly tagged: boolean;
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
  /** [structure][class]; structures in the order of `TlbStructure`, class 0 unused. */
  readonly probes: readonly (readonly CompiledProbe[])[];
  /** Structure that reads, writes and fetches look into first. */
  readonly routes: readonly [number, number, number];
  /** Array by level of the entries it holds; -1 = none. */
  readonly walkCaches: readonly number[];
  /** Data caches, from the nearest; none = loads of walks are not followed further. */
  readonly caches: readonly CompiledCache[];
  /** Index of the cache at which loads of walks begin. */
  readonly walkerEnters: number;
  /** Whether reads and writes go through the caches, too. */
  readonly dataCached: boolean;
}

export interface CompiledCache {
  readonly array: number;
  /** log2 bytes of a line. */
  readonly lineShift: number;
  /** One for all CPUs. */
  readonly shared: boolean;
}

export interface CpuOptions {
  /** Reads and writes go through the data caches, too (default: loads of walks alone do). */
  readonly dataCached?: boolean;
}

const STRUCTURES = ["data", "fetch", "store", "second"] as const;
type StructureName = (typeof STRUCTURES)[number];
const NOT_KEPT: CompiledProbe = { array: -1, shift: 0, fillClass: 0 };

/**
 * Fits a CPU profile to a layout.
 * @throws MmulateError CONFIG when data shall go through caches and the profile has none
 * @throws MmulateError CONFIG when the profile is made for another architecture
 */
export function compileCpu(
  profile: CpuProfile,
  layout: CompiledLayout,
  { dataCached = false }: CpuOptions = {},
): CompiledCpu {
  checkArchitecture(profile, layout);
  const arrays: CompiledArray[] = [];
  const first = new Map<StructureName, number>();
  for (const structure of STRUCTURES) {
    first.set(structure, arrays.length);
    for (const { name, entries, ways } of profile.tlb[structure]) {
      const tagged = structure === "second" && ways <= MAX_TAGGED_WAYS;
      arrays.push({ name, sets: entries / ways, ways, tagged });
    }
  }
  const probes = STRUCTURES.map((structure) =>
    probesOf(profile, structure, first.get(structure) ?? 0, layout),
  );
  const walkCaches = Array.from({ length: WALK_CACHE_LEVELS }, () => -1);
  for (const { level, entries, ways } of profile.walkCaches) {
    walkCaches[level] = arrays.length;
    const name = `walk cache, level ${level}`;
    arrays.push({ name, sets: entries / ways, ways, tagged: false });
  }
  const caches = profile.caches.map(({ name, bytes, ways, lineBytes, shared }) => {
    const array = arrays.length;
    arrays.push({ name, sets: bytes / lineBytes / ways, ways, tagged: true });
    return { array, lineShift: Math.log2(lineBytes), shared };
  });
  if (dataCached && caches.length === 0) {
    throw new MmulateError(
      "CONFIG",
      `cpu ${profile.name} has no data caches for data to go through; a profile of a real machine has`,
    );
  }
  if (arrays.length > MAX_ARRAYS) {
    throw new MmulateError(
      "CONFIG",
      `cpu ${profile.name} has ${arrays.length} arrays; ${MAX_ARRAYS} are supported`,
    );
  }
  const stores = profile.tlb.store.length > 0 ? TlbStructure.StoreL1 : TlbStructure.DataL1;
  return {
    arrays,
    probes,
    routes: [TlbStructure.DataL1, stores, TlbStructure.FetchL1],
    walkCaches,
    caches,
    walkerEnters: profile.walker?.entersAt ?? 0,
    dataCached,
  };
}

function checkArchitecture(profile: CpuProfile, layout: CompiledLayout): void {
  const { architectures } = profile;
  if (architectures !== undefined && !architectures.includes(layout.architecture)) {
    throw new MmulateError(
      "CONFIG",
      `cpu ${profile.name} is made for ${architectures.join(", ")}, not for ${layout.architecture} (choose with --arch)`,
    );
  }
}

function probesOf(
  profile: CpuProfile,
  structure: StructureName,
  first: number,
  layout: CompiledLayout,
): CompiledProbe[] {
  const { classShifts } = layout;
  return classShifts.map((shift, pageClass) => {
    if (pageClass === 0) return NOT_KEPT;
    const array = arrayFor(profile, structure, shift);
    if (array >= 0) return { array: first + array, shift, fillClass: pageClass };
    const smaller = keptAs(profile, structure, layout, shift);
    const fillClass = smaller === null ? -1 : classShifts.indexOf(smaller);
    return { array: -1, shift, fillClass: Math.max(0, fillClass) };
  });
}

function arrayFor(profile: CpuProfile, structure: StructureName, shift: number): number {
  return profile.tlb[structure].findIndex(({ pages }) => pages === "all" || pages.includes(shift));
}

/**
 * log2 bytes of the smaller page that stands for one the structure has no array for; null = none. Where
 * there is no array for that either, it is what stands for it in turn.
 */
function keptAs(
  profile: CpuProfile,
  structure: StructureName,
  layout: CompiledLayout,
  shift: number,
): number | null {
  const smashed = profile.tlb.smash.find(
    (rule) => rule.structure === structure && rule.from === shift,
  );
  const group = layout.halves
    .flatMap(({ levels }) => levels)
    .find((level) => level.groupShift === shift);
  const smaller = smashed?.to ?? group?.shift ?? null;
  if (smaller === null || arrayFor(profile, structure, smaller) >= 0) return smaller;
  return keptAs(profile, structure, layout, smaller);
}
