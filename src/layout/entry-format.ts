// Forms of an architecture's entries, every bit with who claims it: from the descriptor, its compiled layout and
// the bit book; with a kernel's claims on top.

import type { BitBook, Place } from "../../arch/linux/bits-schema.js";
import type { Descriptor } from "../../arch/schema.js";
import type { BitClaim, EntryFormat, FormatSheet } from "../entry-bits.js";
import { maskOf } from "./bits.js";
import { compileLayout, environmentOf } from "./compile.js";
import type { CompiledLevel } from "./compiled.js";
import { partial } from "./condition.js";
import { fieldsOf } from "./fields.js";
import { keptIn, type LinuxBits } from "./linux-bits.js";

/** An architecture: its bit book, and its descriptor where there is one. */
export interface BitSource {
  readonly book: BitBook;
  readonly descriptor?: Descriptor | undefined;
}

/** Runs of set bits, highest first. */
function runsOf(mask: bigint): [number, number][] {
  const runs: [number, number][] = [];
  for (let bit = 63; bit >= 0; bit--) {
    if (((mask >> BigInt(bit)) & 1n) === 0n) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[1] === bit + 1) last[1] = bit;
    else runs.push([bit, bit]);
  }
  return runs;
}

const LEVEL_OF: Record<Place, number> = { leaf: 0, huge: 1, table: 1 };

/** What the CPU makes of the bits of an entry. */
export function hardwareClaims({ book, descriptor }: BitSource, place: Place): BitClaim[] {
  const rows = book.hardware
    .filter(({ of }) => of.includes(place))
    .map(({ of: _, ...row }): BitClaim => ({ ...row, by: "hardware" }));
  if (descriptor === undefined) return sorted(rows);
  const described = descriptorClaims(descriptor, place);
  const names = new Set(described.map(({ name }) => name));
  const kept = rows.filter((row) => names.has(row.name) || isNews(row, described));
  const said = described.filter((claim) => !kept.some((row) => isSame(row, claim)));
  return sorted([...kept, ...said]);
}

/** One name for bits that overlap; "reserved" and "address" are the names of several places. */
function isSame(a: BitClaim, b: BitClaim): boolean {
  return a.name === b.name && (maskOf(...a.bits) & maskOf(...b.bits)) !== 0n;
}

/** A row of a book that says what the descriptor does not: what else it says of these bits, it says better. */
function isNews({ kind, bits }: BitClaim, described: readonly BitClaim[]): boolean {
  if (kind === "ignored" || kind === "feature") return true;
  return described.every((claim) => (maskOf(...claim.bits) & maskOf(...bits)) === 0n);
}

function sorted(claims: readonly BitClaim[]): BitClaim[] {
  return claims.toSorted((a, b) => b.bits[0] - a.bits[0] || b.bits[1] - a.bits[1]);
}

/** Fields, address and reserved bits of a usual system. */
function descriptorClaims(descriptor: Descriptor, place: Place): BitClaim[] {
  const layout = compileLayout(descriptor, descriptor.typical.values);
  const [half] = descriptor.addressSpace.halves;
  const environment = environmentOf(descriptor, layout.mode, half);
  const number = LEVEL_OF[place];
  const level = layout.halves[0].levels[number];
  if (level === undefined) return [];
  const fields = fieldsOf(descriptor, number, place === "table" ? "table" : "leaf")
    .filter((field) => partial(field.when, environment) !== null)
    .map(
      ({ name, bits, means, cite, confidence }): BitClaim => ({
        bits,
        name,
        by: "hardware",
        kind: "field",
        means,
        cite,
        confidence,
      }),
    );
  const fieldBits = maskOfAll(fields);
  const address = addressClaims(descriptor, level, place, fieldBits);
  const taken = fieldBits | maskOfAll(address);
  return [...fields, ...address, ...reservedClaims(descriptor, level, place, taken)];
}

function maskOfAll(claims: readonly BitClaim[]): bigint {
  return claims.reduce((mask, { bits }) => mask | maskOf(...bits), 0n);
}

/**
 * Address bits as far as they are none of a field: PAT stands in the lowest of a large page's, and what says how large
 * a group is in the lowest of a page number.
 */
function addressClaims(
  descriptor: Descriptor,
  level: CompiledLevel,
  place: Place,
  fields: bigint,
): BitClaim[] {
  const mask = place === "table" ? level.tableAddress : level.leafAddress;
  const row = descriptor.address.find(({ bits }) => (maskOf(...bits) & mask) !== 0n);
  return runsOf((mask | level.highAddress) & ~fields).map((bits) => ({
    bits,
    name: "address",
    by: "hardware",
    kind: "address",
    means: place === "table" ? "address of the next table" : "address of the page",
    cite: row?.cite ?? descriptor.name,
    confidence: row?.confidence,
  }));
}

function reservedClaims(
  descriptor: Descriptor,
  level: CompiledLevel,
  place: Place,
  taken: bigint,
): BitClaim[] {
  const mask = (place === "table" ? level.tableReserved : level.leafReserved) & ~taken;
  return runsOf(mask).map((bits) => {
    const row = descriptor.reserved.find(({ levels }) => levels?.includes(level.level));
    return {
      bits,
      name: "reserved",
      by: "hardware",
      kind: "reserved",
      means: "must be zero",
      cite: row?.cite ?? descriptor.name,
      confidence: row?.confidence,
    };
  });
}

/** Claims on an absent entry: Linux's, and bits that must have one value. */
export function absentClaims({ book }: BitSource, linux: LinuxBits): BitClaim[] {
  const fixed = book.absentFixed.map(
    ({ bits, means, cite, confidence }): BitClaim => ({
      bits,
      name: "0",
      by: "linux",
      kind: "fixed",
      means,
      cite,
      confidence,
    }),
  );
  return sorted([...linux.absent, ...fixed]);
}

function titleOf(place: Place, { descriptor }: BitSource): string {
  const name = descriptor?.levelNames[LEVEL_OF[place]];
  const what = { leaf: "a page", huge: "a huge page", table: "a table" }[place];
  return name === undefined ? `entry of ${what}` : `${name}, entry of ${what}`;
}

/** All forms of an architecture, with a kernel's use where one is given. */
export function formatsOf(source: BitSource, linux?: LinuxBits): FormatSheet {
  const places: Place[] = ["leaf", "huge", "table"];
  const formats = places
    .map((place): EntryFormat => {
      const kept = place === "table" || linux === undefined ? [] : keptIn(linux, place);
      const hardware = hardwareClaims(source, place).map((claim) => withRole(claim, linux));
      return { place, title: titleOf(place, source), claims: [...hardware, ...sorted(kept)] };
    })
    .filter(({ claims }) => claims.some(({ by }) => by === "hardware"));
  if (linux !== undefined) {
    const claims = absentClaims(source, linux);
    formats.push({ place: "absent", title: "swap, migration or marker entry", claims });
  }
  const { title, sources } = source.descriptor ?? source.book;
  return {
    name: linux?.name ?? source.book.architecture,
    title: linux?.title ?? title,
    sources: { ...sources, ...source.book.sources },
    formats,
  };
}

/** A field of the CPU with what Linux calls it. */
function withRole(claim: BitClaim, linux: LinuxBits | undefined): BitClaim {
  const roles = linux?.roles.get(claim.name);
  if (roles === undefined || claim.kind !== "field") return claim;
  return { ...claim, means: `${claim.means}; Linux: ${roles.join(", ")}` };
}
