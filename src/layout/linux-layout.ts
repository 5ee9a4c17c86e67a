// A Linux layout over a compiled hardware layout -> masks and rules. Pure and deterministic.

import type { LinuxLayout, PresentFlag, Protection } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import { maskOf } from "./bits.js";
import { environmentOf } from "./compile.js";
import { type CompiledLayout, type MaskValue, NEVER } from "./compiled.js";
import { holds } from "./condition.js";
import { flagNumber, PRESENT_FLAG_COUNT } from "./linux-flags.js";
import { type CompiledFlush, compileFlush } from "./linux-flush.js";

type Fields = Readonly<Record<string, number>>;

/** Where (entry & mask) == value: entry = (entry & ~clear) | put. */
export interface CompiledRule extends MaskValue {
  readonly clear: bigint;
  readonly put: bigint;
}

export interface CompiledFlag {
  readonly tests: readonly MaskValue[];
  readonly set: readonly CompiledRule[];
  readonly clear: readonly CompiledRule[];
}

/** A test that never fits and no rules: a flag that the layout does not have. */
const ABSENT_FLAG: CompiledFlag = { tests: [NEVER], set: [], clear: [] };

export interface CompiledLinuxLayout {
  readonly name: string;
  readonly filled: bigint;
  readonly present: readonly MaskValue[];
  readonly upright: MaskValue;
  readonly inverted: bigint;
  readonly absentInverted: bigint;
  /** By flag number (`flagNumber`), of present and of absent entries. */
  readonly flags: readonly CompiledFlag[];
  readonly absentFlags: readonly CompiledFlag[];
  readonly type: bigint;
  readonly offset: bigint;
  readonly table: bigint;
  /** Bits of a leaf by level. */
  readonly leaf: readonly bigint[];
  readonly protections: Readonly<Record<Protection, readonly CompiledRule[]>>;
  /** Where a read-only entry keeps its dirtiness, if not where the CPU sets it. */
  readonly heldDirty: MaskValue | null;
  readonly dirtySetsSoftDirty: boolean;
  readonly flush: CompiledFlush;
  /** Physical address of frame 0. */
  readonly frameBase: bigint;
  readonly has: {
    readonly softDirty: boolean;
    readonly uffdWp: boolean;
    readonly contiguous: boolean;
  };
}

/** Frames lie above all tables, which are in the window below. */
const FRAME_BASE = 1n << 32n;

/** Looks up fields of the hardware and of Linux, as they are in one mode. */
class FieldTable {
  private readonly masks = new Map<string, bigint>();
  private readonly missing = new Set<string>();

  constructor(
    private readonly owner: string,
    descriptor: Descriptor,
    linux: LinuxLayout,
    layout: CompiledLayout,
  ) {
    const [half] = descriptor.addressSpace.halves;
    const environment = environmentOf(descriptor, layout.mode, half);
    for (const field of descriptor.fields) {
      if (this.masks.has(field.name)) continue;
      if (holds(field.when, environment)) this.masks.set(field.name, maskOf(...field.bits));
      else this.missing.add(field.name);
    }
    for (const field of linux.fields) {
      if (holds(field.when, environment)) this.masks.set(field.name, maskOf(...field.bits));
      else this.missing.add(field.name);
    }
  }

  /** Whether the mode has all fields of some tests. */
  has(tests: readonly Fields[]): boolean {
    return tests.every((test) => Object.keys(test).every((name) => this.mask(name) !== 0n));
  }

  mask(name: string): bigint {
    const mask = this.masks.get(name);
    if (mask !== undefined) return mask;
    if (this.missing.has(name)) return 0n;
    throw new MmulateError("DESCRIPTOR", `${this.owner} has no field "${name}"`);
  }

