/**
 * Reference walker for arm64, slow and straight-line: the oracle that the emulator is held against.
 *
 * Implements Arm ARM DDI 0487 chapter D8, VMSAv8-64 stage 1 of the EL1&0 regime, as its pseudocode
 * has it: AArch64.S1Translate, AArch64.S1Walk, AArch64.S1DirectBasePermissions and what they call.
 * The machine is the vectors': 52-bit physical addresses with FEAT_LPA, LVA, LPA2, TTST, HPDS,
 * HAFDBS and PAN; no TBI, EPD, E0PD, EPAN, PBHA, PIE, POE, HAFT, BBM or stage 2; non-secure.
 *
 *   Leaf:  63..55 54  53  52   51  50 49:48  47..n   n-1..12 11 10 9:8   7   6   5  4:2  1:0
 *          ign.   UXN PXN Cont DBM GP OA/res OA      res0    nG AF SH/OA AP2 AP1 NS Attr page/block
 *   Table: 63  62:61   60       59       58..51 50:48  47..n      n-1..2 1:0
 *          NS  APTable UXNTable PXNTable ign.   OA/res next table ign.   11
 *
 * OA[51:48] is in bits 15:12 with 64 KiB granules; with TCR.DS in 9:8 (OA[51:50]) and 49:48.
 */
import {
  alignDown,
  bit,
  blockDescSupported,
  contiguousBits,
  FINAL_LEVEL,
  field,
  leafBase,
  nextTableBase,
  oaOutOfRange,
  sizeBits,
  startLevel,
  ttBaseAddress,
  vaIsOutOfRange,
  type WalkParams,
  walkParams,
} from "./arm64-geometry.js";
import type {
  Access,
  Arm64Config,
  Arm64Fault,
  Expect,
  ReferenceOutcome,
  WalkCase,
} from "./vector.js";

/** TTWState after the last lookup, with the descriptor that ended it. */
interface Leaf {
  readonly address: bigint;
  readonly descriptor: bigint;
  readonly level: number;
  readonly tables: TablePermissions;
}

/** Permissions that table descriptors took away on the way, unless TCR.HPDn disables them. */
interface TablePermissions {
  noEl0Access: boolean;
  readOnly: boolean;
  uxn: boolean;
  pxn: boolean;
}

/** AArch64.S1Translate: walks the tables for one access and says what the manual lets come of it. */
export function referenceWalkArm64(vector: WalkCase<Arm64Config>): ReferenceOutcome {
  const { config, access } = vector;
  const params = walkParams(config, access.va);
  const leaf = s1Walk(vector, params);
  if ("kind" in leaf) {
    return { expect: { fault: leaf }, after: new Map(), may: new Map() };
  }

  const { address, descriptor, level } = leaf;
  const withAccessFlag = params.ha ? setBit(descriptor, 10) : descriptor;
  if (!s1DirectBasePermissions(leaf, config, params, access)) {
    // SettingAccessFlagPermitted: on a Permission fault it is CONSTRAINED UNPREDICTABLE whether
    // the access flag is set. SettingDirtyStatePermitted: only without any fault.
    const may = change(address, descriptor, withAccessFlag);
    return { expect: { fault: fault("permission", level) }, after: new Map(), may };
  }

  // "If HW update of dirty bit is enabled, the walk state permissions will already reflect a
  // configuration permitting writes": what is left is to clear AP[2] in memory.
  const dirties = params.hd && bit(descriptor, 51) && access.type === "write";
  const written = dirties ? clearBit(withAccessFlag, 7) : withAccessFlag;
  const expect: Expect = { pa: stageOA(leaf, access.va, params) };
  return { expect, after: change(address, descriptor, written), may: new Map() };
}

/** AArch64.S1Walk: the lookups from the TTBR's table to the leaf, or the fault that ends them. */
function s1Walk(vector: WalkCase<Arm64Config>, params: WalkParams): Leaf | Arm64Fault {
  const { va } = vector.access;
  const memory = new Map(vector.tables);
  const tables = { noEl0Access: false, readOnly: false, uxn: false, pxn: false };

  // AArch64.VAIsOutOfRange, then AArch64.OAOutOfRange of the TTBR's own address: both level 0.
  if (vaIsOutOfRange(va, params)) {
    return fault("translation", 0);
  }
  let level = startLevel(params);
  let base = ttBaseAddress(vector.root, params);
  if (oaOutOfRange(base, params)) {
    return fault("address-size", 0);
  }

  for (;;) {
    // AArch64.TTEntryAddress: the start level may resolve fewer bits than the others.
    const high = Math.min(sizeBits(level - 1, params), params.iaSize) - 1;
    const address = base + 8n * field(va, high, sizeBits(level, params));
    const descriptor = memory.get(address) ?? 0n;

    // AArch64.DecodeDescriptorType: 11 is a table, but a page at the final level.
    const isTable = field(descriptor, 1, 0) === 0b11n && level < FINAL_LEVEL;
    if (!isTable) {
      return s1Leaf({ address, descriptor, level, tables }, params);
    }
    base = nextTableBase(descriptor, params);
    if (oaOutOfRange(base, params)) {
      return fault("address-size", level);
    }
    applyTablePermissions(tables, descriptor, params);
    level += 1;
  }
}

