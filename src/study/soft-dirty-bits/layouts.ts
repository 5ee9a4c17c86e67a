// Layouts that have a soft-dirty bit: proposals, a table beside the page table, and for comparison those that ship.

import { ARCHITECTURES } from "../../../arch/index.js";
import { BIT_BOOKS } from "../../../arch/linux/bit-books.js";
import type { Proposal } from "../../../arch/linux/bits-schema.js";
import { defineLinuxLayout, LINUX_LAYOUTS } from "../../../arch/linux/index.js";
import { KERNEL_LAYOUTS, KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { PROPOSALS } from "../../../arch/linux/proposals.js";
import type { LinuxLayout } from "../../../arch/linux/schema.js";
import { MmulateError } from "../../errors.js";
import { layoutOf } from "../../kernel/features.js";
import { checkProposal } from "../../layout/collisions.js";
import { linuxBitsOf } from "../../layout/linux-bits.js";
import { proposedLayout } from "../../layout/proposed-layout.js";

/** A layout that can be run. */
export interface Candidate {
  readonly arch: string;
  /** The newest kernel of the layout it builds on. */
  readonly kernel: string;
  /** Its layout; left out: that kernel's own. */
  readonly layout?: () => LinuxLayout;
  readonly proposal?: Proposal;
  /** The bits stand beside the page table, a bit for each entry. */
  readonly beside?: true;
}

const SUFFIX = "-beside";
const softDirty = [...PROPOSALS.values()].filter(({ purpose }) => purpose === "softDirty");

/** The newest version whose layout of an architecture has a name. */
function kernelOf(arch: string, layout: string): string {
  const versions = KERNEL_VERSIONS.filter((version) => {
    const known = KERNEL_LAYOUTS.some((row) => row.architecture === arch);
    try {
      return known && layoutOf(version, arch) === layout;
    } catch (error) {
      if (error instanceof MmulateError) return false;
      throw error;
    }
  });
  return versions.at(-1) ?? KERNEL_VERSIONS.at(-1) ?? "";
}

function proposed(proposal: Proposal, name = proposal.name): Candidate {
  const base = LINUX_LAYOUTS.get(proposal.base);
  if (base === undefined) throw new MmulateError("INTERNAL", `no layout ${proposal.base}`);
  const layout = (): LinuxLayout => defineLinuxLayout({ ...proposedLayout(proposal, base), name });
  const { architecture: arch } = proposal;
  return { arch, kernel: kernelOf(arch, proposal.base), layout, proposal };
}

/** Where the first proposal of an architecture would put it, kept beside: no entry's bit is taken, none in swap. */
function beside(arch: string): [string, Candidate][] {
  const first = softDirty.find(({ architecture }) => architecture === arch);
  if (first === undefined) return [];
  const name = `${arch}${SUFFIX}`;
  const { proposal: _, ...candidate } = proposed(first, name);
  return [[name, { ...candidate, beside: true }]];
}

/** What kernels have by themselves. */
function shipped(arch: string): [string, Candidate][] {
  const kernel = KERNEL_VERSIONS.at(-1) ?? "";
  const name = layoutOf(kernel, arch);
  const has = LINUX_LAYOUTS.get(name)?.flags.softDirty !== undefined;
  return has ? [[name, { arch, kernel }]] : [];
}

/** Candidates by name. */
export const CANDIDATES: ReadonlyMap<string, Candidate> = new Map([
  ...softDirty.map((each): [string, Candidate] => [each.name, proposed(each)]),
  ...[...ARCHITECTURES.keys()].flatMap(beside),
  ...[...ARCHITECTURES.keys()].flatMap(shipped),
]);

/** What a proposal collides with, under each kernel. */
export function collisionsOf({
  proposal,
  arch,
}: Candidate): ReturnType<typeof checkProposal>["kernels"] {
  const descriptor = ARCHITECTURES.get(arch);
  const book = BIT_BOOKS.get(arch);
  if (proposal === undefined || descriptor === undefined || book === undefined) return [];
  const kernels = KERNEL_LAYOUTS.flatMap(({ architecture, layout, since }) => {
    const linux = LINUX_LAYOUTS.get(layout);
    return architecture !== arch || linux === undefined
      ? []
      : [linuxBitsOf(linux, descriptor, since)];
  });
  return checkProposal(proposal, { book, descriptor }, kernels).kernels;
}
