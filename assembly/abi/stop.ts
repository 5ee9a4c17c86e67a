// Why the core returned, and what it found: stop codes, fault kinds, access codes and the stop block.
//
// The core never throws. `run` and `translate` return; the block below says why and where.

export enum Stop {
  /** Every record was simulated, or the translation succeeded. */
  Done = 0,
  /** The access at the index raised a fault; the kernel acts and the run goes on there. */
  Fault = 1,
  /** An extended control record; the kernel acts and the run goes on behind its operands. */
  Control = 2,
  /** A record the core cannot act on: CPU or process number out of range. */
  BadRecord = 3,
  /** Simulated memory for tables or frames is used up. */
  OutOfMemory = 4,
  /** Demand paging met an entry it did not make at a level where it needs another. */
  DemandConflict = 5,
}

/** What went wrong in a walk, before the architecture's own code is looked up. */
export enum FaultKind {
  None = 0,
  /** The address is not canonical, or outside the range its table covers. */
  OutOfRange = 1,
  /** The entry is not present (x86-64) or invalid at this level (arm64 translation fault). */
  NotPresent = 2,
  /** The entry sets a bit that must be zero, or has a forbidden form. */
  Reserved = 3,
  /** An address in an entry, or the root, exceeds the configured output size. */
  AddressSize = 4,
  /** Accessed flag clear and software must set it. */
  AccessFlag = 5,
  /** The rights gathered over the levels deny the access. */
  Permission = 6,
  /** A protection key (or overlay) denies the access. */
  Key = 7,
  /** Dirty state clear on a store and software must set it. */
  Dirty = 8,
}
export const FAULT_KINDS = 9;

/** Who may do what: bit `mode * 3 + kind` of a rights mask; also the index into the code table. */
export enum Access {
  UserRead = 0,
  UserWrite = 1,
  UserFetch = 2,
  SupervisorRead = 3,
  SupervisorWrite = 4,
  SupervisorFetch = 5,
}
export const ACCESSES = 6;
/** Distance between the user's and the supervisor's codes. */
export const ACCESS_MODE_STRIDE = 3;

/** Rights-table flag beside the six rights: protection keys apply to this page. */
export const RIGHTS_KEYED = 64;
export const RIGHTS_MASK = 63;

/** Classes of an entry besides the fault kinds (a class below 16 is a `FaultKind`). */
export const CLASS_TABLE = 16;
export const CLASS_LEAF = 17;

// The stop block: byte offsets. 32-bit words, then 64-bit ones.
export const STOP_CODE = 0;
export const STOP_FAULT = 4;
/** Level of the entry that faulted, counted from the leaf (0 = last-level entry). */
export const STOP_LEVEL = 8;
/** `Access` that was tried. */
export const STOP_ACCESS = 12;
/** The architecture's own fault code. */
export const STOP_FAULT_CODE = 16;
/** Which half of the address space (0 or 1). */
export const STOP_HALF = 20;
/** 1 when a TLB entry, not a walk, denied the access. */
export const STOP_FROM_TLB = 24;
/** Which stage faulted: 0 the first; 1 the second, for the page itself; 2 the second, for a guest's table. */
export const STOP_STAGE = 28;
/** The virtual address of the access. */
export const STOP_VA = 32;
/** Physical address of the access where it went through. */
export const STOP_PA = 40;
/** Physical address of the last entry read. */
export const STOP_ENTRY_PA = 48;
/** Its value after any update. */
export const STOP_ENTRY = 56;
/** log2 bytes of the page, or contiguous group, that translated it. */
export const STOP_PAGE_SHIFT = 64;
/** Of a fault of the second stage: rights that its entries left, and the guest-physical address. */
export const STOP_RIGHTS = 68;
export const STOP_GPA = 72;
export const STOP_BYTES = 128;
