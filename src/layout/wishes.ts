// What somebody wants of an architecture's bits: a proposal's two, or those that a whole layout (a user's file) has
// beyond the layout it was made from.

import type { Proposal } from "../../arch/linux/bits-schema.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Confidence } from "../entry-bits.js";
import type { LinuxBits } from "./linux-bits.js";

/** A bit under judgement. */
export interface Wish {
  /** Whose, where there are several. */
  readonly name?: string | undefined;
  /** Bit of a present entry. */
  readonly present: number;
  /** Bit of an absent entry. */
  readonly absent?: number | undefined;
  readonly purpose: Proposal["purpose"] | "other";
  /** A field that it may share its bit with. */
  readonly shares?: string | undefined;
  readonly cite: string;
  readonly confidence?: Confidence | undefined;
}

type Field = LinuxLayout["fields"][number];

const PURPOSES: readonly Proposal["purpose"][] = ["softDirty", "exclusive"];

/** Fields that a layout has and another has not, or has elsewhere. */
function added(layout: LinuxLayout, base: LinuxLayout, of: Field["of"]): Field[] {
  const known = new Set(
    base.fields.map((field) => `${field.of} ${field.name} ${field.bits.join()}`),
  );
  return layout.fields.filter(
    (field) => field.of === of && !known.has(`${of} ${field.name} ${field.bits.join()}`),
  );
}

/** The flag that asks for a field, where it is one of those whose needs are known. */
function purposeOf(flags: LinuxLayout["flags"], name: string): Wish["purpose"] {
  const asks = (purpose: Proposal["purpose"]): boolean =>
    flags[purpose]?.tests.some((test) => Object.hasOwn(test, name)) === true;
  return PURPOSES.find(asks) ?? "other";
}

/**
 * The bits that a layout takes beyond its base, each a wish of its own. A field of absent entries belongs to the field of
 * present ones that serves the same purpose, or has its name behind SWP_.
 */
export function wishesOf(layout: LinuxLayout, base: LinuxLayout): Wish[] {
  const inSwap = added(layout, base, "absent");
  return added(layout, base, "present").flatMap(({ name, bits: [hi, lo], cite, confidence }) => {
    const purpose = purposeOf(layout.flags, name);
    const kept = inSwap.find(
      (field) =>
        field.name === `SWP_${name}` ||
        (purpose !== "other" && purposeOf(layout.absent.flags, field.name) === purpose),
    );
    return Array.from({ length: hi - lo + 1 }, (_, i) => ({
      name,
      present: lo + i,
      absent: kept === undefined ? undefined : kept.bits[1] + i,
      purpose,
      cite,
      confidence,
    }));
  });
}

/**
 * A kernel without the fields that a layout took from its base, or moved: where they stood is free for what the layout
 * adds.
 */
export function withoutReplaced(
  linux: LinuxBits,
  layout: LinuxLayout,
  base: LinuxLayout,
): LinuxBits {
  const gone = (of: Field["of"]): Set<string> =>
    new Set(added(base, layout, of).map(({ name }) => name));
  const [present, absent] = [gone("present"), gone("absent")];
  return {
    ...linux,
    present: linux.present.filter(({ name }) => !present.has(name)),
    absent: linux.absent.filter(({ name }) => !absent.has(name)),
  };
}
