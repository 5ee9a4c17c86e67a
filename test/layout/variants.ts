/**
 * Descriptors for tests that reach what no shipped architecture does. None describes real hardware.
 */
import { define } from "../../arch/define.js";
import type { Descriptor, DescriptorInput } from "../../arch/schema.js";
import { x8664 } from "../../arch/x86-64.js";

const CITE = "TEST, no real hardware";

/** x86-64 with some parts replaced. */
export function variantOf(changes: Partial<DescriptorInput>): Descriptor {
  return define({ ...structuredClone(x8664), name: "variant", ...changes });
}

/** Each branch of the encoder that x86-64 and arm64 leave out: forbidden forms, faults, no global bit. */
export function oddities(): Descriptor {
  const { global: _, ...rest } = structuredClone(x8664);
  const at = (
    levels: number[],
    fields: Record<string, number>,
    of: "any" | "leaf" | "table" = "any",
  ) => ({ levels, fields, of, cite: CITE });
  return define({
    ...rest,
    name: "oddities",
    addressSpace: {
      ...rest.addressSpace,
      halves: [
        { root: "LOW", own: {} },
        { root: "HIGH", own: {} },
      ],
    },
    forbidden: [
      at([0], { RW: 1, US: 0 }),
      at([0, 1], { PWT: 1, PCD: 1 }),
      at([0, 1], { PKEY: 9 }, "leaf"),
      at([0, 1, 2], { US: 0, PCD: 1 }, "table"),
      at([0, 4], { XD: 1, A: 0, D: 1 }),
    ],
    address: [
      { bits: [47, 10], at: 12, cite: CITE },
      { bits: [52, 51], at: 54, cite: CITE },
    ],
    addressLimit: { bits: { param: "maxphyaddr" }, cite: CITE },
    accessed: { field: "A", value: 0, rows: [{ by: "fault", cite: CITE }], cite: CITE },
    dirty: { field: "D", value: 1, rows: [{ by: "fault", cite: CITE }], cite: CITE },
    faultDropsTlb: { value: false, cite: CITE },
    contiguous: [{ level: 1, log2: 3, fields: { PATL: 1 }, cite: CITE }],
  });
}
