// Explains one vector: what the walk read, decided and changed, step by step, with manual sections.

import type { Descriptor } from "../../arch/schema.js";
import { CLASS_LEAF, CLASS_TABLE, FaultKind, RIGHTS_KEYED } from "../../assembly/abi/stop.js";
import type { Core, WalkStep } from "../core/core.js";
import { hex } from "../layout/bits.js";
import { environmentOf } from "../layout/compile.js";
import { type CompiledHalf, type CompiledLevel, FAULT_NAMES } from "../layout/compiled.js";
import type { Environment } from "../layout/condition.js";
import { sizeName } from "../layout/page-policy.js";
import { removalsOf, rightNames } from "../layout/permissions.js";
import { picture } from "../layout/picture.js";
import type { ExplainedStep, WalkExplanation } from "../stats/walk-explanation.js";
import { describe, describeAccess, judge } from "./judge.js";
import { accessOf, type Outcome, playVector } from "./play-vector.js";
import type { Vector } from "./vector-format.js";

interface Scene {
  readonly descriptor: Descriptor;
  readonly vector: Vector;
  readonly outcome: Outcome;
  readonly half: CompiledHalf;
  readonly environment: Environment;
}

/**
 * Plays a vector and explains it.
 * @throws MmulateError CONFIG when its configuration is not one of the architecture's
 */
export function explainVector(core: Core, descriptor: Descriptor, vector: Vector): WalkExplanation {
  const { outcome, steps } = playLogged(core, descriptor, vector);
  const halfIndex = Number((vector.access.va >> BigInt(outcome.layout.selectBit)) & 1n) as 0 | 1;
  const half = outcome.layout.halves[halfIndex];
  const environment = environmentOf(
    descriptor,
    outcome.layout.mode,
    descriptor.addressSpace.halves[halfIndex],
  );
  const scene = { descriptor, vector, outcome, half, environment };
  return {
    id: vector.id,
    arch: vector.arch,
    config: outcome.layout.mode,
    access: describeAccess(vector),
    steps: [
      rangeStep(scene),
      ...rootStep(scene),
      ...steps.map((step) => entryStep(scene, step)),
      ...permissionStep(scene, steps.at(-1)),
      resultStep(scene),
    ],
    got: describe(outcome.expect, outcome.changed),
    want: describe(vector.expect, vector.after),
    right: judge(vector, outcome) === null,
  };
}

function playLogged(
  core: Core,
  descriptor: Descriptor,
  vector: Vector,
): { outcome: Outcome; steps: WalkStep[] } {
  core.exports.enableLog(true);
  try {
    const outcome = playVector(core, descriptor, vector);
    return { outcome, steps: core.walkSteps() };
  } finally {
    core.exports.enableLog(false);
  }
}

function rangeStep({ descriptor, vector, outcome, half }: Scene): ExplainedStep {
  const { va } = vector.access;
  const indices = half.levels
    .map((level) => `${level.name} ${indexOf(level, va)}`)
    .reverse()
    .join(", ");
  const outside = outcome.stop.fault === FaultKind.OutOfRange;
  const { mask, value } = half.range;
  return {
    step: "range",
    cite: descriptor.steps.range,
    facts: [
      `${hex(va)} selects ${half.root}, ${half.vaBits} bits are translated`,
      outside
        ? `(va & ${hex(mask)}) is not ${hex(value)}: outside the range`
        : `indices: ${indices}; offset ${hex(va & ((1n << BigInt(outcome.layout.pageShift)) - 1n))}`,
    ],
  };
}

function indexOf(level: CompiledLevel, va: bigint): number {
  return Number((va >> BigInt(level.shift)) & ((1n << BigInt(level.indexBits)) - 1n));
}

function rootStep({ descriptor, vector, outcome, half }: Scene): ExplainedStep[] {
  if (outcome.stop.fault === FaultKind.OutOfRange) return [];
  const tooHigh = (vector.root & half.addressLimit) !== 0n;
  const facts = [`${half.root} holds the table at ${hex(vector.root)}`];
  if (tooHigh) facts.push("the address exceeds the output size");
  return [{ step: "root", cite: descriptor.steps.root, facts }];
}

