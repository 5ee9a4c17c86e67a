// The rules by which a bit for software is judged, one function each: what Linux and the CPU would make of it.

import type { BitClaim, Finding } from "../entry-bits.js";
import { claimsAt, hardwareState, isOlder } from "./budget.js";
import { absentClaims, type BitSource, hardwareClaims } from "./entry-format.js";
import { keptIn, type LinuxBits, type TouchedBits } from "./linux-bits.js";
import type { Wish } from "./wishes.js";

/** Everything a rule looks at. */
export interface Case {
  readonly wish: Wish;
  readonly source: BitSource;
  readonly linux: LinuxBits;
}

/** Owner of a bit that nobody claims, but nobody has left to software either. */
export const NOBODY = "nobody";

const PURPOSE_WORDS = { softDirty: "soft-dirty", exclusive: "PageAnonExclusive" } as const;

const factOf = ({ cite, confidence }: Pick<BitClaim, "cite" | "confidence">) => ({
  cite,
  confidence,
});

/** Fields of Linux in the same bit. */
export function softwareBit({ wish, linux }: Case): Finding[] {
  const rule = "software bit";
  const owners = claimsAt(keptIn(linux, "leaf"), wish.present);
  if (owners.length === 0) {
    const text = `no field of ${linux.title} is in bit ${wish.present}`;
    return [{ rule, verdict: "fine", text, ...factOf(wish) }];
  }
  return owners.map((owner) => {
    const shared = owner.name === wish.shares;
    const text = shared
      ? `bit ${wish.present} is ${owner.name}: a VMA has one of the two, not both`
      : `bit ${wish.present} is ${owner.name}: ${owner.means}`;
    return {
      rule,
      verdict: shared ? "cost" : "collides",
      owner: owner.name,
      text,
      ...factOf(owner),
    };
  });
}

/** What the CPU does with the bit in a last-level entry. */
export function hardwareBit({ wish, source, linux }: Case): Finding[] {
  const rule = "hardware";
  const claims = claimsAt(hardwareClaims(source, "leaf"), wish.present);
  return claims.map((claim): Finding => {
    const { name: owner, under } = claim;
    const where = `bit ${wish.present}`;
    if (claim.kind === "feature" && claim.otherwise === "ignored") {
      const off = isSwitchedOff(claim, linux);
      const text = `${where} is ${owner} (${under}): ${claim.means}${switchText(claim)}`;
      return { rule, verdict: off ? "fine" : "depends", owner, under, text, ...factOf(claim) };
    }
    if (claim.kind !== "ignored") {
      const text = `${where} is ${owner}: ${claim.means}`;
      return { rule, verdict: "collides", owner, under, text, ...factOf(claim) };
    }
    if (hardwareState([claim], linux.since) !== "unsettled") {
      return { rule, verdict: "fine", text: `${where}: ${claim.means}`, ...factOf(claim) };
    }
    const doubt = `bit ${wish.present} stays software's (said from ${claim.softwareSince} on)`;
    const text = `${where} is ignored today; before ${claim.softwareSince} nobody had said that it stays so`;
    return {
      rule,
      verdict: "depends",
      owner: NOBODY,
      under: doubt,
      text,
      ...factOf(claim),
    };
  });
}

/** A feature that only later kernels switch on. */
function isSwitchedOff({ switchedOn }: BitClaim, { until }: LinuxBits): boolean {
  if (switchedOn === undefined || switchedOn === "never" || until === undefined) return false;
  return !isOlder(switchedOn, until);
}

function switchText({ switchedOn }: BitClaim): string {
  if (switchedOn === undefined) return "";
  return switchedOn === "never"
    ? "; Linux does not switch it on"
    : `; Linux switches it on from ${switchedOn} on`;
}

/** The same bit in an entry of a huge page. */
export function hugePage({ wish, source, linux }: Case): Finding[] {
  const rule = "huge page";
  const claims = claimsAt(hardwareClaims(source, "huge"), wish.present);
  const state = hardwareState(claims, linux.since);
  const [kept] = claimsAt(keptIn(linux, "huge"), wish.present).filter(
    ({ places }) => places !== undefined,
  );
  if (kept !== undefined) {
    const text = `in an entry of a huge page bit ${wish.present} is ${kept.name}: ${kept.means}`;
    return [{ rule, verdict: "collides", owner: kept.name, text, ...factOf(kept) }];
  }
  const [claim] = claims;
  if (claim === undefined) return [];
  if (state !== "taken") {
    const text = `bit ${wish.present} means the same in an entry of a huge page`;
    return [{ rule, verdict: "fine", text, ...factOf(claim) }];
  }
  const text = `in an entry of a huge page bit ${wish.present} is ${claim.name}: ${claim.means}`;
  return [{ rule, verdict: "collides", owner: claim.name, text, ...factOf(claim) }];
}

