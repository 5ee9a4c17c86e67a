/**
 * Reads the head of a CPU block back by the offsets of assembly/abi/tlb.ts, and says what of a compiled CPU
 * it must contain. Written from the comments of that file, not from the encoder.
 */
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
  readonly ways: number;
  readonly tags: number;
  readonly orders: number;
}

function decodeArray(reader: Reader, at: number): DecodedArray {
  return {
    entries: reader.u32(at + abi.ARRAY_ENTRIES),
    sets: reader.u32(at + abi.ARRAY_SET_MASK) + 1,
    ways: reader.u32(at + abi.ARRAY_WAYS),
    tags: reader.u32(at + abi.ARRAY_TAGS),
    orders: reader.u32(at + abi.ARRAY_ORDERS),
  };
}

function decodeArrays(reader: Reader): DecodedArray[] {
  return list(abi.MAX_ARRAYS, abi.ARRAY_BYTES, abi.CPU_ARRAYS, (at) => decodeArray(reader, at));
}

/** The head of a block that lies at `base`; arrays by their number, -1 for none. */
export function decodeCpu(bytes: Uint8Array, base: number): DecodedCpu {
  const reader = new Reader(bytes);
  const arrayAt = (at: number): number => {
    const address = reader.u32(at);
    return address === 0 ? -1 : (address - base - abi.CPU_ARRAYS) / abi.ARRAY_BYTES;
  };
  const routes = reader.u32(abi.CPU_ROUTES);
  const probe = (at: number) => ({
    array: arrayAt(at + abi.PROBE_ARRAY),
    shift: reader.u32(at + abi.PROBE_SHIFT),
    fillClass: reader.u32(at + abi.PROBE_FILL_CLASS),
  });
  const cpu = {
    routes: [routes & 3, (routes >> 2) & 3, (routes >> 4) & 3, routes >> 6],
    arrays: decodeArrays(reader).map(({ sets, ways, tags, orders }) => ({
      sets,
      ways,
      tagged: tags !== 0 && orders !== 0,
    })),
    probes: list(abi.TLB_STRUCTURES, abi.STRUCTURE_BYTES, abi.CPU_PROBES, (structure) =>
      list(abi.PROBE_CLASSES, abi.PROBE_BYTES, structure, probe),
    ),
    walkCaches: list(abi.WALK_CACHE_LEVELS, 4, abi.CPU_WALK_CACHES, arrayAt),
  };
  return { cpu, overlaps: reader.overlaps(), strays: reader.strays() };
}

/** The list as its slots hold it. */
function padded<T>(values: readonly T[], slots: number, empty: T): T[] {
  return [...values, ...Array.from({ length: slots - values.length }, () => empty)];
}

/** What `decodeCpu` must find; a descriptor of zeroes reads as one set of no ways. */
export function expectedCpu(cpu: CompiledCpu): unknown {
  const arrays = cpu.arrays.map(({ sets, ways, tagged }) => ({ sets, ways, tagged }));
  return {
    routes: [...cpu.routes, 0],
    arrays: padded(arrays, abi.MAX_ARRAYS, { sets: 1, ways: 0, tagged: false }),
    probes: cpu.probes.map((classes) =>
      padded(classes, abi.PROBE_CLASSES, { array: -1, shift: 0, fillClass: 0 }),
    ),
    walkCaches: cpu.walkCaches,
  };
}

/** A run of bytes that an array owns. */
export interface Part {
  readonly what: string;
  readonly at: number;
  readonly bytes: number;
}

/** What the arrays of a block take, by the sizes that the ABI gives entries, tags and orders. */
export function blockParts(bytes: Uint8Array, cpu: CompiledCpu, base: number): Part[] {
  const decoded = decodeArrays(new Reader(bytes));
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
