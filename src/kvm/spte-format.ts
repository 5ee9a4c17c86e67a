// A shadow entry as the bits of the second stage: a leaf of its descriptor, with the flags that KVM knows in the fields
// that the descriptor names, and KVM's own in software bits (arch/linux/kvm.ts).
//
//     63       57   56 54   51                   12 11   9 8       2 1 0
//    +----+---+--+-+-----+-+-----------------------+--+-+-+-+-----+-+-+-+
//    |    |   |HW| |saved| | host's frame          |SP| |D|A| ... |X|W|R|     EPT; HW: the host lets write, SP: present to KVM
//    +----+---+--+-+-----+-+-----------------------+--+-+-+-+-----+-+-+-+
//
// accessed   by the hardware: its flag. By a fault where the flag is 0: such an entry is *tracked*, absent until its next
//            use. By nobody: the rights of a tracked entry are moved up, where no hardware looks for them
// dirty      by the hardware, where KVM relies on it: its flag. Else what may be written counts as written, and what
//            there is of a flag comes and goes with the right
//
// So what a policy calls clean, or old, is what the descriptor says these bits are. Entries are pairs of 32-bit words, for
// bigints would cost ten times as much (docs/adr/0018).

import type { SecondStage } from "../../arch/linux/kvm.js";
import { STAGE2S } from "../../arch/stage2/index.js";
import { MmulateError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import type { CompiledHalf } from "../layout/compiled.js";
import { maskValueOf } from "../layout/fields.js";
import type { Mode } from "../layout/mode.js";
import { compileStage2 } from "../layout/stage2.js";
import {
  SPTE_ACCESSED,
  SPTE_DIRTY,
  SPTE_HOST_WRITABLE,
  SPTE_PRESENT,
  SPTE_TRACKED,
  SPTE_WRITE,
} from "./spte-flags.js";

const WORD_BITS = 32;

/** Bits of both words of an entry. */
interface Bits {
  readonly low: number;
  readonly high: number;
}

function bitsOf(value: bigint): Bits {
  const low = Number(BigInt.asUintN(WORD_BITS, value));
  return { low, high: Number(BigInt.asUintN(WORD_BITS, value >> BigInt(WORD_BITS))) };
}

interface Parts {
  /** A leaf without address and flags, by level. */
  readonly leaves: readonly [small: Bits, huge: Bits];
  /** Flags that stand for bits of their own: which tell it, and which are set with it. */
  readonly flags: readonly { readonly flag: number; readonly tells: Bits; readonly sets: Bits }[];
  /** How an entry is tracked; a number: where in the upper word its rights are then. */
  readonly tracked: "never" | "without-accessed" | number;
  readonly isDirtyKept: boolean;
  readonly address: Bits;
  /** log2: frame << this is the address in the entry. */
  readonly frameShift: number;
}

/** Where a second stage has no flag, EPT moves so many rights (R, W, X) up, as a tracked entry's. */
const RIGHTS = 0b111;

/** How the entries of one second stage are written and read. */
export class SpteFormat {
  constructor(private readonly parts: Parts) {}

  /** Writes the entry for KVM's flags; 0 = there is none. */
  write(words: Uint32Array, entry: number, flags: number, frame: number, huge: boolean): void {
    let low = 0;
    let high = 0;
    if (flags !== 0) {
      const { leaves, flags: all, tracked, frameShift, address } = this.parts;
      const leaf = huge ? leaves[1] : leaves[0];
      low = leaf.low | ((frame << frameShift) & address.low);
      high = leaf.high | ((frame >>> (WORD_BITS - frameShift)) & address.high);
      for (const { flag, sets } of all) {
        if ((flags & flag) === 0) continue;
        low |= sets.low;
        high |= sets.high;
      }
      if (typeof tracked === "number" && (flags & SPTE_TRACKED) !== 0) {
        high |= (low & RIGHTS) << tracked;
        low &= ~RIGHTS;
      }
    }
    words[2 * entry] = low;
    words[2 * entry + 1] = high;
  }

  /** KVM's flags of an entry, but for its size. */
  flags(words: Uint32Array, entry: number): number {
    let low = words[2 * entry] ?? 0;
    const high = words[2 * entry + 1] ?? 0;
    if ((low | high) === 0) return 0;
    const { flags: all, tracked, isDirtyKept } = this.parts;
    let flags = 0;
    if (typeof tracked === "number") {
      const saved = (high >>> tracked) & RIGHTS;
      flags = saved === 0 ? SPTE_ACCESSED : SPTE_TRACKED;
      low |= saved;
    }
    for (const { flag, tells } of all) {
      if ((low & tells.low) !== 0 || (high & tells.high) !== 0) flags |= flag;
    }
    if (tracked === "without-accessed" && (flags & SPTE_ACCESSED) === 0) flags |= SPTE_TRACKED;
    return isDirtyKept || (flags & SPTE_WRITE) === 0 ? flags : flags | SPTE_DIRTY;
  }

  /** The host's frame that it maps, or the first of them. */
  frame(words: Uint32Array, entry: number): number {
    const { address, frameShift } = this.parts;
    const low = ((words[2 * entry] ?? 0) & address.low) >>> frameShift;
    const high = (words[2 * entry + 1] ?? 0) & address.high;
    return high * 2 ** (WORD_BITS - frameShift) + low;
  }
}

const made = new Map<string, SpteFormat>();

/**
 * The format of the entries of a machine's guests.
 * @throws MmulateError DESCRIPTOR where KVM relies on what the second stage does not do
 */
export function spteFormat(stage: SecondStage, kernel: Kernel): SpteFormat {
  const { mode: own, asHost } = stage.entry;
  const shared = asHost.map((name) => [name, kernel.hardware.mode[name]]);
  const mode: Mode = { ...own, ...Object.fromEntries(shared) };
  const key = JSON.stringify([stage, mode, kernel.config.page]);
  const found = made.get(key) ?? new SpteFormat(partsOf(stage, mode, kernel.config.page));
  made.set(key, found);
  return found;
}

function partsOf(stage: SecondStage, mode: Mode, page: number): Parts {
  const descriptor = STAGE2S.get(stage.architecture);
  if (descriptor === undefined) {
    throw new MmulateError("DESCRIPTOR", `no second stage of ${stage.architecture}`);
  }
  const [half] = compileStage2(descriptor, mode).layout.halves;
  const [small, huge] = half.levels;
  if (small === undefined || huge === undefined) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name} has no level of huge pages`);
  }
  checkKept(stage, half);
  const write = maskValueOf(descriptor, { [stage.entry.write]: 1 }).value;
  const others = ~(write | half.accessed.mask | half.dirty.mask);
  const isDirtyKept = stage.dirtyByHardware.value;
  return {
    leaves: [
      bitsOf((small.leafTemplate ?? 0n) & others),
      bitsOf((huge.leafTemplate ?? 0n) & others),
    ],
    flags: flagsOf(stage, half, write),
    tracked: trackedBy(stage, half),
    isDirtyKept,
    address: bitsOf(small.leafAddress),
    frameShift: Math.log2(page) - small.addressShift,
  };
}

/** What KVM relies on must be what the second stage does. */
function checkKept(
  { architecture, accessedByHardware, dirtyByHardware }: SecondStage,
  half: CompiledHalf,
): void {
  const kept = { accessed: accessedByHardware.value, dirty: dirtyByHardware.value };
  for (const which of ["accessed", "dirty"] as const) {
    if (!kept[which] || half[which].by === "hardware") continue;
    throw new MmulateError(
      "DESCRIPTOR",
      `second stage of ${architecture}: no hardware keeps ${which}`,
    );
  }
}

function flagsOf(
  stage: SecondStage,
  { accessed, dirty }: CompiledHalf,
  write: bigint,
): Parts["flags"] {
  const bit = (at: number): bigint => 1n << BigInt(at);
  const isDirtyKept = stage.dirtyByHardware.value;
  const goesAlong = isDirtyKept || dirty.by === "nobody" ? 0n : dirty.value;
  const rows: (readonly [flag: number, tells: bigint, more?: bigint])[] = [
    [SPTE_PRESENT, bit(stage.software.present)],
    [SPTE_WRITE, write, goesAlong],
    [SPTE_HOST_WRITABLE, bit(stage.software.hostWritable)],
    ...(isDirtyKept ? [[SPTE_DIRTY, dirty.value] as const] : []),
    ...(accessed.by === "nobody" ? [] : [[SPTE_ACCESSED, accessed.value] as const]),
  ];
  return rows.map(([flag, tells, more = 0n]) => ({
    flag,
    tells: bitsOf(tells),
    sets: bitsOf(tells | more),
  }));
}

function trackedBy(
  { accessedByHardware, software }: SecondStage,
  { accessed }: CompiledHalf,
): Parts["tracked"] {
  if (accessedByHardware.value) return "never";
  return accessed.by === "fault" ? "without-accessed" : software.savedRights - WORD_BITS;
}