  /** A field that this mode does not have (arm64's SH with LPA2) takes no value. */
  values(fields: Fields): MaskValue {
    let mask = 0n;
    let value = 0n;
    for (const [name, wanted] of Object.entries(fields)) {
      const field = this.mask(name);
      const placed = field === 0n ? 0n : BigInt(wanted) * (field & -field);
      if ((placed & ~field) !== 0n) {
        throw new MmulateError("DESCRIPTOR", `${this.owner}: ${name} = ${wanted} does not fit`);
      }
      mask |= field;
      value |= placed;
    }
    return { mask, value };
  }

  rule({ when = {}, to }: { when?: Fields | undefined; to: Fields }): CompiledRule {
    const { mask, value } = this.values(to);
    return { ...this.values(when), clear: mask, put: value };
  }
}

/**
 * Compiles a Linux layout for a hardware layout.
 * @param descriptor the hardware's descriptor, of which `layout` was compiled
 * @throws MmulateError DESCRIPTOR where it names a field that neither has, or another architecture
 */
export function compileLinuxLayout(
  linux: LinuxLayout,
  descriptor: Descriptor,
  layout: CompiledLayout,
): CompiledLinuxLayout {
  if (linux.architecture !== descriptor.name) {
    throw new MmulateError(
      "DESCRIPTOR",
      `${linux.name} is a layout of ${linux.architecture}, not of ${descriptor.name}`,
    );
  }
  const fields = new FieldTable(linux.name, descriptor, linux, layout);
  const levels = layout.halves[0].levels;
  const address = levels[0]?.leafAddress ?? 0n;
  const offset = fields.mask(linux.absent.offset);
  const flags = compileFlags(linux.flags, fields);
  const has = (name: PresentFlag): boolean => flags[flagNumber(name)] !== ABSENT_FLAG;
  const ignored = linux.noneIgnores.fields.reduce((bits, name) => bits | fields.mask(name), 0n);
  return {
    name: linux.name,
    filled: maskOf(63, 0) & ~ignored,
    present: linux.present.tests.map((test) => fields.values(test)),
    upright: linux.inverted === undefined ? ALWAYS : fields.values(linux.inverted.unless),
    inverted: linux.inverted === undefined ? 0n : address,
    absentInverted: linux.absent.offsetInverted ? offset : 0n,
    flags,
    absentFlags: compileFlags(linux.absent.flags, fields),
    type: fields.mask(linux.absent.type),
    offset,
    table: fields.values(linux.table.fields).value,
    leaf: levels.map((_, level) => {
      const row = linux.leaf[Math.min(level, linux.leaf.length - 1)];
      return row === undefined ? 0n : fields.values(row.fields).value;
    }),
    protections: mapValues(linux.protections, ({ rules }) => rules.map((r) => fields.rule(r))),
    heldDirty: linux.heldDirty === undefined ? null : fields.values(linux.heldDirty.fields),
    dirtySetsSoftDirty: linux.dirtySetsSoftDirty.value,
    flush: compileFlush(linux, descriptor, layout),
    frameBase: FRAME_BASE,
    has: {
      softDirty: has("softDirty"),
      uffdWp: has("uffdWp"),
      contiguous: has("contiguous"),
    },
  };
}

const ALWAYS: MaskValue = { mask: 0n, value: 0n };

function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  map: (value: A) => B,
): Record<K, B> {
  const entries = Object.entries(record) as [K, A][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)])) as Record<K, B>;
}

function compileFlags(
  flags: LinuxLayout["flags"] | LinuxLayout["absent"]["flags"],
  fields: FieldTable,
): CompiledFlag[] {
  const compiled: CompiledFlag[] = Array.from({ length: PRESENT_FLAG_COUNT }, () => ABSENT_FLAG);
  for (const [name, flag] of Object.entries(flags)) {
    if (!fields.has(flag.tests)) continue;
    compiled[flagNumber(name as keyof typeof flags)] = {
      tests: flag.tests.map((test) => fields.values(test)),
      set: flag.set.map((rule) => fields.rule(rule)),
      clear: flag.clear.map((rule) => fields.rule(rule)),
    };
  }
  return compiled;
}
