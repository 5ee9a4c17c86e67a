// A proposal as a whole Linux layout, which the kernel model can run: the layout it builds on, with its fields.

import type { Proposal } from "../../arch/linux/bits-schema.js";
import type { LinuxLayoutInput } from "../../arch/linux/schema.js";
import { MmulateError } from "../errors.js";

const FIELD_NAMES: Record<Proposal["purpose"], string> = {
  softDirty: "SOFT_DIRTY",
  exclusive: "EXCLUSIVE",
};

/** A flag that is one bit of its own. */
function flagIn(field: string, { cite, confidence }: Proposal) {
  const [on, off] = [{ [field]: 1 }, { [field]: 0 }];
  return { tests: [on], set: [{ to: on }], clear: [{ to: off }], cite, confidence };
}

/**
 * The layout that a kernel with the proposal has. It is not checked whether the bits are free (`checkProposal`).
 * @param base the layout it is put on
 * @throws MmulateError CONFIG where that is of another architecture
 */
export function proposedLayout(proposal: Proposal, base: LinuxLayoutInput): LinuxLayoutInput {
  const { name, title, architecture, purpose, present, absent, cite, confidence } = proposal;
  if (base.architecture !== architecture) {
    throw new MmulateError(
      "CONFIG",
      `${name} is for ${architecture}, ${base.name} for ${base.architecture}`,
    );
  }
  const field = FIELD_NAMES[purpose];
  const inSwap = `SWP_${field}`;
  const fact = { means: title, cite, confidence };
  const fields = [
    ...base.fields,
    { name: field, bits: [present, present] as [number, number], of: "present" as const, ...fact },
  ];
  if (absent !== undefined) {
    fields.push({ name: inSwap, bits: [absent, absent], of: "absent", ...fact });
  }
  const swap = absent === undefined ? {} : { [purpose]: flagIn(inSwap, proposal) };
  return {
    ...base,
    name,
    title: `${title}, on ${base.title}`,
    sources: { ...base.sources, ...proposal.sources },
    fields,
    flags: { ...base.flags, [purpose]: flagIn(field, proposal) },
    absent: { ...base.absent, flags: { ...base.absent.flags, ...swap } },
    dirtySetsSoftDirty:
      proposal.dirtySetsSoftDirty === undefined
        ? base.dirtySetsSoftDirty
        : { value: proposal.dirtySetsSoftDirty, cite, confidence },
  };
}
