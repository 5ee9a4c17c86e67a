// The form of a Linux layout: what Linux keeps in the bits of a page-table entry, over the fields that the
// hardware's descriptor already names. Data only: a user's YAML or JSON file passes the same schema.
//
//   test     { D: 1 }              the fields of the entry that must have these values
//   rule     { when: test, to: { D: 0, SAVED_DIRTY: 1 } }    where `when` holds, the fields become this
//
// A flag ("dirty") is what the kernel's helpers ask (pte_dirty); its `set` and `clear` rules are what they do
// (pte_mkdirty, pte_mkclean), one after the other. So a proposal that keeps a flag elsewhere is another
// file of this form, and no code.

import { z } from "zod";
import { citeSchema, confidenceSchema } from "../schema.js";

const fact = { cite: citeSchema, confidence: confidenceSchema.optional() };
const fieldName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, "a name of letters, digits and _");
const bit = z.int().min(0).max(63);
const fieldValues = z.record(fieldName, z.int().min(0));
/** Values of a descriptor's parameters. */
const mode = z.record(fieldName, z.union([z.boolean(), z.int()]));
/** Conditions on the hardware's parameters, as in a descriptor. */
const conditions = z.array(z.string().min(1));
const rule = z.strictObject({ when: fieldValues.optional(), to: fieldValues });
/** What one helper does is at most so many rules (assembly/abi/entry.ts). */
const rules = z.array(rule).max(2);

/** What the kernel asks of a present entry. */
export const PRESENT_FLAGS = [
  "write",
  "dirty",
  "young",
  "softDirty",
  "uffdWp",
  "special",
  "protnone",
  "contiguous",
  "exclusive",
] as const;

/** What it asks of a swap, migration or marker entry. */
export const ABSENT_FLAGS = ["softDirty", "uffdWp", "exclusive"] as const;

const flag = z.strictObject({
  /** The flag holds where one of these fits. */
  tests: z.array(fieldValues).min(1).max(2),
  set: rules.default([]),
  clear: rules.default([]),
  ...fact,
});

export const PROTECTIONS = ["none", "r", "rw", "rx", "rwx"] as const;

/** When reclaim waits with flushes: always, or (left out, too) where others than this CPU may hold translations. */
const defers = z.enum(["always", "others"]).optional();

/** How CPUs that may hold translations of an address space are told of a flush. */
const shootdown = z.discriminatedUnion("by", [
  /** The instructions reach every CPU. */
  z.strictObject({ by: z.literal("broadcast"), defers, ...fact }),
  z.strictObject({
    by: z.literal("ipi"),
    /**
     * A CPU counts as one that may hold some: "running" while it runs the address space, and a CPU that does not is
     * not told, and catches up when it does so again; "ever" once it ran it.
     */
    cpus: z.enum(["running", "ever"]),
    /** Address spaces whose translations a CPU keeps beside each other; left out = all. */
    contexts: z.int().min(1).optional(),
    defers,
    ...fact,
  }),
]);

export const linuxLayoutSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  title: z.string(),
  /** Name of the hardware's descriptor. */
  architecture: z.string(),
  sources: z.record(z.string(), z.string()),
  /** Bits that the hardware leaves to software, or that change their meaning in an absent entry. */
  fields: z.array(
    z.strictObject({
      name: fieldName,
      bits: z.tuple([bit, bit]),
      of: z.enum(["present", "absent"]),
      /** Left out: always. A flag whose field is not there is not there either. */
      when: conditions.optional(),
      means: z.string(),
      ...fact,
    }),
  ),
  /** Bits that do not make an entry "not none". */
  noneIgnores: z.strictObject({ fields: z.array(fieldName), ...fact }),
  /** pte_present: one of these fits. */
  present: z.strictObject({ tests: z.array(fieldValues).min(1).max(2), ...fact }),
  /** The address field is stored inverted where this does not fit and the entry is not none. */
  inverted: z.strictObject({ unless: fieldValues, ...fact }).optional(),
  flags: z.partialRecord(z.enum(PRESENT_FLAGS), flag),
  /**
   * Where a read-only entry keeps its dirtiness, if not where the CPU sets it; left out = there is but one place.
   */
  heldDirty: z.strictObject({ fields: fieldValues, ...fact }).optional(),
  /** A bit of present entries that is free, for a flag of one's own; left out = none is known to be. */
  spare: z.strictObject({ bits: z.tuple([bit, bit]), ...fact }).optional(),
  /** pte_mkdirty also sets soft-dirty. */
  dirtySetsSoftDirty: z.strictObject({ value: z.boolean(), ...fact }),
  /** Fields of every user leaf, by level from the leaf; the last row serves all above. */
  leaf: z.array(z.strictObject({ fields: fieldValues, ...fact })).min(1),
  /** Fields of a table entry. */
  table: z.strictObject({ fields: fieldValues, ...fact }),
  /** pte_modify: rules that give a leaf a protection and keep the rest. */
  protections: z.record(
    z.enum(PROTECTIONS),
    z.strictObject({ rules: z.array(rule).min(1).max(4), ...fact }),
  ),
  /**
   * Instructions (of the descriptor's `invalidations`) by which Linux drops a page of a context, and a context, on
   * every CPU; and a page on its own CPU.
   */
  flush: z.strictObject({ page: z.string(), space: z.string(), own: z.string(), ...fact }),
  /**
   * Most pages of a range that are dropped one by one; more, and the context goes. "table": fewer than a table has
   * entries.
   */
  flushCeiling: z.strictObject({ pages: z.union([z.int().min(1), z.literal("table")]), ...fact }),
  /**
   * By what CPUs with operations on ranges drop one (an instruction of the descriptor's `invalidations`), and the most
   * pages that they do so with; left out = there is none.
   */
  flushRange: z.strictObject({ range: z.string(), pages: z.int().min(1), ...fact }).optional(),
  shootdown,
  /** Parameters of the hardware under a kernel of a page size. */
  pageSizes: z.array(z.strictObject({ bytes: z.int(), mode, ...fact })).min(1),
  /** Parameters of a CPU that leaves accessed and dirty to software; left out = there is none. */
  softwareAccess: z.strictObject({ mode, ...fact }).optional(),
  /**
   * Parameters of the hardware under a kernel that has soft-dirty by this layout and yet does without it; left out =
   * it was configured so, which says nothing of the hardware.
   */
  withoutSoftDirty: z.strictObject({ mode, ...fact }).optional(),
  absent: z.strictObject({
    type: fieldName,
    offset: fieldName,
    offsetInverted: z.boolean(),
    flags: z.partialRecord(z.enum(ABSENT_FLAGS), flag),
    ...fact,
  }),
});

/** What Linux keeps in an architecture's entries, as data. */
export type LinuxLayout = z.infer<typeof linuxLayoutSchema>;
export type LinuxLayoutInput = z.input<typeof linuxLayoutSchema>;
export type PresentFlag = (typeof PRESENT_FLAGS)[number];
export type AbsentFlag = (typeof ABSENT_FLAGS)[number];
export type Protection = (typeof PROTECTIONS)[number];
