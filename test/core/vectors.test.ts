// The recorded hardware translations, every one of them. A vector says what a processor did with tables,
// an access and a cold TLB; the core must end alike and change the same entries.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { judge, parseVector, type Vector } from "../reference/vector.js";
import { type Build, coreOf, modeKey, Player, withPlainCpu } from "./support.js";

/** Architectures of which there are recordings. */
const RECORDED = ["x86-64", "arm64"] as const;

/** All vectors of an architecture; those under one layout follow each other, so that it is loaded once. */
function readVectors(arch: (typeof RECORDED)[number]): Vector[] {
  const file = new URL(`../data/vectors/${arch}.jsonl.gz`, import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  const vectors = lines.map(parseVector).map((vector) => ({ vector, key: modeKey(vector) }));
  return vectors.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ vector }) => vector);
}

/** "id: reason" of every vector that the core gets wrong. */
function failuresOf(player: Player, vectors: readonly Vector[]): string[] {
  return vectors.flatMap((vector) => {
    const reason = judge(vector, player.play(vector));
    return reason === null ? [] : [`${vector.id}: ${reason}`];
  });
}

const EVERY: Record<Build, number> = { release: 1, debug: 8 };

describe.each(RECORDED)("recorded translations of %s", (arch) => {
  const vectors = readVectors(arch);

  it.each(["release", "debug"] as const)("all end on the %s build as they did", (build) => {
    const player = new Player(coreOf(build), withPlainCpu);
    const chosen = vectors.filter((_, i) => i % EVERY[build] === 0);
    const failures = failuresOf(player, chosen);
    expect(chosen).toHaveLength(20_000 / EVERY[build]);
    expect(failures.slice(0, 5), `${failures.length} vectors fail`).toEqual([]);
    // An entry that a walk reads from absent memory lies in a frame shared by all of it: still all zero?
    player.core.reset(false);
    const absent = Array.from({ length: 512 }, (_, i) =>
      player.core.peek(2n ** 52n - 8n * BigInt(i + 1)),
    );
    expect(absent).toEqual(Array(512).fill(0n));
  });
});
