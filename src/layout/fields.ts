// Named fields of a descriptor, resolved for a level and a kind of entry.

import type { Descriptor } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import { maskOf } from "./bits.js";
import type { MaskValue } from "./compiled.js";

export type EntryKind = "leaf" | "table";
type Field = Descriptor["fields"][number];

/** Fields that an entry of this kind has at this level (0 = leaf level). */
export function fieldsOf(descriptor: Descriptor, level: number, kind: EntryKind): readonly Field[] {
  return descriptor.fields.filter(
    (field) =>
      (field.of === "any" || field.of === kind) &&
      (field.levels === undefined || field.levels.includes(level)),
  );
}

/**
 * A field by name, wherever it stands.
 * @throws MmulateError DESCRIPTOR when no field has the name
 */
export function fieldNamed(descriptor: Descriptor, name: string): Field {
  const field = descriptor.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name} has no field "${name}"`);
  }
  return field;
}

/** The single bit of a field that a rule uses as a flag. */
export function bitNamed(descriptor: Descriptor, name: string): number {
  const [hi, lo] = fieldNamed(descriptor, name).bits;
  if (hi !== lo) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name}: field "${name}" is not a single bit`);
  }
  return lo;
}

/** Mask and value of some field values together. */
export function maskValueOf(
  descriptor: Descriptor,
  fields: Readonly<Record<string, number>>,
): MaskValue {
  let mask = 0n;
  let value = 0n;
  for (const [name, wanted] of Object.entries(fields)) {
    const [hi, lo] = fieldNamed(descriptor, name).bits;
    if (wanted >= 2 ** (hi - lo + 1)) {
      throw new MmulateError(
        "DESCRIPTOR",
        `${descriptor.name}: ${name} = ${wanted} does not fit bits ${hi}:${lo}`,
      );
    }
    mask |= maskOf(hi, lo);
    value |= BigInt(wanted) << BigInt(lo);
  }
  return { mask, value };
}

/** True when a row of the descriptor applies to a level. */
export function atLevel(row: { levels?: number[] | undefined }, level: number): boolean {
  return row.levels === undefined || row.levels.includes(level);
}
