// TLB maintenance as the manuals say it, one rule per instruction: an oracle that shares nothing with the
// rows of arch/ but the names.

import type { InvalidationOperands } from "../../src/layout/invalidation.js";
import type { ArchitectureName } from "./support.js";

/** A translation in a TLB, by the page it was made from, or a table in a walk cache. */
export interface Cached {
  readonly va: bigint;
  readonly bytes: bigint;
  readonly owner: number | "global";
}

/** What the instruction is told, with nothing left out. */
type Told = Required<Omit<InvalidationOperands, "guest">>;
type Rule = (one: Cached, told: Told, current: number) => boolean;

export interface Spec {
  readonly takes: readonly (keyof Told)[];
  readonly translations: Rule;
  readonly tables: Rule;
  readonly everyCpu: boolean;
}

const always: Rule = () => true;
const never: Rule = () => false;
const both =
  (...rules: Rule[]): Rule =>
  (...all) =>
    rules.every((rule) => rule(...all));
const either =
  (...rules: Rule[]): Rule =>
  (...all) =>
    rules.some((rule) => rule(...all));

const isGlobal: Rule = ({ owner }) => owner === "global";
const notGlobal: Rule = ({ owner }) => owner !== "global";
const isCurrents: Rule = ({ owner }, _, current) => owner === current;
const isGivens: Rule = ({ owner }, { context }) => owner === context;
const holdsAddress: Rule = (one, { va }) => va >= one.va && va < one.va + one.bytes;
const meetsRange: Rule = (one, { va, bytes }) => one.va < va + bytes && one.va + one.bytes > va;

const spec = (takes: Spec["takes"], translations: Rule, tables: Rule, everyCpu = false): Spec => ({
  takes,
  translations,
  tables,
  everyCpu,
});

/** SDM 3A 4.10.4.1. */
const X86: Record<string, Spec> = {
  INVLPG: spec(["va"], both(holdsAddress, either(isCurrents, isGlobal)), isCurrents),
  "INVPCID address": spec(
    ["va", "context"],
    both(holdsAddress, isGivens),
    both(holdsAddress, isGivens),
  ),
  "INVPCID context": spec(["context"], isGivens, isGivens),
  "INVPCID all": spec([], always, always),
  "INVPCID all but global": spec([], notGlobal, always),
  "MOV CR3": spec([], isCurrents, isCurrents),
  "MOV CR3 PCID": spec(["context"], isGivens, isGivens),
  "MOV CR3 keep": spec(["context"], never, never),
  "MOV CR4.PGE": spec([], always, always),
};

const ofAsid = both(holdsAddress, either(isGivens, isGlobal));
const inAsid = both(meetsRange, either(isGivens, isGlobal));

/** Arm ARM, the purpose of each TLBI. */
const TLBI: Record<string, Spec> = {
  VMALLE1: spec([], always, always),
  ASIDE1: spec(["context"], isGivens, isGivens),
  VAE1: spec(["va", "context"], ofAsid, both(holdsAddress, isGivens)),
  VALE1: spec(["va", "context"], ofAsid, never),
  VAAE1: spec(["va"], holdsAddress, holdsAddress),
  VAALE1: spec(["va"], holdsAddress, never),
  RVAE1: spec(["va", "bytes", "context"], inAsid, both(meetsRange, isGivens)),
  RVALE1: spec(["va", "bytes", "context"], inAsid, never),
  RVAAE1: spec(["va", "bytes"], meetsRange, meetsRange),
  RVAALE1: spec(["va", "bytes"], meetsRange, never),
};

/** RISC-V, Supervisor Memory-Management Fence Instruction: with an address, leaf entries alone. */
const SFENCE: Record<string, Spec> = {
  "SFENCE.VMA": spec([], always, always),
  "SFENCE.VMA ASID": spec(["context"], isGivens, isGivens),
  "SFENCE.VMA address": spec(["va"], holdsAddress, never),
  "SFENCE.VMA address ASID": spec(["va", "context"], both(holdsAddress, isGivens), never),
};

function withBroadcasts(specs: Record<string, Spec>): Record<string, Spec> {
  const everywhere = Object.entries(specs).map(([name, one]) => [
    `${name}IS`,
    { ...one, everyCpu: true },
  ]);
  return { ...specs, ...(Object.fromEntries(everywhere) as Record<string, Spec>) };
}

export const SPECS: Record<ArchitectureName, Record<string, Spec>> = {
  "x86-64": X86,
  arm64: withBroadcasts(TLBI),
  riscv64: SFENCE,
};

/** The operands that an instruction takes, of those there are. */
export function operandsOf({ takes }: Spec, told: Told): InvalidationOperands {
  return Object.fromEntries(takes.map((name) => [name, told[name]]));
}
