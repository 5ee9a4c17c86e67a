/**
 * Reference walker for riscv64, slow and straight-line: the oracle that the emulator is held against.
 *
 * Implements the section "Virtual Address Translation Process" of the RISC-V privileged manual for Sv39,
 * Sv48 and Sv57, step by step, with what Svnapot, Svpbmt and Svrsw60t59b add to it. No Zicfiss, H or PMP;
 * every address is memory. MODE is never Bare: satp's PPN is the case's root.
 *
 *   63 62:61 60:54 53:10 9:8 7 6 5 4 3 2 1 0
 *   N  PBMT  res.  PPN   RSW D A G U X W R V
 */
import type { Access, ReferenceOutcome, Riscv64Config, WalkCase } from "./vector.js";

const V = 0;
const R = 1;
const W = 2;
const X = 3;
const U = 4;
const A = 6;
const D = 7;

/** Translates one access and says what the manual lets come of it. */
export function referenceWalkRiscv64(vector: WalkCase<Riscv64Config>): ReferenceOutcome {
  const { config, access, root } = vector;
  const { va } = access;
  const memory = new Map(vector.tables);
  const levels = (config.sv - 12) / 9;

  // Sv39: "bits 63-39 all equal to bit 38, or else a page-fault exception will occur".
  if (va !== BigInt.asUintN(64, BigInt.asIntN(config.sv, va))) return pageFault(access);

  // Step 1.
  let a = root;
  let i = levels - 1;
  for (;;) {
    // Step 2.
    const address = a + 8n * vpn(va, i);
    const pte = memory.get(address) ?? 0n;

    // Step 3: "if pte.v=0, or if pte.r=0 and pte.w=1, or if any bits or encodings that are reserved for
    // future standard use are set within pte".
    if (!bit(pte, V) || (!bit(pte, R) && bit(pte, W))) return pageFault(access);
    const isLeaf = bit(pte, R) || bit(pte, X);
    if (usesReserved(pte, i, isLeaf, config)) return pageFault(access);

    // Step 4.
    if (!isLeaf) {
      i -= 1;
      if (i < 0) return pageFault(access);
      a = ppn(pte) << 12n;
      continue;
    }

    // Step 5, and step 6: "if i>0 and pte.ppn[i-1:0] ≠ 0, this is a misaligned superpage".
    if (!isAllowed(pte, access, config)) return pageFault(access);
    if (BigInt.asUintN(9 * i, ppn(pte)) !== 0n) return pageFault(access);

    // Step 7.
    const now = pte | (1n << BigInt(A)) | (access.type === "write" ? 1n << BigInt(D) : 0n);
    if (now !== pte && !config.svadu) return pageFault(access);

    // Step 8. A NAPOT entry is read as if its low bits were those of the address.
    const within = BigInt(12 + 9 * i + (bit(pte, 63) ? 4 : 0));
    const pa = (((ppn(pte) << 12n) >> within) << within) | BigInt.asUintN(Number(within), va);
    const after = now === pte ? new Map<bigint, bigint>() : new Map([[address, now]]);
    return { expect: { pa }, after, may: new Map() };
  }
}

/** Reserved bits and encodings of a valid entry at level i. */
function usesReserved(pte: bigint, i: number, isLeaf: boolean, config: Riscv64Config): boolean {
  const unused = config.svrsw60t59b ? field(pte, 58, 54) : field(pte, 60, 54);
  if (unused !== 0n) return true;
  const memoryType = field(pte, 62, 61);
  if (!isLeaf)
    return memoryType !== 0n || bit(pte, 63) || bit(pte, A) || bit(pte, D) || bit(pte, U);
  if (config.svpbmt ? memoryType === 3n : memoryType !== 0n) return true;
  if (!bit(pte, 63)) return false;
  // Table of the encodings with N=1: i=0 and ppn[0] = "x xxxx 1000", all else reserved.
  return !config.svnapot || i > 0 || BigInt.asUintN(4, ppn(pte)) !== 8n;
}

/** U, SUM, R, W, X and MXR. */
function isAllowed(pte: bigint, access: Access, config: Riscv64Config): boolean {
  if (access.mode === "user" && !bit(pte, U)) return false;
  if (access.mode === "supervisor" && bit(pte, U) && (access.type === "fetch" || !config.sum)) {
    return false;
  }
  if (access.type === "fetch") return bit(pte, X);
  if (access.type === "write") return bit(pte, W);
  return bit(pte, R) || (config.mxr && bit(pte, X));
}

/** scause: 12 for a fetch, 13 for a load, 15 for a store. */
function pageFault({ type }: Access): ReferenceOutcome {
  const cause = type === "fetch" ? 12n : type === "read" ? 13n : 15n;
  return { expect: { fault: { kind: "page-fault", cause } }, after: new Map(), may: new Map() };
}

function vpn(va: bigint, i: number): bigint {
  return field(va, 20 + 9 * i, 12 + 9 * i);
}

function ppn(pte: bigint): bigint {
  return field(pte, 53, 10);
}

function bit(value: bigint, position: number): boolean {
  return ((value >> BigInt(position)) & 1n) === 1n;
}

function field(value: bigint, high: number, low: number): bigint {
  return (value >> BigInt(low)) & (2n ** BigInt(high - low + 1) - 1n);
}