/** Where the flag stays while the page is in swap. */
export function absentEntry({ wish, source, linux }: Case): Finding[] {
  const rule = "absent entry";
  const bit = wish.absent;
  if (bit === undefined) {
    if (wish.purpose === "other") return [];
    const what = PURPOSE_WORDS[wish.purpose];
    const there = linux.inSwap[wish.purpose];
    if (there !== undefined) {
      const text = `swap entries of ${linux.title} have a bit for ${what} already`;
      return [{ rule, verdict: "fine", text, ...factOf(there) }];
    }
    const text = `a page that goes to swap loses ${what}, or every swapped page must count as having it`;
    return [{ rule, verdict: "cost", text, ...factOf(wish) }];
  }
  const claims = claimsAt(absentClaims(source, linux), bit);
  if (claims.length === 0) {
    const text = `bit ${bit} of a swap entry is free`;
    return [{ rule, verdict: "fine", text, ...factOf(wish) }];
  }
  return claims.map((claim) => {
    const shared = wish.shares !== undefined && claim.name === `SWP_${wish.shares}`;
    const text = shared
      ? `bit ${bit} of a swap entry is ${claim.name}, as in a present one`
      : `bit ${bit} of a swap entry is ${claim.name}: ${claim.means}${offsetText(claim, bit)}`;
    return {
      rule,
      verdict: shared ? "cost" : "collides",
      owner: claim.name,
      text,
      ...factOf(claim),
    };
  });
}

function offsetText({ name, bits: [hi, lo] }: BitClaim, bit: number): string {
  if (name !== "SWP_OFFSET" || (bit !== hi && bit !== lo)) return "";
  return `; it could give up the bit, with ${hi - lo} of ${hi - lo + 1} bits left`;
}

/** Bits of an offset that a migration entry needs: a frame number of 52-bit addresses, young and dirty. */
const MIGRATION_BITS = 52 - 12 + 2;

/** An entry in migration: the swap layout, with a frame number for an offset. */
export function migrationEntry({ wish, linux }: Case): Finding[] {
  const rule = "migration entry";
  const cite = "LINUX 7.0 include/linux/swapops.h, leafops.h: migration entries";
  if (wish.purpose === "exclusive") {
    const text = "the types READ_EXCLUSIVE and WRITE say it; no bit is needed";
    return [{ rule, verdict: "fine", text, cite }];
  }
  if (wish.absent === undefined || linux.offset === undefined) return [];
  const [hi, lo] = linux.offset;
  const inOffset = wish.absent <= hi && wish.absent >= lo;
  const left = hi - lo + 1 - (inOffset ? 1 : 0);
  const verdict = left >= MIGRATION_BITS ? "fine" : "collides";
  const text = `the same bit of a swap entry; ${left} bits of offset hold a frame number, young and dirty (${MIGRATION_BITS} bits)`;
  return [{ rule, verdict, owner: verdict === "fine" ? undefined : "SWP_OFFSET", text, cite }];
}

/** The form of an entry that the CPU must fault on and Linux counts as present. */
export function protNone({ wish, linux }: Case): Finding[] {
  const rule = "PROT_NONE";
  const owner = touching(linux.protnone, wish.present);
  if (owner !== undefined) {
    const text = `${owner.name} makes a PROT_NONE entry what it is`;
    return [{ rule, verdict: "collides", owner: owner.name, text, ...factOf(owner) }];
  }
  const [mark] = linux.protnone;
  if (mark === undefined) return [];
  const names = [...new Set(linux.protnone.map(({ name }) => name))].join(", ");
  const text = `the form is made of ${names}; the bit stays beside it, and the CPU does not look`;
  return [{ rule, verdict: "fine", text, ...factOf(mark) }];
}

/** A change of protection keeps the bit. */
export function pteModify({ wish, linux }: Case): Finding[] {
  const rule = "pte_modify";
  const owner = touching(linux.modified, wish.present);
  const [any] = linux.modified;
  if (any === undefined) return [];
  if (owner === undefined) {
    return [
      { rule, verdict: "fine", text: "a change of protection keeps the bit", ...factOf(any) },
    ];
  }
  const text = `a change of protection overwrites the bit (${owner.name})`;
  return [{ rule, verdict: "collides", owner: owner.name, text, ...factOf(owner) }];
}

function touching(list: readonly TouchedBits[], bit: number): TouchedBits | undefined {
  return list.find(({ bits: [hi, lo] }) => bit <= hi && bit >= lo);
}

/** Groups of entries that one TLB entry serves must agree in the bit. */
export function contiguousFolding({ source, linux }: Case): Finding[] {
  const { folding } = source.book;
  if (folding === undefined || !linux.contiguous) return [];
  const text = `from ${folding.since} on ${folding.means}`;
  return [{ rule: "contiguous folding", verdict: "cost", text, ...factOf(folding) }];
}

/** Whether a change of the bit alone passes for one that needs no TLB flush. */
export function flushDecision({ wish, source, linux }: Case): Finding[] {
  const rule = "flush";
  return source.book.flushIgnores
    .filter(({ layouts }) => layouts.includes(linux.name))
    .map((row): Finding => {
      const ignored = row.bits.some(([hi, lo]) => wish.present <= hi && wish.present >= lo);
      const text = ignored
        ? `a change of bit ${wish.present} needs no flush: ${row.means}`
        : `a change of bit ${wish.present} counts as one that needs a flush until the mask has it (${row.means})`;
      return { rule, verdict: ignored ? "fine" : "cost", text, ...factOf(row) };
    });
}
