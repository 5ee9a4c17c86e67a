// The form of a CPU profile: one microarchitecture's TLBs, walk caches, data caches and latencies, each
// number with its source and confidence. Data only, like a descriptor.

import { z } from "zod";
import { citeSchema, confidenceSchema } from "./schema.js";

/**
 * Beside those of a descriptor, of which "knowledge" here is a common number whose source was not read
 * again. An object with several numbers is as sure as the least sure of them; its cite says which that is.
 */
const profileConfidence = z
  .enum(["documented", "published", "measured", "inferred", "second-hand", "choice"])
  .describe(
    "documented: by the maker; published: by others, who measured it or quote the maker; measured: for mmulate; inferred: what makes the model as a whole agree with a measurement; second-hand: a page that names no source of its own; choice: a modelling default, or the nearest known machine",
  );

const fact = { cite: citeSchema, confidence: z.union([confidenceSchema, profileConfidence]) };
const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/);

const SETS_RULE = { message: "entries / ways, the number of sets, is not a power of two" };

function hasWholeSets({ entries, ways }: { entries: number; ways: number }): boolean {
  return entries >= ways && Number.isInteger(Math.log2(entries / ways));
}

/** Sets = entries / ways must be a power of two; fully associative means ways = entries. */
const arrayShape = {
  name: z.string(),
  entries: z.int().min(1).max(65536),
  ways: z.int().min(1).max(256),
  /** log2 bytes of the pages it holds; "all" = any size of the layout. */
  pages: z.union([z.literal("all"), z.array(z.int().min(8).max(52)).min(1)]),
  ...fact,
};
const array = z.strictObject(arrayShape).refine(hasWholeSets, SETS_RULE);

const MAX_HASHED_WAYS = 16;
/** The set is chosen by a hash of the page or line, not by its low bits. */
const hashed = z.boolean().optional();
const secondLevelArray = z
  .strictObject({ ...arrayShape, hashed })
  .refine(hasWholeSets, SETS_RULE)
  .refine((one) => one.hashed !== true || one.ways <= MAX_HASHED_WAYS, {
    message: `a hashed array has at most ${MAX_HASHED_WAYS} ways`,
  });

const cost = z.strictObject({ cycles: z.int().min(0), ...fact });

const LINE_BYTES = 64;

/** Sets = bytes / ways / line must be a power of two here too, so a sliced cache is rounded. */
const cache = z
  .strictObject({
    name: z.string(),
    bytes: z.int().min(LINE_BYTES),
    ways: z.int().min(1).max(16),
    lineBytes: z.literal(LINE_BYTES),
    /** One for all CPUs of a run. */
    shared: z.boolean().default(false),
    hashed,
    /**
     * "victims": it gets what the cache before it evicts, and a line found there moves back; the last cache
     * alone may. Else it gets every line that it missed.
     */
    fills: z.enum(["misses", "victims"]).optional(),
    /** From the load to the use of what it brings; in all, not what this level adds. */
    cycles: z.int().min(1),
    ...fact,
  })
  .refine(
    ({ bytes, ways, lineBytes }) => hasWholeSets({ entries: bytes / lineBytes, ways }),
    "bytes / line / ways, the number of sets, is not a power of two",
  );

/** A cache of a second stage's translations, fully associative; no entries = there is none. */
const guestCache = z.strictObject({ entries: z.int().min(0).max(64), ...fact });

/** What the walker's loads go through. */
const memorySide = {
  /** Data and unified caches, from the nearest; none = every load of the walker costs `walkLoad`. */
  caches: z.array(cache).max(4).default([]),
  /** A load that no cache has. */
  memory: cost.optional(),
  walker: z
    .strictObject({
      /** Index of the cache where its loads begin. */
      entersAt: z.int().min(0),
      /** Walks at a time. */
      inFlight: z.int().min(1),
      ...fact,
    })
    .optional(),
  /** Turns cycles into time. */
  clockMHz: z.strictObject({ value: z.int().min(1), ...fact }).optional(),
};

const profile = z.strictObject({
  name,
  title: z.string(),
  /** Architectures it is made for; left out, it serves any. */
  architectures: z.array(name).optional(),
  sources: z.record(z.string(), z.string()),
  tlb: z.strictObject({
    /** First level, for data and for instruction fetches; then what both share. */
    data: z.array(array),
    fetch: z.array(array),
    /** Stores, where they have a first level of their own. */
    store: z.array(array).default([]),
    second: z.array(secondLevelArray),
    /** Pages of one size that a structure keeps as pieces of a smaller one. */
    smash: z
      .array(
        z
          .strictObject({
            structure: z.enum(["data", "fetch", "store", "second"]),
            from: z.int(),
            to: z.int(),
            ...fact,
          })
          .refine(({ from, to }) => to < from, { message: "a page is kept as smaller ones only" }),
      )
      .default([]),
  }),
  /** Walk caches by the level (counted from the leaf) of the entries they hold. */
  walkCaches: z.array(
    z
      .strictObject({
        level: z.int().min(1).max(5),
        entries: z.int().min(1).max(4096),
        ways: z.int().min(1).max(256),
        ...fact,
      })
      .refine(hasWholeSets, SETS_RULE),
  ),
  /** What walks of guests keep of the second stage: pages by guest-physical address, and tables on the way to them. */
  secondStage: z.strictObject({ pages: guestCache, tables: guestCache }).optional(),
  /** How runs that name no `--pages` map memory on this machine. */
  pages: z.string().optional(),
  costs: z.strictObject({
    /** Extra cycles of a first-level miss that hits the second level. */
    secondLevelHit: cost,
    /** One load of a page-table entry by the walker, wherever caches are not modelled. */
    walkLoad: cost,
    /** A walk, beside its loads: the second level's miss, and the walker's start. Left out: nothing. */
    walkStart: cost.optional(),
    /** One page or table made by the simple mapper. */
    demandFault: cost,
    /** A store through a clean TLB entry. */
    dirtyAssist: cost,
    /** An accessed flag set by the walker; left out, it costs nothing. */
    accessedAssist: cost.optional(),
  }),
  ...memorySide,
  /** What this machine does and the model does not. */
  unmodelled: z.array(z.strictObject({ what: z.string(), ...fact })).default([]),
});
type Profile = z.infer<typeof profile>;

/** What is wrong with the memory side as a whole; null = nothing. */
function memorySideFault({ caches, memory, walker }: Profile): string | null {
  if (caches.length === 0) {
    return memory || walker ? "memory and walker are stated, but no caches" : null;
  }
  if (memory === undefined || walker === undefined) return "caches without memory or walker";
  if (walker.entersAt >= caches.length) return "the walker enters at a cache that is not there";
  const victims = caches.findIndex(({ fills }) => fills === "victims");
  if (victims >= 0 && (victims < caches.length - 1 || victims <= walker.entersAt)) {
    return "a cache of victims is not the last one, or the walker enters there";
  }
  const latencies = [...caches, memory].map(({ cycles }) => cycles);
  const ordered = (values: number[]) => values.every((v, i) => i === 0 || v > (values[i - 1] ?? 0));
  if (!ordered(latencies) || !ordered(caches.map(({ bytes }) => bytes))) {
    return "caches are not ordered from the nearest, smallest and fastest";
  }
  return null;
}

export const cpuSchema = profile.superRefine((value, context) => {
  const message = memorySideFault(value);
  if (message !== null) context.addIssue({ code: "custom", path: ["caches"], message });
});

/** A microarchitecture, as data. */
export type CpuProfile = z.infer<typeof cpuSchema>;
/** What the author of a profile writes. */
export type CpuProfileInput = z.input<typeof cpuSchema>;
