// Checks descriptors and profiles against their schemas and freezes them.

import { type CpuProfile, type CpuProfileInput, cpuSchema } from "./cpu-schema.js";
import { type Descriptor, type DescriptorInput, descriptorSchema } from "./schema.js";

/** Freezes a value and all in it. */
export function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

/**
 * Returns the descriptor, checked and deeply frozen.
 * @throws ZodError naming the path of each fact that breaks the schema
 */
export function define(input: DescriptorInput): Descriptor {
  return freeze(descriptorSchema.parse(input));
}

/**
 * Returns the CPU profile, checked and deeply frozen.
 * @throws ZodError naming the path of each fact that breaks the schema
 */
export function defineCpu(input: CpuProfileInput): CpuProfile {
  return freeze(cpuSchema.parse(input));
}
