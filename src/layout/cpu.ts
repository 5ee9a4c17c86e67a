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
import { sizeName } from "./page-policy.js";

export interface CompiledArray {
  readonly name: string;
  readonly sets: number;
  readonly ways: number;
  /** Looked up by partial tags (second-level TLBs of up to 16 ways), not entry by entry. */
  readonly tagged: boolean;
  /** The set is chosen by a hash (tagged arrays only), not by low bits. */
  readonly hashed?: boolean;
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
  /** log2 bytes of the host's pages, where the CPU runs a guest. */
  readonly nestedShift?: number;
  /** It runs a guest whose second stage is walked (layout/stage2.ts). */
  readonly secondStage?: true;
}

export interface CompiledCache {
  readonly array: number;
  /** log2 bytes of a line. */
  readonly lineShift: number;
  /** One for all CPUs. */
  readonly shared: boolean;
  /** It gets what the cache before it evicts, and nothing else. */
  readonly victims?: boolean;
}

export interface CpuOptions {
  /** Reads and writes go through the data caches, too (default: loads of walks alone do). */
  readonly dataCached?: boolean;
  /** The CPU runs a guest, whose memory a host maps by pages of this size (log2 bytes). */
  readonly nestedShift?: number | undefined;
  /** The CPU runs a guest whose second stage is walked. */
  readonly secondStage?: boolean;
}

const STRUCTURES = ["data", "fetch", "store", "second"] as const;
type StructureName = (typeof STRUCTURES)[number];
const NOT_KEPT: CompiledProbe = { array: -1, shift: 0, fillClass: 0 };

/**
 * Fits a CPU profile to a layout.
 * @throws MmulateError CONFIG when data or a host's entries shall go through caches and the profile has none,
 * or when the layout has no TLB entries of the host's page size, or when a second stage is walked and approximated
 * @throws MmulateError CONFIG when the profile is made for another architecture
 */
export function compileCpu(
  profile: CpuProfile,
  layout: CompiledLayout,
  { dataCached = false, nestedShift, secondStage = false }: CpuOptions = {},
): CompiledCpu {
  checkArchitecture(profile, layout);
  checkCaches(profile, dataCached, nestedShift);
  checkHostPages(layout, nestedShift, secondStage);
  const arrays: CompiledArray[] = [];
  const first = new Map<StructureName, number>();
  for (const structure of STRUCTURES) {
    first.set(structure, arrays.length);
    for (const { name, entries, ways, ...one } of profile.tlb[structure]) {
      const tagged = structure === "second" && ways <= MAX_TAGGED_WAYS;
      const hashed = "hashed" in one && one.hashed === true;
      arrays.push({ name, sets: entries / ways, ways, tagged, ...(hashed ? { hashed } : {}) });
    }
  }
  const probes = STRUCTURES.map((structure) =>
    probesOf(profile, structure, first.get(structure) ?? 0, layout, nestedShift),
  );
  const walkCaches = walkCachesOf(profile, arrays);
  const caches = profile.caches.map(({ name, bytes, ways, lineBytes, shared, hashed, fills }) => {
    const array = arrays.length;
    const sets = bytes / lineBytes / ways;
    arrays.push({ name, sets, ways, tagged: true, ...(hashed === true ? { hashed } : {}) });
    const victims = fills === "victims" ? { victims: true } : {};
    return { array, lineShift: Math.log2(lineBytes), shared, ...victims };
  });
  if (arrays.length > MAX_ARRAYS) {
    throw new MmulateError(
      "CONFIG",
      `cpu ${profile.name} has ${arrays.length} arrays; ${MAX_ARRAYS} are supported`,
    );
  }
  return {
    arrays,
    probes,
    routes: routesOf(profile),
    walkCaches,
    caches,
    walkerEnters: profile.walker?.entersAt ?? 0,
    dataCached,
    ...(nestedShift === undefined ? {} : { nestedShift }),
    ...(secondStage ? { secondStage } : {}),
  };
}

/** Adds the arrays of walk caches, and tells which is of which level. */
function walkCachesOf(profile: CpuProfile, arrays: CompiledArray[]): number[] {
  const walkCaches = Array.from({ length: WALK_CACHE_LEVELS }, () => -1);
  for (const { level, entries, ways } of profile.walkCaches) {
    walkCaches[level] = arrays.length;
    const name = `walk cache, level ${level}`;
    arrays.push({ name, sets: entries / ways, ways, tagged: false });
  }
  return walkCaches;
}

function routesOf({ tlb }: CpuProfile): CompiledCpu["routes"] {
  const stores = tlb.store.length > 0 ? TlbStructure.StoreL1 : TlbStructure.DataL1;
  return [TlbStructure.DataL1, stores, TlbStructure.FetchL1];
}

function checkCaches({ name, caches }: CpuProfile, dataCached: boolean, nested?: number): void {
  if (caches.length > 0 || (!dataCached && nested === undefined)) return;
  const what = dataCached ? "data" : "the host's entries";
  throw new MmulateError(
    "CONFIG",
    `cpu ${name} has no data caches for ${what} to go through; a profile of a real machine has`,
  );
}

/** TLB entries are cut to the host's pages, so the layout must have a class of that size. */
function checkHostPages(
  { architecture, classShifts }: CompiledLayout,
  nestedShift: number | undefined,
  walked: boolean,
): void {
  if (nestedShift === undefined) return;
  if (walked) {
    throw new MmulateError(
      "CONFIG",
      "a guest's second stage is walked, or approximated (nested): not both",
    );
  }
  if (classShifts.indexOf(nestedShift) > 0) return;
  const allowed = classShifts.slice(1).map(sizeName).join(", ");
  throw new MmulateError(
    "CONFIG",
    `host pages of ${sizeName(nestedShift)}: ${architecture} has TLB entries of ${allowed} here`,
  );
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
  nestedShift = Number.POSITIVE_INFINITY,
): CompiledProbe[] {
  const { classShifts } = layout;
  return classShifts.map((shift, pageClass) => {
    if (pageClass === 0) return NOT_KEPT;
    const size = Math.min(shift, nestedShift);
    const array = arrayFor(profile, structure, size);
    if (array >= 0 && size === shift) return { array: first + array, shift, fillClass: pageClass };
    const smaller = array >= 0 ? size : keptAs(profile, structure, layout, size);
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
