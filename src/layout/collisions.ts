// What a proposal collides with, kernel by kernel; and whether a whole layout contradicts itself.

import type { Proposal } from "../../arch/linux/bits-schema.js";
import type { Confidence, Finding, KernelCheck, ProposalCheck } from "../entry-bits.js";
import {
  absentEntry,
  type Case,
  contiguousFolding,
  flushDecision,
  hardwareBit,
  hugePage,
  migrationEntry,
  NOBODY,
  protNone,
  pteModify,
  softwareBit,
} from "./collision-rules.js";
import type { BitSource } from "./entry-format.js";
import type { LinuxBits } from "./linux-bits.js";
import type { Wish } from "./wishes.js";

const RULES: readonly ((each: Case) => Finding[])[] = [
  softwareBit,
  hardwareBit,
  hugePage,
  absentEntry,
  migrationEntry,
  protNone,
  pteModify,
  contiguousFolding,
  flushDecision,
];

/** What is checked: a proposal, or what a layout adds. */
export interface Checked {
  readonly name: string;
  readonly title: string;
  readonly architecture: string;
  readonly cite: string;
  readonly confidence?: Confidence | undefined;
}

/**
 * Wishes held against kernels, oldest first.
 * @param wishes bits of one proposal; where each has a name, findings begin with it
 */
export function checkWishes(
  checked: Checked,
  wishes: readonly Wish[],
  source: BitSource,
  kernels: readonly LinuxBits[],
): ProposalCheck {
  const { name, title, architecture, cite, confidence } = checked;
  const findingsOf = (wish: Wish, linux: LinuxBits): Finding[] =>
    RULES.flatMap((rule) => rule({ wish, source, linux })).map((finding) =>
      wish.name === undefined ? finding : { ...finding, text: `${wish.name}: ${finding.text}` },
    );
  return {
    proposal: name,
    title,
    architecture,
    cite,
    confidence,
    kernels: kernels.map((linux) =>
      judged(
        linux,
        wishes.flatMap((wish) => findingsOf(wish, linux)),
      ),
    ),
  };
}

/** A proposal held against every kernel of its architecture. */
export function checkProposal(
  proposal: Proposal,
  source: BitSource,
  kernels: readonly LinuxBits[],
): ProposalCheck {
  const { present, absent, purpose, shares, cite, confidence } = proposal;
  const wish = { present, absent, purpose, shares, cite, confidence };
  return checkWishes(proposal, [wish], source, kernels);
}

/**
 * A whole layout: its own fields against each other and against the CPU. (What makes a layout what it is, its forms of
 * PROT_NONE, swap and protection, is not held against itself.)
 */
export function checkLayout(source: BitSource, linux: LinuxBits): KernelCheck {
  const findings = linux.present.flatMap(
    ({ name, bits: [hi, lo], cite, confidence, under, places }) =>
      Array.from({ length: hi - lo + 1 }, (_, i) => lo + i).flatMap((present) => {
        const others = linux.present.filter((claim) => claim.name !== name);
        const wish = { present, purpose: "other" as const, cite, confidence };
        const each: Case = { wish, source, linux: { ...linux, present: others } };
        // Bits of the PROT_NONE form count where the CPU does not look.
        const unseen = linux.protnone.some((mark) => mark.name === name);
        const isIn = (place: "leaf" | "huge"): boolean =>
          !unseen && (places === undefined || places.includes(place));
        const rules = [
          softwareBit,
          ...(isIn("leaf") ? [hardwareBit] : []),
          ...(isIn("huge") ? [hugePage] : []),
        ];
        const found = rules.flatMap((rule) => rule(each));
        return found
          .map((finding) => excused(finding, under))
          .map((finding) => ({ ...finding, text: `${name}: ${finding.text}` }));
      }),
  );
  return judged(linux, findings);
}

/** A bit that Linux uses only where a feature gives it to software is reserved where the feature is off. */
function excused(finding: Finding, under: string | undefined): Finding {
  if (under === undefined || finding.verdict !== "collides") return finding;
  return { ...finding, verdict: "fine", text: `${finding.text}; used with ${under} only` };
}

function judged(linux: LinuxBits, findings: readonly Finding[]): KernelCheck {
  const { name: layout, title, since } = linux;
  const collides = findings.some(({ verdict }) => verdict === "collides");
  return { layout, title, since, verdict: verdictOf(findings), collides, findings };
}

function verdictOf(findings: readonly Finding[]): string {
  const of = (verdict: Finding["verdict"]): Finding[] =>
    findings.filter((finding) => finding.verdict === verdict);
  const unique = (words: readonly (string | undefined)[]): string[] => [
    ...new Set(words.filter((word) => word !== undefined)),
  ];
  const owners = unique(of("collides").map(({ owner }) => owner));
  if (owners.length > 0) return `collides with ${owners.join(", ")}`;
  const [doubts, features] = [true, false].map((doubt) =>
    of("depends").filter(({ owner }) => (owner === NOBODY) === doubt),
  );
  const ifs = unique((doubts ?? []).map(({ under }) => under));
  const nots = unique((features ?? []).map(({ owner, under }) => `${owner} (${under})`));
  const words = [
    ifs.length > 0 ? ` if ${ifs.join(" and ")}` : "",
    nots.length > 0 ? `, but not with ${nots.join(" or ")}` : "",
  ];
  return `works${words.join("")}`;
}
