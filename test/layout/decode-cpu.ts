/**
 * Reads the geometry of CPUs back by the offsets of assembly/abi/tlb.ts, and says what of a compiled CPU
 * it must contain. Written from the comments of that file, not from the encoder.
 */
import { expect } from "vitest";
import * as abi from "../../assembly/abi/tlb.js";
import type { CompiledCpu } from "../../src/layout/cpu.js";
import { list, Reader } from "./reader.js";

export interface DecodedCpu {
  readonly cpu: unknown;
  /** Offsets of bytes that two fields share. */
  readonly overlaps: number[];
  /** Offsets of bytes that belong to no field and are not 0: what is the core's must be 0. */
  readonly strays: number[];
}

interface DecodedArray {
  readonly entries: number;
  readonly sets: number;
  readonly hashed: boolean;
  readonly ways: number;
  readonly setBytes: number;
  readonly tags: number;
  readonly orders: number;
  /** 0xffffffff: places count from the block of a CPU; 0: they are addresses. */
  readonly own: number;
}

function decodeArray(reader: Reader, at: number): DecodedArray {
  const mask = reader.u32(at + abi.ARRAY_SET_MASK);
  return {
    entries: reader.u32(at + abi.ARRAY_ENTRIES),
    sets: (mask % abi.ARRAY_HASHED) + 1,
    hashed: mask >= abi.ARRAY_HASHED,
    ways: reader.u32(at + abi.ARRAY_WAYS),
    setBytes: reader.u32(at + abi.ARRAY_SET_BYTES),
    tags: reader.u32(at + abi.ARRAY_TAGS),
    orders: reader.u32(at + abi.ARRAY_ORDERS),
    own: reader.u32(at + abi.ARRAY_OWN),
  };
}

function decodeArrays(reader: Reader): DecodedArray[] {
  return list(abi.MAX_ARRAYS, abi.ARRAY_BYTES, abi.GEOMETRY_ARRAYS, (at) =>
    decodeArray(reader, at),
  );
}

/** The geometry; arrays by their number, -1 for none. */
export function decodeCpu(bytes: Uint8Array): DecodedCpu {
  const reader = new Reader(bytes);
  const arrays = decodeArrays(reader);
  /** The number of the array of which a copy stands at `at`; -1 = zeroes, -2 = a copy of none. */
  const arrayAt = (at: number): number => {
    const copy = decodeArray(reader, at);
    if (copy.entries === 0)
      return copy.sets === 1 && copy.ways + copy.tags + copy.orders + copy.own === 0 ? -1 : -2;
    const number = arrays.findIndex(({ entries }) => entries === copy.entries);
    return JSON.stringify(arrays[number]) === JSON.stringify(copy) ? number : -2;
  };
  const routes = reader.u32(abi.GEOMETRY_ROUTES);
  const probe = (at: number) => ({
    array: arrayAt(at),
    shift: reader.u32(at + abi.PROBE_SHIFT),
    fillClass: reader.u32(at + abi.PROBE_FILL_CLASS),
    fits: reader.u32(at + abi.PROBE_FITS),
    pageMask: reader.u64(at + abi.PROBE_PAGE_MASK),
  });
  const cpu = {
    routes: [routes & 3, (routes >> 2) & 3, (routes >> 4) & 3, routes >> 6],
    arrays: arrays.map(({ sets, hashed, ways, setBytes, tags, orders, own }) => ({
      sets,
      hashed,
      ways,
      setBytes,
      tagged: tags !== 0 && orders !== 0,
      own,
    })),
    probes: list(abi.TLB_STRUCTURES, abi.STRUCTURE_BYTES, abi.GEOMETRY_PROBES, (structure) =>
      list(abi.PROBE_CLASSES, abi.PROBE_BYTES, structure, probe),
    ),
    walkCaches: list(abi.WALK_CACHE_LEVELS, abi.ARRAY_BYTES, abi.GEOMETRY_WALK_CACHES, arrayAt),
    caches: list(abi.MAX_CACHES, abi.ARRAY_BYTES, abi.GEOMETRY_CACHES, (at) => ({
      array: arrayAt(at),
      lineShift: reader.u32(at + abi.ARRAY_LINE_SHIFT),
    })),
    cacheLevels: reader.u32(abi.GEOMETRY_CACHE_LEVELS),
    walkerEnters: reader.u32(abi.GEOMETRY_WALKER_ENTERS),
    dataCached: reader.u32(abi.GEOMETRY_DATA_CACHED) === 1,
    nestedShift: reader.u32(abi.GEOMETRY_NESTED_SHIFT),
    victimCache: reader.u32(abi.GEOMETRY_VICTIM_CACHE),
    tlbEnd: reader.u32(abi.GEOMETRY_TLB_END),
  };
  return { cpu, overlaps: reader.overlaps(), strays: reader.strays() };
}

