// The form of a cost profile: what kernel work costs, in cycles of the CPU's clock. Data only.

import { z } from "zod";
import { citeSchema } from "../schema.js";

const cost = z.strictObject({
  cycles: z.number().min(0),
  cite: citeSchema,
  confidence: z.enum(["manual", "measured", "fitted", "scaled", "knowledge", "choice"]),
});

export const costSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  sources: z.record(z.string(), z.string()),
  /** Clock that turns cycles into time. */
  clockMHz: z.int().min(1),
  /**
   * How much faster accesses that do not wait for each other are than one after the other: cycles of translation
   * and data are divided by it where such work is timed. 1: not at all.
   */
  overlap: z.number().min(1),
  /** The machine it was measured on, taken where no other is named; nested: log2 bytes of its host's pages. */
  measuredOn: z
    .array(z.strictObject({ cpu: z.string(), dataCached: z.boolean(), nestedShift: z.int() }))
    .max(1),
  /** Bytes of the kernel's data that a near cache holds (src/kernel/cache-lines.ts); 0: all is near. */
  nearBytes: z.int().min(0),
  /** Cycles of one event, by its name; an event that is left out costs nothing. */
  events: z.record(z.string(), cost),
});

/** What kernel work costs. */
export type CostProfile = z.infer<typeof costSchema>;
export type CostProfileInput = z.input<typeof costSchema>;
