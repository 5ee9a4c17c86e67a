// Kernels by the names of the recordings that were made of them: version and switches in one word.

import { z } from "zod";
import { freeze } from "../define.js";

const tagSchema = z.strictObject({
  architecture: z.string(),
  version: z.string(),
  /** Switches that differ from those of a kernel named by its version. */
  settings: z.record(z.string(), z.string()),
});

const MIDDLE = { mthp: "64k" };
const WITHOUT_SOFT_DIRTY = { softDirty: "false" };

const TAGS = {
  "arm64-6.12": { architecture: "arm64", version: "6.12", settings: WITHOUT_SOFT_DIRTY },
  "arm64-6.12-mthp64k": {
    architecture: "arm64",
    version: "6.12",
    settings: { ...WITHOUT_SOFT_DIRTY, ...MIDDLE },
  },
  "arm64-6.12-nohw": {
    architecture: "arm64",
    version: "6.12",
    settings: { ...WITHOUT_SOFT_DIRTY, hwDirty: "false" },
  },
  "arm64-7.2": { architecture: "arm64", version: "7.2", settings: WITHOUT_SOFT_DIRTY },
  "x86_64-6.1": { architecture: "x86-64", version: "6.1", settings: {} },
  "x86_64-6.12": { architecture: "x86-64", version: "6.12", settings: {} },
  "x86_64-6.12-mthp64k": { architecture: "x86-64", version: "6.12", settings: MIDDLE },
  "x86_64-6.18": {
    architecture: "x86-64",
    version: "6.18",
    settings: { ...WITHOUT_SOFT_DIRTY, swap: "false" },
  },
  "x86_64-7.2": { architecture: "x86-64", version: "7.2", settings: {} },
  "x86_64-7.2-mthp64k": { architecture: "x86-64", version: "7.2", settings: MIDDLE },
} as const satisfies Record<string, z.input<typeof tagSchema>>;

export type KernelTag = z.infer<typeof tagSchema>;

/** The recorded kernels, by tag. */
export const KERNEL_TAGS: ReadonlyMap<string, KernelTag> = new Map(
  Object.entries(TAGS).map(([name, tag]) => [name, freeze(tagSchema.parse(tag))]),
);
