// The form of a CPU profile: one microarchitecture's TLBs, walk caches and latencies, each number with
// its source and confidence. Data only, like a descriptor.

import { z } from "zod";
import { citeSchema, confidenceSchema } from "./schema.js";

const fact = {
  cite: citeSchema,
  /** Beside those of a descriptor: "choice" is a modelling default that copies no machine. */
  confidence: z.union([confidenceSchema, z.enum(["measured", "second-hand", "choice"])]),
};
const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/);

const SETS_RULE = { message: "entries / ways, the number of sets, is not a power of two" };

function hasWholeSets({ entries, ways }: { entries: number; ways: number }): boolean {
  return entries >= ways && Number.isInteger(Math.log2(entries / ways));
}

/** Sets = entries / ways must be a power of two; fully associative means ways = entries. */
const array = z
  .strictObject({
    name: z.string(),
    entries: z.int().min(1).max(65536),
    ways: z.int().min(1).max(256),
    /** log2 bytes of the pages it holds; "all" = any size of the layout. */
    pages: z.union([z.literal("all"), z.array(z.int().min(8).max(52)).min(1)]),
    ...fact,
  })
  .refine(hasWholeSets, SETS_RULE);

const cost = z.strictObject({ cycles: z.int().min(0), ...fact });

export const cpuSchema = z.strictObject({
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
    second: z.array(array),
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
  /** How runs that name no `--pages` map memory on this machine. */
  pages: z.string().optional(),
  costs: z.strictObject({
    /** Extra cycles of a first-level miss that hits the second level. */
    secondLevelHit: cost,
    /** One load of a page-table entry by the walker. */
    walkLoad: cost,
    /** One page or table made by the simple mapper. */
    demandFault: cost,
    /** A store through a clean TLB entry. */
    dirtyAssist: cost,
  }),
});

/** A microarchitecture, as data. */
export type CpuProfile = z.infer<typeof cpuSchema>;
/** What the author of a profile writes. */
export type CpuProfileInput = z.input<typeof cpuSchema>;
