/**
 * Reference walker for x86-64, slow and straight-line: the oracle that the emulator is held against.
 *
 * Implements Intel SDM vol. 3A chapter 4 "Paging" for 4-level and 5-level paging:
 * 4.5.4 (translation), 4.6.1 and 4.6.2 (access rights, protection keys), 4.7 (error code) and
 * 4.8 (accessed and dirty flags). Steps are marked with the section they come from.
 * Not here, as in the vectors: PCID, PKS, CET, HLAT, implicit supervisor accesses.
 *
 *   63 62..59 58..52 51..M M-1..12        11..9 8 7  6 5 4   3   2   1   0
 *   XD key    ign.   rsvd  address        ign.  G PS D A PCD PWT U/S R/W P
 *
 * In a 4 KiB leaf bit 7 is PAT; in a 2 MiB or 1 GiB leaf PAT is bit 12 and the address is above it.
 */
import type { Access, ReferenceOutcome, WalkCase, X8664Config, X8664Fault } from "./vector.js";

/** A paging-structure entry that the walk used. */
interface Entry {
  readonly address: bigint;
  readonly value: bigint;
}

/** Why no translation or no access came of it; the error code follows from it and the access. */
interface Cause {
  readonly present: boolean;
  readonly reserved: boolean;
  readonly protectionKey: boolean;
}

/** Where the walk ended: `cause` is null if the last entry used maps a page. */
interface Walk {
  readonly used: readonly Entry[];
  readonly level: number;
  readonly cause: Cause | null;
}

const NOT_PRESENT: Cause = { present: false, reserved: false, protectionKey: false };
const RESERVED_BIT: Cause = { present: true, reserved: true, protectionKey: false };
const ACCESSED = 1n << 5n;
const DIRTY = 1n << 6n;

/** Walks the tables for one access and says what the SDM lets come of it. */
export function referenceWalkX8664(vector: WalkCase<X8664Config>): ReferenceOutcome {
  const { config, access } = vector;

  // Vol. 1, 3.3.7.1: a linear address is canonical if the bits above the width that paging
  // translates (48 or 57) all equal the top one it translates; else #GP, before any walk.
  if (!isCanonical(access.va, config.levels === 5 ? 57 : 48)) {
    return { expect: { fault: { kind: "non-canonical" } }, after: new Map(), may: new Map() };
  }

  // 4.5.4: is there a translation?
  const { used, level, cause } = walk(vector);
  if (cause !== null) {
    return pageFault(cause, access, config, used);
  }

  // 4.6: may this access use it?
  const leaf = used[used.length - 1] as Entry;
  const keyForbids = protectionKeyForbids(used, leaf, access, config);
  if (keyForbids || !rightsPermit(used, access, config)) {
    const violation = { present: true, reserved: false, protectionKey: keyForbids };
    return pageFault(violation, access, config, used);
  }

  const pageShift = 12 + 9 * (level - 1);
  const offset = field(access.va, pageShift - 1, 0);
  const pa = (field(leaf.value, 51, pageShift) << BigInt(pageShift)) | offset;
  return { expect: { pa }, after: flagUpdates(used, access.type === "write"), may: new Map() };
}

/** 4.5.4: the entries used, down to the one that maps the page or lacks the translation. */
function walk(vector: WalkCase<X8664Config>): Walk {
  const { config, access } = vector;
  const memory = new Map(vector.tables);
  const used: Entry[] = [];

  // CR3 locates the first table; 9 bits of the linear address select the entry in each.
  let table = vector.root;
  for (let level: number = config.levels; ; level--) {
    const shift = 12 + 9 * (level - 1);
    const address = table + 8n * field(access.va, shift + 8, shift);
    const value = memory.get(address) ?? 0n;
    // "If a paging-structure entry's P flag (bit 0) is 0 or if the entry sets any reserved bit,
    // the entry is used neither to reference another paging-structure entry nor to map a page."
    // 4.7: "reserved bits are not checked in a paging-structure entry whose P flag is 0".
    if (!bit(value, 0)) {
      return { used, level, cause: NOT_PRESENT };
    }
    if (hasReservedBit(value, level, config)) {
      return { used, level, cause: RESERVED_BIT };
    }
    used.push({ address, value });
    if (level === 1 || bit(value, 7)) {
      return { used, level, cause: null };
    }
    table = field(value, 51, 12) << 12n;
  }
}

/** Whether bits 63 down to `width - 1` of the address are all equal. */
function isCanonical(va: bigint, width: number): boolean {
  const top = field(va, 63, width - 1);
  return top === 0n || top === field(2n ** 64n - 1n, 63, width - 1);
}

