// What Linux keeps in entries, as claims on bits: from a whole layout (arch/linux/NAME.ts), or from the rows of a
// bit book where there is none.

import type { BitBook, Proposal } from "../../arch/linux/bits-schema.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import type { BitClaim } from "../entry-bits.js";

type Bits = readonly [number, number];
type Fact = { readonly cite: string; readonly confidence?: BitClaim["confidence"] };

/** Bits that a rule touches, with where it stands. */
export interface TouchedBits extends Fact {
  readonly name: string;
  readonly bits: Bits;
}

/** One kernel's use of an architecture's entries, as far as bits go. */
export interface LinuxBits {
  readonly name: string;
  readonly title: string;
  readonly architecture: string;
  /** First Linux version, and the first that has another layout. */
  readonly since: string;
  readonly until?: string | undefined;
  readonly present: readonly BitClaim[];
  /** Fields of a swap, migration or marker entry, and the bits by which it does not read as present. */
  readonly absent: readonly BitClaim[];
  /** Bits that make a PROT_NONE entry, and bits that a change of protection overwrites. */
  readonly protnone: readonly TouchedBits[];
  readonly modified: readonly TouchedBits[];
  /** What Linux calls a field of the CPU: "DBM" -> "write". */
  readonly roles: ReadonlyMap<string, readonly string[]>;
  /** Bits of a swap offset; undefined where there is none. */
  readonly offset: Bits | undefined;
  /** Where the layout has a bit for this in absent entries: what says so. */
  readonly inSwap: { readonly softDirty?: Fact | undefined; readonly exclusive?: Fact | undefined };
  /** Entries may be members of contiguous groups. */
  readonly contiguous: boolean;
}

type LinuxField = LinuxLayout["fields"][number] &
  Pick<BitClaim, "under" | "places"> & { readonly when?: readonly string[] | undefined };

function claimOf({
  name,
  bits,
  means,
  cite,
  confidence,
  when,
  places,
  ...field
}: LinuxField): BitClaim {
  const kind = /=[01]$/.test(name) ? "fixed" : "field";
  const under = field.under ?? when?.join(" and ");
  return { bits, name, by: "linux", kind, places, under, means, cite, confidence };
}

/**
 * The bits of a whole layout.
 * @param since first Linux version that has it
 */
export function linuxBitsOf(linux: LinuxLayout, descriptor: Descriptor, since: string): LinuxBits {
  const bitsOf = (name: string): Bits | undefined =>
    [...linux.fields, ...descriptor.fields].find((field) => field.name === name)?.bits;
  const touched = (fields: object, fact: Fact): TouchedBits[] =>
    Object.keys(fields).flatMap((name) => {
      const bits = bitsOf(name);
      return bits === undefined
        ? []
        : [{ name, bits, cite: fact.cite, confidence: fact.confidence }];
    });
  const { none, ...others } = linux.protections;
  const written = (protection: typeof none): TouchedBits[] =>
    protection.rules.flatMap(({ to }) => touched(to, protection));
  return {
    name: linux.name,
    title: linux.title,
    architecture: linux.architecture,
    since,
    present: linux.fields.filter(({ of }) => of === "present").map(claimOf),
    absent: [
      ...linux.fields.filter(({ of }) => of === "absent").map(claimOf),
      ...presentMarks(linux, bitsOf),
    ],
    protnone: linux.present.tests.flatMap((test) => touched(test, linux.protections.none)),
    modified: [...written(none), ...Object.values(others).flatMap(written)],
    roles: rolesOf(linux),
    offset: bitsOf(linux.absent.offset),
    inSwap: linux.absent.flags,
    contiguous: linux.flags.contiguous !== undefined,
  };
}

/** Bits that must be clear in an absent entry, because pte_present would take it for present. */
function presentMarks(
  { present }: LinuxLayout,
  bitsOf: (name: string) => Bits | undefined,
): BitClaim[] {
  const names = present.tests.flatMap((test) =>
    Object.entries(test).flatMap(([name, value]) => (value === 0 ? [] : [name])),
  );
  return [...new Set(names)].flatMap((name) => {
    const bits = bitsOf(name);
    if (bits === undefined) return [];
    const means = "else the entry reads as present";
    const { cite, confidence } = present;
    return [{ bits, name: `${name}=0`, by: "linux", kind: "fixed", means, cite, confidence }];
  });
}

/** Claims of a kernel on one form of present entries. */
export function keptIn({ present }: LinuxBits, place: "leaf" | "huge"): BitClaim[] {
  return present.filter(({ places }) => places === undefined || places.includes(place));
}

/** Which flags ask for which fields. */
function rolesOf({ flags }: LinuxLayout): Map<string, string[]> {
  const roles = new Map<string, string[]>();
  for (const [flag, { tests }] of Object.entries(flags)) {
    for (const name of new Set(tests.flatMap((test) => Object.keys(test)))) {
      roles.set(name, [...(roles.get(name) ?? []), flag]);
    }
  }
  return roles;
}

/** The bits of a kernel of which a book has rows only. */
export function linuxBitsOfBook(book: BitBook): LinuxBits[] {
  return book.kernels.map(({ name, title, since, fields, protnone }) => {
    const named = (field: string) => fields.find((each) => each.name === field);
    return {
      name,
      title,
      architecture: book.architecture,
      since,
      present: fields.filter(({ of }) => of === "present").map(claimOf),
      absent: fields.filter(({ of }) => of === "absent").map(claimOf),
      protnone: fields
        .filter((field) => protnone?.fields.includes(field.name))
        .map((field) => ({ ...field, cite: protnone?.cite ?? field.cite })),
      modified: [],
      roles: new Map(),
      offset: named("SWP_OFFSET")?.bits,
      inSwap: { softDirty: named("SWP_SOFT_DIRTY"), exclusive: named("SWP_EXCLUSIVE") },
      contiguous: false,
    };
  });
}

/** A kernel with the bits that a proposal adds. */
export function withProposal(linux: LinuxBits, proposal: Proposal): LinuxBits {
  const { name, title, purpose, present, absent, cite, confidence } = proposal;
  const field = purpose === "softDirty" ? "SOFT_DIRTY" : "EXCLUSIVE";
  const claim = (bit: number, called: string): BitClaim => ({
    bits: [bit, bit],
    name: called,
    by: "linux",
    kind: "field",
    means: title,
    cite,
    confidence,
  });
  return {
    ...linux,
    name,
    title: `${title}, on ${linux.title}`,
    present: [...linux.present, claim(present, field)],
    absent: absent === undefined ? linux.absent : [...linux.absent, claim(absent, `SWP_${field}`)],
  };
}

/** Kernels in a row, each with where the next begins. */
export function withEnds(kernels: readonly LinuxBits[]): LinuxBits[] {
  return kernels.map((linux, i) => ({ ...linux, until: kernels[i + 1]?.since }));
}