/** The list as its slots hold it. */
function padded<T>(values: readonly T[], slots: number, empty: T): T[] {
  return [...values, ...Array.from({ length: slots - values.length }, () => empty)];
}

/** What `decodeCpu` must find; a descriptor of zeroes reads as one set of no ways. */
export function expectedCpu(cpu: CompiledCpu): unknown {
  const victims = cpu.caches.findIndex((cache) => cache.victims === true);
  const shared = new Set(cpu.caches.filter((cache) => cache.shared).map(({ array }) => array));
  const arrays = cpu.arrays.map(({ sets, ways, tagged, hashed = false }, number) => {
    const entry = 2 ** (tagged ? abi.TAGGED_ENTRY_SHIFT : abi.STAMPED_ENTRY_SHIFT);
    const own = shared.has(number) ? 0 : 0xffffffff;
    return { sets, hashed, ways, setBytes: ways * entry, tagged, own };
  });
  return {
    routes: [...cpu.routes, 0],
    arrays: padded(arrays, abi.MAX_ARRAYS, {
      sets: 1,
      hashed: false,
      ways: 0,
      setBytes: 0,
      tagged: false,
      own: 0,
    }),
    probes: cpu.probes.map((classes) => {
      const nothing = { array: -1, shift: 0, fillClass: 0, fits: 0, pageMask: 0n };
      const used = classes.map((probe, pageClass) => ({
        ...probe,
        fits: probe.array < 0 ? 0 : pageClass * 2 ** abi.TLB_DATA_CLASS_SHIFT,
        pageMask: BigInt.asUintN(64, -(2n ** BigInt(probe.shift))),
      }));
      return padded(used, abi.PROBE_CLASSES, nothing);
    }),
    walkCaches: cpu.walkCaches,
    caches: padded(
      cpu.caches.map(({ array, lineShift }) => ({ array, lineShift })),
      abi.MAX_CACHES,
      { array: -1, lineShift: 0 },
    ),
    cacheLevels: cpu.caches.length,
    walkerEnters: cpu.walkerEnters,
    dataCached: cpu.dataCached,
    nestedShift: cpu.nestedShift ?? 0,
    victimCache: victims < 0 ? abi.NO_VICTIM_CACHE : victims,
    tlbEnd: expect.any(Number),
  };
}

/** A run of bytes that an array owns. */
export interface Part {
  readonly what: string;
  readonly at: number;
  readonly bytes: number;
}

/** What the arrays of the block at `base` take, by the sizes that the ABI gives entries, tags and orders. */
export function blockParts(bytes: Uint8Array, cpu: CompiledCpu, base: number): Part[] {
  const decoded = decodeArrays(new Reader(bytes)).map(({ own, entries, tags, orders }) => {
    const block = own === 0 ? 0 : base;
    return { entries: block + entries, tags: block + tags, orders: block + orders };
  });
  return cpu.arrays.flatMap(({ name, sets, ways, tagged }, i): Part[] => {
    const { entries, tags, orders } = decoded[i] ?? { entries: base, tags: base, orders: base };
    const shift = tagged ? abi.TAGGED_ENTRY_SHIFT : abi.STAMPED_ENTRY_SHIFT;
    const own = { what: `${name}: entries`, at: entries, bytes: sets * ways * 2 ** shift };
    if (!tagged) return [own];
    return [
      own,
      { what: `${name}: tags`, at: tags, bytes: sets * abi.TAGS_SET_BYTES },
      { what: `${name}: orders`, at: orders, bytes: sets * 8 },
    ];
  });
}
