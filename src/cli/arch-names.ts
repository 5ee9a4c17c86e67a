// What `mmulate arch` knows by name: architectures, Linux layouts, rows of bit books, proposals.

import { COSTS } from "../../arch/costs/index.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { BIT_BOOKS } from "../../arch/linux/bit-books.js";
import type { Proposal } from "../../arch/linux/bits-schema.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { KERNEL_LAYOUTS } from "../../arch/linux/kernels.js";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import type { FormatSheet } from "../entry-bits.js";
import { MmulateError } from "../errors.js";
import { isOlder } from "../layout/budget.js";
import { type BitSource, formatsOf } from "../layout/entry-format.js";
import {
  type LinuxBits,
  linuxBitsOf,
  linuxBitsOfBook,
  withEnds,
  withProposal,
} from "../layout/linux-bits.js";
import { hintFor } from "../layout/nearest.js";
import { proposedLayout } from "../layout/proposed-layout.js";
import type { NamedLayout } from "../report/arch-text.js";

const EMPTY = { hardware: [], kernels: [], absentFixed: [], flushIgnores: [], movable: [] };

/** Every architecture with a descriptor or a bit book. */
export function architectureNames(): string[] {
  return [...new Set([...ARCHITECTURES.keys(), ...BIT_BOOKS.keys()])];
}

/**
 * Descriptor and bit book of an architecture.
 * @throws MmulateError USAGE for an unknown name
 */
export function bitSourceOf(name: string): BitSource {
  const descriptor = ARCHITECTURES.get(name);
  const book = BIT_BOOKS.get(name);
  if (book !== undefined) return { book, descriptor };
  if (descriptor === undefined) throw unknown(name, architectureNames());
  return { book: bookOf(descriptor), descriptor };
}

/** A bit book that adds nothing to a descriptor. */
export function bookOf({ name, title, sources }: Descriptor): BitSource["book"] {
  return { architecture: name, title, sources, ...EMPTY };
}

function unknown(name: string, known: readonly string[]): MmulateError {
  const hint = hintFor(name, known);
  return new MmulateError(
    "USAGE",
    `there is no "${name}"${hint} (mmulate arch list tells what there is)`,
  );
}

/** Kernels of an architecture that differ in their entries, oldest first. */
export function kernelsOf(source: BitSource): LinuxBits[] {
  const { descriptor, book } = source;
  const whole = KERNEL_LAYOUTS.flatMap(({ architecture, layout, since }) => {
    const linux = LINUX_LAYOUTS.get(layout);
    if (architecture !== book.architecture || linux === undefined || descriptor === undefined)
      return [];
    return [linuxBitsOf(linux, descriptor, since)];
  });
  return withEnds(whole.length > 0 ? whole : linuxBitsOfBook(book));
}

/**
 * The kernels that `--kernel` names: of each architecture the newest that is not newer.
 * @throws MmulateError USAGE on what is no version, or older than all
 */
export function kernelsAt(source: BitSource, version: string | undefined): LinuxBits[] {
  const all = kernelsOf(source);
  if (version === undefined) return all;
  if (!/^\d+\.\d+$/.test(version)) {
    throw new MmulateError("USAGE", `--kernel ${version} is no version such as 6.12`);
  }
  const last = all.filter(({ since }) => !isOlder(version, since)).at(-1);
  if (last === undefined) {
    const first = all[0]?.since ?? "no version";
    throw new MmulateError(
      "USAGE",
      `--kernel ${version}: ${source.book.architecture} is known from ${first} on`,
    );
  }
  return [last];
}

/** Something with a name, its picture, and the data it is made of. */
export interface Found {
  readonly sheet: FormatSheet;
  readonly data: unknown;
  readonly source: BitSource;
  readonly linux?: LinuxBits;
  readonly proposal?: Proposal;
  /** A user's Linux layout, and the one that ships from which it was made. */
  readonly own?: { readonly layout: LinuxLayout; readonly base: LinuxLayout };
}

/**
 * Whatever has the name.
 * @throws MmulateError USAGE when nothing has
 */
export function findLayout(name: string): Found {
  if (architectureNames().includes(name)) {
    const source = bitSourceOf(name);
    return { source, sheet: formatsOf(source), data: source.descriptor ?? source.book };
  }
  const proposal = PROPOSALS.get(name);
  if (proposal !== undefined) return foundProposal(proposal);
  for (const source of architectureNames().map(bitSourceOf)) {
    const linux = kernelsOf(source).find((each) => each.name === name);
    if (linux === undefined) continue;
    const row = source.book.kernels.find((each) => each.name === name);
    return { source, linux, sheet: formatsOf(source, linux), data: LINUX_LAYOUTS.get(name) ?? row };
  }
  throw unknown(
    name,
    [...namedLayouts(), ...namedProfiles()].map((each) => each.name),
  );
}

function foundProposal(proposal: Proposal): Found {
  const source = bitSourceOf(proposal.architecture);
  const base = kernelsOf(source).find(({ name }) => name === proposal.base);
  if (base === undefined)
    throw unknown(
      proposal.base,
      kernelsOf(source).map(({ name }) => name),
    );
  const linux = withProposal(base, proposal);
  const whole = LINUX_LAYOUTS.get(base.name);
  const data = whole === undefined ? proposal : proposedLayout(proposal, whole);
  return { source, linux, proposal, sheet: formatsOf(source, linux), data };
}

/** All there is, in the order of `arch list`. */
export function namedLayouts(): NamedLayout[] {
  const sources = architectureNames().map(bitSourceOf);
  const kernels = new Map(sources.flatMap(kernelsOf).map((linux) => [linux.name, linux]));
  return [
    ...sources.map(({ book, descriptor }): NamedLayout => {
      const kind = descriptor === undefined ? "bits only" : "architecture";
      return { name: book.architecture, kind, title: (descriptor ?? book).title };
    }),
    ...[...kernels.values()].map(
      ({ name, title }): NamedLayout => ({ name, kind: "Linux layout", title }),
    ),
    ...[...PROPOSALS.values()].map(
      ({ name, title, architecture }): NamedLayout => ({
        name,
        kind: "proposal",
        title: `${title} (${architecture})`,
      }),
    ),
  ];
}

/** CPU and cost profiles, in the order of `arch list`. */
export function namedProfiles(): NamedLayout[] {
  const rows = (
    kind: "CPU profile" | "cost profile",
    profiles: ReadonlyMap<string, { readonly name: string; readonly title: string }>,
  ): NamedLayout[] => [...profiles.values()].map(({ name, title }) => ({ name, kind, title }));
  return [...rows("CPU profile", CPUS), ...rows("cost profile", COSTS)];
}
