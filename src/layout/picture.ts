// Entries in words: fields by name, rights, sizes.

import type { Descriptor } from "../../arch/schema.js";
import { hex } from "./bits.js";
import { type Environment, partial } from "./condition.js";
import { type EntryKind, fieldsOf } from "./fields.js";

/** The fields of an entry that are not zero: "P RW US A PKEY=0x3". */
export function picture(
  descriptor: Descriptor,
  environment: Environment,
  level: number,
  kind: EntryKind,
  entry: bigint,
): string {
  const words = fieldsOf(descriptor, level, kind)
    .filter((field) => partial(field.when, environment) !== null)
    .flatMap(({ name, bits: [hi, lo] }) => {
      const value = (entry >> BigInt(lo)) & ((1n << BigInt(hi - lo + 1)) - 1n);
      if (value === 0n) return [];
      return [hi === lo ? name : `${name}=${hex(value)}`];
    });
  return words.length === 0 ? "no field set" : words.join(" ");
}
