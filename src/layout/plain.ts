// Which table entries have no peculiarity: one mask and value per level, for the fast path of the walk.
//
// An entry that fits must make every step between "read" and "descend" find nothing. So the mask takes in
// all that those steps look at:
//
//   its type bits           it is a table
//   reserved bits           zero, and no forbidden form
//   high address field      zero, and no address bit above the output size
//   permission bits         restricting nothing
//   accessed bit            set where walks set it
//
// Where one of these cannot be put as a mask and value, the level has no fast path: that costs time, never
// a result.

import type { Descriptor } from "../../arch/schema.js";
import { CLASS_TABLE } from "../../assembly/abi/stop.js";
import { type CompiledHalf, type CompiledLevel, type MaskValue, NEVER } from "./compiled.js";
import { maskValueOf } from "./fields.js";
import type { BareLevel } from "./levels.js";

/** What the masks depend on besides the level. */
export type PlainContext = Pick<CompiledHalf, "addressLimit" | "typeShift" | "tableSet">;

/** Conditions that must all hold; null when two contradict each other or one cannot be put so. */
function all(parts: readonly (MaskValue | null)[]): MaskValue | null {
  let mask = 0n;
  let value = 0n;
  for (const part of parts) {
    if (part === null || ((value ^ part.value) & mask & part.mask) !== 0n) return null;
    mask |= part.mask;
    value |= part.value & part.mask;
  }
  return { mask, value };
}

const zero = (mask: bigint): MaskValue => ({ mask, value: 0n });

/** The type bits of a class: those that all its type bytes share, if no other class has them so. */
function typeOf(level: BareLevel, entryClass: number, typeShift: number): MaskValue | null {
  const bytes = level.types.flatMap((is, byte) => (is === entryClass ? [byte] : []));
  if (bytes.length === 0) return null;
  const ones = bytes.reduce((shared, byte) => shared & byte, 0xff);
  const zeroes = bytes.reduce((shared, byte) => shared & ~byte, 0xff) & 0xff;
  const mask = ones | zeroes;
  const alone = level.types.every((is, byte) => (byte & mask) !== ones || is === entryClass);
  const shift = BigInt(typeShift);
  return alone ? { mask: BigInt(mask) << shift, value: BigInt(ones) << shift } : null;
}

/** No forbidden form can fit an entry that is plain otherwise. */
function excludesForms(plain: MaskValue, forms: readonly MaskValue[]): boolean {
  return forms.every(({ mask, value }) => ((plain.value ^ value) & plain.mask & mask) !== 0n);
}

/** Bits of an address field, in the entry, that would exceed the output size. */
function tooHigh(level: BareLevel, field: bigint, { addressLimit }: PlainContext): bigint {
  return (addressLimit >> BigInt(level.addressShift)) & field;
}

function plainTableOf(descriptor: Descriptor, level: BareLevel, context: PlainContext): MaskValue {
  const free = descriptor.permissions.table.map(({ field, restricts }) =>
    maskValueOf(descriptor, { [field]: 1 - restricts }),
  );
  const plain = all([
    typeOf(level, CLASS_TABLE, context.typeShift),
    zero(level.tableReserved | level.highAddress | tooHigh(level, level.tableAddress, context)),
    { mask: context.tableSet, value: context.tableSet },
    ...free,
  ]);
  return plain !== null && excludesForms(plain, level.tableForbidden) ? plain : NEVER;
}

const ALL_BITS = (1n << 64n) - 1n;

/**
 * Address bits of a leaf that may have any value, for leaves that are alike: no check looks at them. Leaves that
 * are remembered have no forbidden form and are of no group. So a form that asks for more than address bits is no
 * check where its other bits alone rule a remembered leaf out:
 *
 *   N = 1 and PPN low ...1, ..1., .1.., 0...   forbidden \
 *   N = 1 and PPN low 1000                     a group    } all there are: N = 0 in whatever is remembered
 */
function freeAddress(level: BareLevel, context: PlainContext): bigint {
  const group = level.groupShift > 0 ? [level.group] : [];
  const forms = [...level.leafForbidden, ...group];
  const checked = forms
    .filter((form) => !leavesNone(alikeBeside(forms, form, level.leafAddress), level.leafAddress))
    .reduce((bits, { mask }) => bits | mask, level.leafReserved);
  return level.leafAddress & ~checked & ~tooHigh(level, level.leafAddress, context);
}

/** The forms that ask for the same as one of them beside address bits. */
function alikeBeside(forms: readonly MaskValue[], one: MaskValue, address: bigint): MaskValue[] {
  const beside = ({ mask, value }: MaskValue): string => `${mask & ~address} ${value & ~address}`;
  return forms.filter((form) => beside(form) === beside(one));
}

/** Most address bits that forms share; Svnapot's are four. */
const MOST_SHARED = 8;

/** Every value of the address bits that the forms look at fits one of them. */
function leavesNone(forms: readonly MaskValue[], address: bigint): boolean {
  const bits = bitsOf(forms.reduce((all, { mask }) => all | mask, 0n) & address);
  if (bits.length === 0 || bits.length > MOST_SHARED) return false;
  return Array.from({ length: 2 ** bits.length }, (_, n) =>
    bits.reduce((value, bit, i) => (((n >> i) & 1) === 1 ? value | bit : value), 0n),
  ).every((value) => forms.some((form) => ((value ^ form.value) & form.mask & address) === 0n));
}

function bitsOf(mask: bigint): bigint[] {
  const bits: bigint[] = [];
  for (let left = mask; left !== 0n; left &= left - 1n) bits.push(left & -left);
  return bits;
}

/** What the walk's fast paths need to know of a level. */
export function plainOf(
  descriptor: Descriptor,
  level: BareLevel,
  context: PlainContext,
): Pick<CompiledLevel, "plainTable" | "leafAttributes"> {
  return {
    plainTable: plainTableOf(descriptor, level, context),
    leafAttributes: ALL_BITS & ~freeAddress(level, context),
  };
}
