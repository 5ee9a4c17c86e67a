// Shared by the tests of verify: recorded vectors, hand-made ones, and a core to play them on.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { ARCHITECTURES } from "../../arch/index.js";
import type { Descriptor } from "../../arch/schema.js";
import { FRAME_BYTES, HASH_LIMIT } from "../../assembly/abi/memory-map.js";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { parseVector, type Vector } from "../../src/verify/vector-format.js";

export const ARCHITECTURE_NAMES = ["x86-64", "arm64"] as const;
type ArchitectureName = (typeof ARCHITECTURE_NAMES)[number];

export function vectorFile(arch: ArchitectureName): string {
  return fileURLToPath(new URL(`../data/vectors/${arch}.jsonl.gz`, import.meta.url));
}

/** Every recorded vector of an architecture. */
export function recorded(arch: ArchitectureName): Vector[] {
  const lines = gunzipSync(readFileSync(vectorFile(arch)))
    .toString()
    .trimEnd()
    .split("\n");
  return lines.map((line, i) => parseVector(line, `${arch}:${i + 1}`));
}

/**
 * 18 vectors made by hand: x86-64 tables at 0x1000, 0x2000, 0x3000 and 0x4000 lead from address 0 to the
 * page at 0x5000, and so do the arm64 ones. The id says what is to become of each: 9 are right, 5 are
 * wrong in what they expect, 4 ask for what does not exist.
 */
export const MIXED_FILE = fileURLToPath(new URL("../data/verify/mixed.jsonl", import.meta.url));

export function descriptorOf(vector: Vector): Descriptor {
  const descriptor = ARCHITECTURES.get(vector.arch);
  if (descriptor === undefined) throw new Error(`no architecture ${vector.arch}`);
  return descriptor;
}

export async function newCore(): Promise<Core> {
  return new Core((await loadCoreModule()).module);
}

/** A vector line: read of 0x123 by the user, through four x86-64 tables to 0x5123. */
export function line(change: Record<string, unknown> = {}): string {
  const tables = [0x1000, 0x2000, 0x3000, 0x4000];
  const hex = (value: number) => `0x${value.toString(16)}`;
  return JSON.stringify({
    id: "made/1",
    arch: "x86-64",
    config: {},
    root: "0x1000",
    tables: tables.map((at) => [hex(at), hex(at + 0x1007)]),
    access: { va: "0x123", type: "read", mode: "user" },
    expect: { pa: "0x5123" },
    after: tables.map((at) => [hex(at), hex(at + 0x1027)]),
    ...change,
  });
}

/** The same with tables in one frame more than simulated memory has. */
export function hugeLine(): string {
  const tables = Array.from({ length: HASH_LIMIT + 1 }, (_, i) => [
    `0x${((i + 1) * FRAME_BYTES).toString(16)}`,
    "0x1",
  ]);
  return line({ id: "made/huge", tables });
}