function entryStep(scene: Scene, step: WalkStep): ExplainedStep {
  const { descriptor, vector, half, environment } = scene;
  const level = half.levels[step.level];
  if (level === undefined) throw new RangeError(`level ${step.level}`);
  const kind = step.entryClass === CLASS_TABLE ? "table" : "leaf";
  const facts = [
    `index ${indexOf(level, vector.access.va)}: entry at ${hex(step.pa)} = ${hex(step.entry)}`,
    picture(descriptor, environment, step.level, kind, step.entry),
    meaningOf(level, step),
  ];
  if (step.fault !== FaultKind.None) facts.push(`ends here: ${FAULT_NAMES[step.fault]}`);
  if (step.updated !== step.entry) facts.push(`updated to ${hex(step.updated)}`);
  return { step: level.name, cite: citeOf(descriptor, step), facts };
}

function citeOf({ steps }: Descriptor, step: WalkStep): string {
  if (step.entryClass === CLASS_TABLE && step.fault === FaultKind.None) return steps.table;
  const malformed = step.fault === FaultKind.Reserved || step.fault === FaultKind.AddressSize;
  return step.entryClass === CLASS_LEAF && !malformed ? steps.leaf : steps.entry;
}

function meaningOf(level: CompiledLevel, step: WalkStep): string {
  if (step.entryClass === CLASS_TABLE) {
    return `a table at ${hex(addressIn(level, level.tableAddress, step.entry))}`;
  }
  if (step.entryClass !== CLASS_LEAF) return `its type bits say: ${FAULT_NAMES[step.entryClass]}`;
  const page = `a page of ${sizeName(level.shift)}`;
  const { mask, value } = level.group;
  const grouped = level.groupShift > 0 && (step.entry & mask) === value;
  const group = grouped ? `, one of a contiguous group of ${sizeName(level.groupShift)}` : "";
  return `${page} at ${hex(addressIn(level, level.leafAddress, step.entry))}${group}`;
}

function addressIn(level: CompiledLevel, field: bigint, entry: bigint): bigint {
  const low = (entry & field) << BigInt(level.addressShift);
  return low | ((entry & level.highAddress) << BigInt(level.highShift));
}

function permissionStep(scene: Scene, step: WalkStep | undefined): ExplainedStep[] {
  const decided = new Set<FaultKind>([FaultKind.None, FaultKind.Permission, FaultKind.Key]);
  if (step?.entryClass !== CLASS_LEAF || !decided.has(step.fault)) return [];
  const { descriptor, vector, half, environment } = scene;
  const { permissions } = half;
  const leaf = permissions.leafGather.reduce(
    (index, { rotate, mask }) =>
      index | (Number(rotateRight(step.entry, rotate) & 0xffffffffn) & mask),
    0,
  );
  const index = leaf | (step.restrictions << permissions.leafWidth);
  const removals = removalsOf(descriptor, environment, permissions, index);
  const asked = rightNames(1 << accessOf(vector))[0] ?? "";
  const granted = rightNames(step.rights);
  const facts = [
    ...removals.map(({ rights, cite }) => `no ${rights.join(", ")}: ${cite}`),
    `rights left: ${granted.length === 0 ? "none" : granted.join(", ")}`,
    `asked: ${asked}: ${granted.includes(asked as never) ? "granted" : "denied"}`,
  ];
  const keyed = ((permissions.rights[index] ?? 0) & RIGHTS_KEYED) !== 0;
  const byKey = keyed ? keyFact(half, step.entry) : null;
  if (byKey !== null) facts.splice(-2, 0, byKey);
  return [{ step: "permission", cite: descriptor.steps.permission, facts }];
}

/** What the page's protection key takes away; null where keys are off or take nothing. */
function keyFact({ keys }: CompiledHalf, entry: bigint): string | null {
  if (keys === null) return null;
  const key = Number(rotateRight(entry, keys.rotate) & BigInt(keys.mask));
  const denied = rightNames(keys.denials[key] ?? 0);
  return denied.length === 0 ? null : `protection key ${key} denies ${denied.join(", ")}`;
}

function rotateRight(value: bigint, by: number): bigint {
  return BigInt.asUintN(64, (value >> BigInt(by)) | (value << BigInt(64 - by)));
}

function resultStep({ descriptor, outcome }: Scene): ExplainedStep {
  const { expect, changed } = outcome;
  const end =
    "pa" in expect
      ? `goes through to ${hex(expect.pa)}`
      : `faults: ${Object.entries(expect.fault)
          .map(([name, value]) => `${name} ${value}`)
          .join(", ")}`;
  const updates = [...changed].map(([pa, value]) => `entry at ${hex(pa)} is now ${hex(value)}`);
  const cite = "pa" in expect ? descriptor.steps.update : descriptor.steps.fault;
  return { step: "result", cite, facts: [end, ...updates] };
}
