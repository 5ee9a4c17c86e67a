// Proposals: bits that somebody wants, by name.

import { freeze } from "../define.js";
import { type Proposal, proposalSchema } from "./bits-schema.js";
import { arm64SoftDirty } from "./proposals/arm64-soft-dirty.js";
import { ownBitExclusive } from "./proposals/own-bit-exclusive.js";

/** Every proposal that mmulate ships, by name. */
export const PROPOSALS: ReadonlyMap<string, Proposal> = new Map(
  [...arm64SoftDirty, ...ownBitExclusive].map((input) => {
    const proposal = freeze(proposalSchema.parse(input));
    return [proposal.name, proposal];
  }),
);
