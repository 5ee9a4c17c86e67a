// The form of a cost profile: what kernel work costs, in cycles of the CPU's clock. Data only.

import { z } from "zod";
import { citeSchema } from "../schema.js";

const cost = z.strictObject({
  cycles: z.number().min(0),
  cite: citeSchema,
  confidence: z.enum(["manual", "measured", "fitted", "knowledge", "choice"]),
});

export const costSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  sources: z.record(z.string(), z.string()),
  /** Clock that turns cycles into time. */
  clockMHz: z.int().min(1),
  /** Cycles of one event, by its name; an event that is left out costs nothing. */
  events: z.record(z.string(), cost),
});

/** What kernel work costs. */
export type CostProfile = z.infer<typeof costSchema>;
export type CostProfileInput = z.input<typeof costSchema>;