/** AArch64.S1Walk, after the last lookup. Priority: Translation, Address size, Access flag. */
function s1Leaf(leaf: Leaf, params: WalkParams): Leaf | Arm64Fault {
  const { descriptor, level } = leaf;
  // AArch64.DecodeDescriptorType: x0 is invalid; 01 is a block where the granule and level have
  // blocks, else invalid; the final level has none.
  if (!bit(descriptor, 0)) {
    return fault("translation", level);
  }
  if (!bit(descriptor, 1) && !blockDescSupported(level, params)) {
    return fault("translation", level);
  }
  // AArch64.ContiguousBitFaults and BlocknTFaults are IMPLEMENTATION DEFINED: not taken here.
  if (oaOutOfRange(leafBase(descriptor, level, params), params)) {
    return fault("address-size", level);
  }
  if (!bit(descriptor, 10) && !params.ha) {
    return fault("access-flag", level);
  }
  return leaf;
}

/** AArch64.S1ApplyTablePerms. */
function applyTablePermissions(
  tables: TablePermissions,
  descriptor: bigint,
  params: WalkParams,
): void {
  if (params.hpd) {
    return;
  }
  tables.noEl0Access ||= bit(descriptor, 61);
  tables.readOnly ||= bit(descriptor, 62);
  tables.uxn ||= bit(descriptor, 60);
  tables.pxn ||= bit(descriptor, 59);
}

/** AArch64.S1DirectBasePermissions, asked for one access: whether it is permitted. */
function s1DirectBasePermissions(
  leaf: Leaf,
  config: Arm64Config,
  params: WalkParams,
  access: Access,
): boolean {
  const { descriptor, tables } = leaf;
  // "Descriptors marked with DBM set have the effective value of AP[2] cleared": for every
  // access, a fetch too, so that WXN and the rule on EL0-writable pages see a writable page.
  const ap2 = bit(descriptor, 7) && !(params.hd && bit(descriptor, 51));
  const ap1 = bit(descriptor, 6);

  // The leaf's AP[2:1], then APTable.
  let pr = true;
  let pw = !ap2 && !tables.readOnly;
  const ur = ap1 && !tables.noEl0Access;
  const uw = ur && pw;

  // "Locations writable by unprivileged cannot be executed by privileged."
  const px = !bit(descriptor, 53) && !tables.pxn && !uw;
  const ux = !bit(descriptor, 54) && !tables.uxn;

  // PSTATE.PAN keeps privileged data accesses from what EL0 can read.
  if (config.pan && access.type !== "fetch" && ur) {
    pr = false;
    pw = false;
  }

  const el0 = access.mode === "user";
  const [r, w, x] = el0 ? [ur, uw, ux] : [pr, pw, px];
  // SCTLR.WXN: what is writable at this Exception level isn't executable at it.
  const executable = x && !(config.wxn && w);
  return access.type === "fetch" ? executable : access.type === "write" ? w : r;
}

/** StageOA: the leaf's address above, the VA's bits below; a contiguous set counts as one leaf. */
function stageOA(leaf: Leaf, va: bigint, params: WalkParams): bigint {
  const { descriptor, level } = leaf;
  const bits = sizeBits(level, params) + contiguousBits(descriptor, level, params);
  return alignDown(leafBase(descriptor, level, params), bits) | field(va, bits - 1, 0);
}

/** EncodeLSC: the fault status code in ESR_EL1.ISS. */
function fault(kind: Arm64Fault["kind"], level: number): Arm64Fault {
  if (level === -1) {
    return { kind, level, fsc: kind === "address-size" ? 0x29n : 0x2bn };
  }
  const first = {
    "address-size": 0x00n,
    translation: 0x04n,
    "access-flag": 0x08n,
    permission: 0x0cn,
  };
  return { kind, level, fsc: first[kind] + BigInt(level) };
}

function change(address: bigint, before: bigint, now: bigint): Map<bigint, bigint> {
  return now === before ? new Map() : new Map([[address, now]]);
}

function setBit(value: bigint, position: number): bigint {
  return value | (1n << BigInt(position));
}

function clearBit(value: bigint, position: number): bigint {
  return value & ~(1n << BigInt(position));
}
