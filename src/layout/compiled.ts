// The compiled layout: all that the core knows of an architecture, as plain data.

import type { Descriptor, FaultName } from "../../arch/schema.js";
import type { Mode } from "./mode.js";

/** (entry & mask) == value. */
export interface MaskValue {
  readonly mask: bigint;
  readonly value: bigint;
}

/** Fits no entry. */
export const NEVER: MaskValue = { mask: 0n, value: 1n };

/** A run of entry bits that lands in a permission index: rotr(entry, rotate) & mask. */
export interface GatherChunk {
  readonly rotate: number;
  readonly mask: number;
}

export interface CompiledLevel {
  /** Counted from the leaf. */
  readonly level: number;
  /** The manual's name and number of it. */
  readonly name: string;
  readonly number: number;
  /** Lowest address bit translated here; log2 bytes of a leaf. */
  readonly shift: number;
  readonly indexBits: number;
  /** Class by type byte: `CLASS_TABLE`, `CLASS_LEAF` or a fault kind; 256 values. */
  readonly types: readonly number[];
  readonly tableAddress: bigint;
  readonly leafAddress: bigint;
  readonly addressShift: number;
  readonly highAddress: bigint;
  readonly highShift: number;
  readonly tableReserved: bigint;
  readonly leafReserved: bigint;
  readonly tableForbidden: readonly MaskValue[];
  readonly leafForbidden: readonly MaskValue[];
  /** An entry that fits is a table without any peculiarity; `NEVER` = no such test. */
  readonly plainTable: MaskValue;
  /** Bits of a leaf that are no address bit within the output size. */
  readonly leafAttributes: bigint;
  /** log2 bytes of a contiguous group, 0 = none. */
  readonly groupShift: number;
  readonly group: MaskValue;
  readonly leafClass: number;
  readonly groupClass: number;
  /** Bits of a user leaf as a minimal kernel writes it; null where this level holds none. */
  readonly leafTemplate: bigint | null;
}

export interface CompiledPermissions {
  readonly leafGather: readonly GatherChunk[];
  readonly leafWidth: number;
  readonly tableGather: readonly GatherChunk[];
  readonly tableInvert: number;
  /** Name of each index bit, lowest first; "table.NAME" for restrictions. */
  readonly indexNames: readonly string[];
  /** Rights by index: bit = `Access`, `RIGHTS_KEYED` beside them. */
  readonly rights: readonly number[];
}

export interface CompiledUpdate extends MaskValue {
  readonly by: "hardware" | "fault" | "nobody";
}

export interface CompiledHalf {
  /** Root register: "CR3", "TTBR0". */
  readonly root: string;
  readonly vaBits: number;
  readonly range: MaskValue;
  readonly rangeLevel: number;
  readonly topLevel: number;
  readonly addressLimit: bigint;
  readonly typeShift: number;
  readonly levels: readonly CompiledLevel[];
  readonly permissions: CompiledPermissions;
  readonly keys: {
    readonly rotate: number;
    readonly mask: number;
    readonly denials: readonly number[];
  } | null;
  readonly accessed: CompiledUpdate;
  readonly dirty: CompiledUpdate;
  readonly tableSet: bigint;
  readonly accessedBeforePermission: boolean;
  readonly faultDropsTlb: boolean;
  readonly global: MaskValue;
  /** Fault codes: [kind][level][access], flattened. */
  readonly codes: readonly number[];
  readonly tableTemplate: bigint;
}

/** One instruction: what it drops, and which operands it takes. */
export interface CompiledInvalidation {
  readonly name: string;
  /** Sum of `INVALIDATE_*`. */
  readonly flags: number;
  readonly addresses: Descriptor["invalidations"][number]["addresses"];
  readonly takesContext: boolean;
  readonly takesGuest: boolean;
  /** A range is `1..counts` times one of these, in bytes; empty where the operation takes none. */
  readonly units: readonly bigint[];
  readonly counts: bigint;
}

export interface CompiledLayout {
  readonly architecture: string;
  readonly mode: Mode;
  readonly selectBit: number;
  readonly pageShift: number;
  /** log2 bytes of each page-size class of both halves, smallest first; class 0 is unused. */
  readonly classShifts: readonly number[];
  readonly halves: readonly [CompiledHalf, CompiledHalf];
  /** TLB maintenance. The core knows it by flags (assembly/abi/invalidate.ts), not from the layout. */
  readonly invalidations: readonly CompiledInvalidation[];
}

/** Fault names in the order of `FaultKind`, so that index = kind. */
export const FAULT_NAMES: readonly (FaultName | "none")[] = [
  "none",
  "out-of-range",
  "not-present",
  "reserved",
  "address-size",
  "access-flag",
  "permission",
  "key",
  "dirty",
];
