/** Random modes of a descriptor: every parameter anywhere in its range, in legal combinations. */
import fc from "fast-check";
import type { Descriptor } from "../../arch/schema.js";
import type { Mode } from "../../src/layout/mode.js";

/** Every parameter has a value. */
export function arbitraryMode(descriptor: Descriptor): fc.Arbitrary<Mode> {
  const values = Object.entries(descriptor.parameters).map(([name, parameter]) => {
    if (parameter.type === "boolean") return [name, fc.boolean()];
    if (parameter.allowed !== undefined) return [name, fc.constantFrom(...parameter.allowed)];
    return [name, fc.integer({ min: Number(parameter.min), max: Number(parameter.max) })];
  });
  const record: fc.Arbitrary<Mode> = fc.record(Object.fromEntries(values));
  return descriptor.name === "arm64" ? record.filter(isLegalArm64) : record;
}

/**
 * The restrictions across parameters, which `limits` of the descriptor states as data. Arm ARM DDI 0487
 * D8.2.4: TnSZ of 12 to 15 needs LPA2 or the 64 KiB granule, and 48 leaves the latter no index bit. D8.2.2:
 * no output size above the implemented one.
 */
export function isLegalArm64(mode: Mode): boolean {
  const least = mode.ds === true || mode.granule === 64 ? 12 : 16;
  const most = mode.granule === 64 ? 47 : 48;
  if (mode.pamax === 48 && Number(mode.ips) > 48) return false;
  return [mode.t0sz, mode.t1sz].every((tnsz) => Number(tnsz) >= least && Number(tnsz) <= most);
}

/** Every combination of some booleans. */
export function combinations(names: readonly string[]): Record<string, boolean>[] {
  return Array.from({ length: 2 ** names.length }, (_, index) =>
    Object.fromEntries(names.map((name, bit) => [name, ((index >> bit) & 1) === 1])),
  );
}

/** The switches that are on, for messages of failing tests. */
export function modeText(mode: Readonly<Record<string, unknown>>): string {
  const on = Object.entries(mode).filter(([, value]) => value !== false);
  return on.map(([name, value]) => (value === true ? name : `${name}=${value}`)).join(" ") || "-";
}
