// What an entry that maps nothing may stand for: types of the swap space that are no swap device
// (include/linux/swap.h, swapops.h; 7.0: leafops.h). The lowest numbers are swap devices.

import { z } from "zod";
import { freeze } from "../define.js";
import { citeSchema } from "../schema.js";

const typeSchema = z.strictObject({
  type: z.int().min(0).max(31),
  means: z.string(),
  cite: citeSchema,
  confidence: z.enum(["manual", "knowledge"]),
});

/** Types, counted from the top: marker 1, device 4, migration 3, hwpoison 1, below them swap devices. */
const TYPES = {
  migrationRead: {
    type: 24,
    means: "page in migration; it was neither writable nor exclusive",
    cite: "LINUX 7.0 include/linux/swap.h: SWP_MIGRATION_READ",
    confidence: "manual",
  },
  migrationReadExclusive: {
    type: 25,
    means: "page in migration; it was exclusive, but not writable",
    cite: "LINUX 7.0 include/linux/swap.h: SWP_MIGRATION_READ_EXCLUSIVE",
    confidence: "manual",
  },
  migrationWrite: {
    type: 26,
    means: "page in migration; it was writable",
    cite: "LINUX 7.0 include/linux/swap.h: SWP_MIGRATION_WRITE",
    confidence: "manual",
  },
  marker: {
    type: 31,
    means: "no page: what is known of its place stands in the offset",
    cite: "LINUX 7.0 include/linux/swap.h: SWP_PTE_MARKER",
    confidence: "manual",
  },
} as const satisfies Record<string, z.input<typeof typeSchema>>;

const markerSchema = z.strictObject({
  bit: z.int().min(0).max(31),
  means: z.string(),
  cite: citeSchema,
});

/** Bits of a marker's offset. */
const MARKERS = {
  uffdWp: {
    bit: 0,
    means: "write-protected for userfaultfd",
    cite: "LINUX 7.0 include/linux/leafops.h: PTE_MARKER_UFFD_WP",
  },
  poisoned: {
    bit: 1,
    means: "any access ends in SIGBUS",
    cite: "LINUX 7.0 include/linux/leafops.h: PTE_MARKER_POISONED",
  },
  guard: {
    bit: 2,
    means: "any access ends in SIGSEGV",
    cite: "LINUX 7.0 include/linux/leafops.h: PTE_MARKER_GUARD (from 6.13 on)",
  },
} as const satisfies Record<string, z.input<typeof markerSchema>>;

/** Types of absent entries that are no swap, by name. */
export const SOFTLEAF_TYPES = freeze(z.record(z.string(), typeSchema).parse(TYPES)) as Readonly<
  Record<keyof typeof TYPES, z.infer<typeof typeSchema>>
>;

/** What a marker says, by name. */
export const PTE_MARKERS = freeze(z.record(z.string(), markerSchema).parse(MARKERS)) as Readonly<
  Record<keyof typeof MARKERS, z.infer<typeof markerSchema>>
>;
