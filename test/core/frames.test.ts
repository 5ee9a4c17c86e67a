// The buddy allocator against sets of frames: whatever is asked for and given back, in whatever order.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  FRAME_FLAGS,
  FRAME_FREE,
  FRAME_HEAD,
  FRAME_NEXT,
  FRAME_REFS,
  MAX_ORDER,
} from "../../assembly/abi/frames.js";
import { FREE_LISTS_BASE } from "../../assembly/abi/memory-map.js";
import { type MmMachine, mmMachine } from "./mm-support.js";

let machine: MmMachine;
beforeAll(async () => {
  machine = await mmMachine("x86-64-7.0");
});

interface Block {
  readonly first: number;
  readonly order: number;
}

const word = (frame: number, offset: number): number =>
  machine.mmu.words[machine.mmu.record(frame) + (offset >>> 2)] ?? 0;

/** Every free block, as the lists of the orders have them. */
function freeBlocks(): Block[] {
  const blocks: Block[] = [];
  for (let order = 0; order <= MAX_ORDER; order++) {
    let at = machine.mmu.words[(FREE_LISTS_BASE >>> 2) + order] ?? 0;
    for (let steps = 0; at !== 0; steps++) {
      if (steps > 1e5) throw new Error(`the list of order ${order} has no end`);
      blocks.push({ first: at, order });
      at = word(at, FRAME_NEXT);
    }
  }
  return blocks;
}

function framesOf(blocks: readonly Block[]): number[] {
  return blocks.flatMap(({ first, order }) =>
    Array.from({ length: 2 ** order }, (_, i) => first + i),
  );
}

/** Everything that must hold of the pool while `taken` is out. */
function checkPool(count: number, taken: readonly Block[]): void {
  const free = freeBlocks();
  const all = [...framesOf(free), ...framesOf(taken)].sort((a, b) => a - b);
  // Each frame but 0 is in exactly one block, free or taken.
  expect(all).toEqual(Array.from({ length: count - 1 }, (_, i) => i + 1));
  expect(machine.mmu.exports.freeFrameCount()).toBe(framesOf(free).length);
  for (const { first, order } of [...free, ...taken]) expect(first % 2 ** order).toBe(0);
  for (const { first, order } of free)
    expect(word(first, FRAME_FLAGS)).toBe((FRAME_FREE | order) >>> 0);
  // No free block has a free buddy of its size: it would have been joined.
  const names = new Set(free.map(({ first, order }) => `${first}/${order}`));
  for (const { first, order } of free) {
    if (order === MAX_ORDER) continue;
    const buddy = first ^ (2 ** order);
    const inPool = buddy !== 0 && buddy + 2 ** order <= count;
    expect(inPool && names.has(`${buddy}/${order}`), `${first}/${order}`).toBe(false);
  }
}

type Step = { readonly take: number } | { readonly give: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ take: fc.nat({ max: 5 }) }),
  fc.record({ give: fc.nat({ max: 30 }) }),
);

/** Plays steps; returns what is out at the end, and the first frames handed out in order. */
function play(steps: readonly Step[]): { taken: Block[]; log: number[] } {
  const taken: Block[] = [];
  const log: number[] = [];
  for (const each of steps) {
    if ("take" in each) {
      const first = machine.mmu.exports.allocateFrames(each.take);
      log.push(first);
      if (first === 0) continue;
      taken.push({ first, order: each.take });
    } else {
      const [block] = taken.splice(each.give % Math.max(1, taken.length), 1);
      if (block !== undefined) machine.mmu.exports.freeFrames(block.first, block.order);
    }
  }
  return { taken, log };
}

/** `makeFrames` finds its records anew in each machine; those of `mmu` are the first. */
async function withFrames(count: number): Promise<void> {
  machine = await mmMachine("x86-64-7.0", count);
}

describe.each([2, 3, 64, 100, 257])("a pool of %i frames", (count) => {
  beforeAll(() => withFrames(count));

  it("keeps every frame in exactly one aligned block, and joins buddies", async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      await withFrames(count);
      const taken: Block[] = [];
      for (const each of steps) {
        if ("take" in each) {
          const first = machine.mmu.exports.allocateFrames(each.take);
          if (first !== 0) taken.push({ first, order: each.take });
          else expect(freeBlocks().every(({ order }) => order < each.take)).toBe(true);
        } else if (taken.length > 0) {
          const [block] = taken.splice(each.give % taken.length, 1);
          if (block !== undefined) machine.mmu.exports.freeFrames(block.first, block.order);
        }
        checkPool(count, taken);
      }
      for (const { first, order } of taken) machine.mmu.exports.freeFrames(first, order);
      checkPool(count, []);
    });
    await fc.assert(property, { numRuns: 25, seed: count });
  });

  it("hands out the same frames for the same calls", async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await withFrames(count);
      const first = play(steps).log;
      await withFrames(count);
      expect(play(steps).log).toEqual(first);
    });
    await fc.assert(property, { numRuns: 10, seed: count });
  });
});

describe("a block that is taken", () => {
  beforeAll(() => withFrames(64));

  it("has one reference at its head, a head in every record, and zeroes else", () => {
    const { mmu } = machine;
    const first = mmu.exports.allocateFrames(3);
    mmu.words.fill(0xdead, mmu.record(first), mmu.record(first) + 8 * 8);
    mmu.exports.freeFrames(first, 3);
    const again = mmu.exports.allocateFrames(3);
    expect(again).toBe(first);
    for (let i = 0; i < 8; i++) {
      const record = [...mmu.words.subarray(mmu.record(first + i), mmu.record(first + i) + 8)];
      const want = new Array<number>(8).fill(0);
      want[FRAME_HEAD >>> 2] = first;
      if (i === 0) want[FRAME_REFS >>> 2] = 1;
      expect(record).toEqual(want);
    }
  });

  it("is never frame 0, and 0 says that there is none", () => {
    const { exports } = machine.mmu;
    const taken: number[] = [];
    for (let frame = exports.allocateFrames(0); frame !== 0; frame = exports.allocateFrames(0)) {
      taken.push(frame);
    }
    expect(exports.freeFrameCount()).toBe(0);
    expect(new Set(taken).size).toBe(taken.length);
    expect(exports.allocateFrames(0)).toBe(0);
  });
});
