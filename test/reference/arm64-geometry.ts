/**
 * The arithmetic of the arm64 reference walker: which level a walk starts at, how wide each lookup
 * is, and where a descriptor keeps its address. What faults and why is in `arm64.ts`.
 *
 * Implements the address functions of the pseudocode in Arm ARM DDI 0487 chapter D8, each under
 * its own name: AArch64.S1StartLevel, S1TTBaseAddress, NextTableBase, LeafBase, ContiguousSize, …
 * The machine has FEAT_LPA, so 64 KiB descriptors hold OA[51:48] in bits 15:12 always.
 */
import type { Arm64Config } from "./vector.js";

export const FINAL_LEVEL = 3;

/** S1TTWParams: the control bits that govern the half of the address space that the VA is in. */
export interface WalkParams {
  readonly granuleBits: number;
  readonly iaSize: number;
  readonly hpd: boolean;
  readonly ha: boolean;
  readonly hd: boolean;
  readonly ds: boolean;
  readonly ips: number;
}

/** AArch64.GetS1TTWParams, for the half that bit 55 of the VA selects. */
export function walkParams(config: Arm64Config, va: bigint): WalkParams {
  const upper = bit(va, 55);
  const txsz = upper ? config.t1sz : config.t0sz;
  if (txsz === undefined) {
    throw new Error(
      `the configuration lacks ${upper ? "t1sz" : "t0sz"}, which the address selects`,
    );
  }
  return {
    granuleBits: config.granule === 4 ? 12 : config.granule === 16 ? 14 : 16,
    iaSize: 64 - txsz,
    hpd: upper ? config.hpd1 : config.hpd0,
    ha: config.ha,
    // TCR.HD has an effect only together with TCR.HA.
    hd: config.ha && config.hd,
    // TCR.DS is RES0 for the 64 KiB granule, whose 52-bit format needs no control bit.
    ds: config.ds && config.granule !== 64,
    ips: config.ips,
  };
}

/** AArch64.VAIsOutOfRange (no TBI): bits 63 down to the input size must all equal bit 55. */
export function vaIsOutOfRange(va: bigint, params: WalkParams): boolean {
  const { iaSize } = params;
  const unresolved = field(va, 63, iaSize);
  return unresolved !== (bit(va, 55) ? 2n ** BigInt(64 - iaSize) - 1n : 0n);
}

/** AArch64.S1StartLevel: as many lookups as the bits above the granule need; -1 with LPA2. */
export function startLevel(params: WalkParams): number {
  const lookups = Math.ceil((params.iaSize - params.granuleBits) / (params.granuleBits - 3));
  return FINAL_LEVEL + 1 - lookups;
}

/** AArch64.S1TTBaseAddress: aligned to the start table's size, 64 bytes at least if 52 bits wide. */
export function ttBaseAddress(root: bigint, params: WalkParams): bigint {
  const tableBits = params.iaSize - sizeBits(startLevel(params), params) + 3;
  const wide = params.ds || (params.granuleBits === 16 && params.ips === 52);
  return alignDown(root, wide ? Math.max(tableBits, 6) : tableBits);
}

/** AArch64.OAOutOfRange: bits above the configured output size (TCR.IPS). */
export function oaOutOfRange(address: bigint, params: WalkParams): boolean {
  return address >> BigInt(params.ips) !== 0n;
}

/** AArch64.NextTableBase. */
export function nextTableBase(descriptor: bigint, params: WalkParams): bigint {
  return highAddressBits(descriptor, params) | alignDown(low48(descriptor), params.granuleBits);
}

/** AArch64.LeafBase. */
export function leafBase(descriptor: bigint, level: number, params: WalkParams): bigint {
  return (
    highAddressBits(descriptor, params) | alignDown(low48(descriptor), sizeBits(level, params))
  );
}

/**
 * OA[51:48], which FEAT_LPA and FEAT_LPA2 keep in other bits of the descriptor. In the pseudocode
 * that depends on the machine (PAMax >= 52) and TCR.DS, not on TCR.IPS: with a smaller output size
 * these bits cause an Address size fault; they aren't ignored.
 */
function highAddressBits(descriptor: bigint, params: WalkParams): bigint {
  if (params.granuleBits === 16) {
    return field(descriptor, 15, 12) << 48n;
  }
  return params.ds ? (field(descriptor, 9, 8) << 50n) | (field(descriptor, 49, 48) << 48n) : 0n;
}

/** AArch64.BlockDescSupported: levels whose descriptors may be blocks (the machine's PA: 52 bits). */
export function blockDescSupported(level: number, params: WalkParams): boolean {
  switch (params.granuleBits) {
    case 12:
      return (level === 0 && params.ds) || level === 1 || level === 2;
    case 14:
      return (level === 1 && params.ds) || level === 2;
    default:
      return level === 1 || level === 2;
  }
}

/** TranslationSize: log2 of what one entry of this level covers. */
export function sizeBits(level: number, params: WalkParams): number {
  return params.granuleBits + (params.granuleBits - 3) * (FINAL_LEVEL - level);
}

/** AArch64.ContiguousBit and ContiguousSize: log2 of the set's entries, 0 if not contiguous. */
export function contiguousBits(descriptor: bigint, level: number, params: WalkParams): number {
  if (!bit(descriptor, 52)) {
    return 0;
  }
  switch (params.granuleBits) {
    case 12:
      return level === 0 ? 0 : 4;
    case 14:
      return level === 1 ? 0 : level === 2 ? 5 : 7;
    default:
      return level === 1 ? 0 : 5;
  }
}

/** The pseudocode's `Align(value, 1 << bits)`. */
export function alignDown(value: bigint, bits: number): bigint {
  return (value >> BigInt(bits)) << BigInt(bits);
}

function low48(value: bigint): bigint {
  return field(value, 47, 0);
}

/** One bit of a 64-bit value. */
export function bit(value: bigint, position: number): boolean {
  return ((value >> BigInt(position)) & 1n) === 1n;
}

/** The pseudocode's `value<high:low>`. */
export function field(value: bigint, high: number, low: number): bigint {
  return (value >> BigInt(low)) & (2n ** BigInt(high - low + 1) - 1n);
}
