// Cost profiles.

import { freeze } from "../define.js";
import { plainCosts } from "./plain.js";
import { type CostProfile, type CostProfileInput, costSchema } from "./schema.js";

/**
 * Returns the profile, checked and deeply frozen.
 * @throws ZodError naming the path of each fact that breaks the schema
 */
function defineCosts(input: CostProfileInput): CostProfile {
  return freeze(costSchema.parse(input));
}

/** Costs where none are named. */
export const DEFAULT_COSTS: CostProfile = defineCosts(plainCosts);

/** Every cost profile that mmulate ships, by name. */
export const COSTS: ReadonlyMap<string, CostProfile> = new Map([
  [DEFAULT_COSTS.name, DEFAULT_COSTS],
]);