/** 4.5.4, the tables of the entries' formats: whether a present entry sets a reserved bit. */
function hasReservedBit(value: bigint, level: number, config: X8664Config): boolean {
  // Bits 51:M, with M = MAXPHYADDR, in every entry.
  if (config.maxphyaddr < 52 && field(value, 51, config.maxphyaddr) !== 0n) {
    return true;
  }
  // Bit 63 (XD): "If IA32_EFER.NXE = 1, execute-disable […]; otherwise, reserved (must be 0)".
  if (bit(value, 63) && !config.nx) {
    return true;
  }
  if (level === 1 || !bit(value, 7)) {
    return false;
  }
  // PS = 1: reserved in a PML5E and a PML4E, and in a PDPTE of a processor without 1 GiB pages.
  if (level >= 4 || (level === 3 && !config.pse1g)) {
    return true;
  }
  // PS = 1 maps a page: the address bits below the page's size, except PAT (bit 12), are reserved.
  return level === 3 ? field(value, 29, 13) !== 0n : field(value, 20, 13) !== 0n;
}

/** 4.6: "user-mode address" if U/S is 1 in every entry that controls the translation. */
function isUserModeAddress(used: readonly Entry[]): boolean {
  return used.every((entry) => bit(entry.value, 2));
}

/** 4.6.1: access rights but for protection keys. */
function rightsPermit(used: readonly Entry[], access: Access, config: X8664Config): boolean {
  const userModeAddress = isUserModeAddress(used);
  const writable = used.every((entry) => bit(entry.value, 1));
  // XD counts only under EFER.NXE; without it a set bit 63 was a reserved bit already.
  const executeDisabled = used.some((entry) => bit(entry.value, 63));

  if (access.mode === "user") {
    // User-mode accesses: never to supervisor-mode addresses.
    if (!userModeAddress) {
      return false;
    }
    if (access.type === "read") {
      return true;
    }
    return access.type === "write" ? writable : !executeDisabled;
  }

  // Supervisor-mode accesses (explicit ones). Fetches: SMEP keeps them from user-mode addresses.
  if (access.type === "fetch") {
    return !(config.smep && userModeAddress) && !executeDisabled;
  }
  // Data: with CR4.SMAP = 1, user-mode addresses only while EFLAGS.AC = 1.
  if (userModeAddress && config.smap && !config.ac) {
    return false;
  }
  // Writes: R/W counts only with CR0.WP = 1.
  return access.type === "read" || writable || !config.wp;
}

/** 4.6.2: whether PKRU keeps a data access from a user-mode address (never a fetch). */
function protectionKeyForbids(
  used: readonly Entry[],
  leaf: Entry,
  access: Access,
  config: X8664Config,
): boolean {
  if (!config.pke || access.type === "fetch" || !isUserModeAddress(used)) {
    return false;
  }
  const key = Number(field(leaf.value, 62, 59));
  const accessDisable = bit(config.pkru, 2 * key);
  const writeDisable = bit(config.pkru, 2 * key + 1);
  if (accessDisable) {
    return true;
  }
  return writeDisable && access.type === "write" && (access.mode === "user" || config.wp);
}

/** 4.7: the error code. PK is set whenever the key forbids the access, whatever else does too. */
function pageFault(
  cause: Cause,
  access: Access,
  config: X8664Config,
  used: readonly Entry[],
): ReferenceOutcome {
  // I/D: only "if […] (a) CR4.SMEP = 1; or (b) […] IA32_EFER.NXE = 1" (CR4.PAE is always 1 here).
  const fetchReported = access.type === "fetch" && (config.smep || config.nx);
  const code =
    (cause.present ? 0x1n : 0n) |
    (access.type === "write" ? 0x2n : 0n) |
    (access.mode === "user" ? 0x4n : 0n) |
    (cause.reserved ? 0x8n : 0n) |
    (fetchReported ? 0x10n : 0n) |
    (cause.protectionKey ? 0x20n : 0n);
  const fault: X8664Fault = { kind: "page-fault", code };
  // 4.8: a processor may set A in an entry that it used before it finds the fault, or not; never D.
  return { expect: { fault }, after: new Map(), may: flagUpdates(used, false) };
}

/**
 * 4.8: "Whenever the processor uses a paging-structure entry as part of linear-address
 * translation, it sets the accessed flag in that entry"; "Whenever there is a write to a linear
 * address, the processor sets the dirty flag (if it is not already set)" in the leaf.
 * Returns only the entries that this changes. One entry may serve at several levels.
 */
function flagUpdates(used: readonly Entry[], write: boolean): Map<bigint, bigint> {
  const updated = new Map<bigint, bigint>();
  for (const [index, { address, value }] of used.entries()) {
    const isLeaf = index === used.length - 1;
    const now = value | ACCESSED | (write && isLeaf ? DIRTY : 0n);
    if (now !== value) {
      updated.set(address, now);
    }
  }
  return updated;
}

function bit(value: bigint, position: number): boolean {
  return ((value >> BigInt(position)) & 1n) === 1n;
}

function field(value: bigint, high: number, low: number): bigint {
  return (value >> BigInt(low)) & (2n ** BigInt(high - low + 1) - 1n);
}
