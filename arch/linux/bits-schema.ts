// The form of a bit book: who may use which bit of an architecture's entries, and of a proposal that wants one.
//
// For an architecture with a descriptor (arch/NAME.ts) and Linux layouts (arch/linux/NAME.ts) a book holds only
// what these leave out: what the CPU ignores, and features that may claim a bit. A row with the name of a
// descriptor's field stands in its place. For the others a book is all there is: bits without rules.

import { z } from "zod";
import { citeSchema, confidenceSchema } from "../schema.js";

const fact = { cite: citeSchema, confidence: confidenceSchema.optional() };
const bit = z.int().min(0).max(63);
const bits = z.tuple([bit, bit]).refine(([hi, lo]) => hi >= lo, { error: "bits are [high, low]" });
const version = z.string().regex(/^\d+\.\d+$/, "a version such as 6.12");
const layoutName = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/);

/** Where a bit stands: a last-level entry that maps a page, one above that does, one that points to a table. */
export const PLACES = ["leaf", "huge", "table"] as const;

const hardwareRow = z
  .strictObject({
    name: z.string(),
    bits,
    of: z.array(z.enum(PLACES)).min(1),
    /**
     * field: always the CPU's. address. feature: the CPU's under `under`. ignored: left to software. reserved:
     * must be zero.
     */
    kind: z.enum(["field", "address", "feature", "ignored", "reserved"]),
    /** The feature, and the control state that switches it on. */
    under: z.string().optional(),
    /** What the bit is where the feature is off. */
    otherwise: z.enum(["ignored", "reserved"]).optional(),
    /** Linux version that switches the feature on; "never": only others do. */
    switchedOn: z.union([version, z.literal("never")]).optional(),
    /** Linux version from which it was known that software may use the bit. */
    softwareSince: version.optional(),
    means: z.string(),
    ...fact,
  })
  .refine((row) => (row.kind === "feature") === (row.under !== undefined), {
    error: "a feature says under what it is on, and nothing else does",
  });

/** What Linux keeps in a bit, where `arch/linux` has no whole layout of the architecture. */
const linuxField = z.strictObject({
  name: z.string(),
  bits,
  of: z.enum(["present", "absent"]),
  /** CPU feature without which Linux does not use it. */
  under: z.string().optional(),
  /** Left out: in entries of pages and of huge pages alike. */
  places: z.array(z.enum(PLACES)).optional(),
  means: z.string(),
  ...fact,
});

const kernel = z.strictObject({
  name: layoutName,
  title: z.string(),
  since: version,
  fields: z.array(linuxField),
  /** Names of fields that make a PROT_NONE entry. */
  protnone: z.strictObject({ fields: z.array(z.string()), ...fact }).optional(),
});

export const bitBookSchema = z.strictObject({
  architecture: z.string(),
  title: z.string(),
  sources: z.record(z.string(), z.string()),
  hardware: z.array(hardwareRow),
  kernels: z.array(kernel).default([]),
  /** Bits of an absent entry that must have one value, beside those that `present` tests. */
  absentFixed: z.array(z.strictObject({ bits, means: z.string(), ...fact })).default([]),
  /** Bits whose change needs no TLB flush, by layouts. */
  flushIgnores: z
    .array(
      z.strictObject({
        layouts: z.array(layoutName).min(1),
        bits: z.array(bits),
        means: z.string(),
        ...fact,
      }),
    )
    .default([]),
  /** Fields that Linux could keep elsewhere, or do without, and then did. */
  movable: z
    .array(
      z.strictObject({
        layouts: z.array(layoutName).min(1),
        field: z.string(),
        means: z.string(),
        ...fact,
      }),
    )
    .default([]),
  /** Groups of entries that software folds: what a bit of each page means to them. */
  folding: z.strictObject({ since: version, means: z.string(), ...fact }).optional(),
});

/** What a proposal wants to keep. */
const PURPOSES = ["softDirty", "exclusive"] as const;

export const proposalSchema = z.strictObject({
  name: layoutName,
  title: z.string(),
  architecture: z.string(),
  purpose: z.enum(PURPOSES),
  sources: z.record(z.string(), z.string()),
  /** The layout that it was made for; it is held against every layout of the architecture. */
  base: layoutName,
  /** Bit of a present entry. */
  present: bit,
  /** Bit of an absent entry; left out where the layout has one for the purpose, or the proposal forgoes it. */
  absent: bit.optional(),
  /** A field of Linux that it takes over where the two are not used together. */
  shares: z.string().optional(),
  /** pte_mkdirty also sets it (soft-dirty). */
  dirtySetsSoftDirty: z.boolean().optional(),
  ...fact,
});

export type BitBook = z.infer<typeof bitBookSchema>;
export type BitBookInput = z.input<typeof bitBookSchema>;
export type Proposal = z.infer<typeof proposalSchema>;
export type ProposalInput = z.input<typeof proposalSchema>;
export type Place = (typeof PLACES)[number];
