// The event record: the one currency between everything that produces accesses (traces, workloads,
// scenarios) and the core that simulates them.
//
// A record is one little-endian u64:
//
//    63                                              3 2    0
//   +-------------------------------------------------+------+
//   | address bits 63:3, or the operand of a control  | kind |
//   +-------------------------------------------------+------+
//
// Kinds 0..2 are accesses to the 8-byte word at `address & ~7`. They are bit for bit the records of
// the plain format "raw64" (bit 0 = write). Producers split accesses that cross a page.
// Kinds 3..6 are controls whose whole operand stands in bits 63:3.
// Kind 7 is an extended control: bits 10:3 hold its `Control` code, bits 18:11 the number of operand
// records that follow it. Only the kernel side (TypeScript) acts on those; the core stops at them.

/** Bytes of one record. */
export const EVENT_BYTES = 8;
/** Bits of a record that hold its kind. */
export const EVENT_KIND_MASK = 7;
/** An operand is shifted left by this much to make room for the kind. */
export const EVENT_OPERAND_SHIFT = 3;

export enum EventKind {
  /** Data read of the word at the address. */
  Read = 0,
  /** Data write. */
  Write = 1,
  /** Instruction fetch. */
  Fetch = 2,
  /** Following records run on CPU `operand`. */
  Cpu = 3,
  /** Following records run in process `operand`. */
  Process = 4,
  /** `operand` instructions were executed (for rates per kilo-instruction). */
  Instructions = 5,
  /** Privilege of the following accesses: operand 0 user, 1 supervisor. */
  Mode = 6,
  /** Extended control; the core stops with `Stop.Control`. */
  Control = 7,
}

/** Bits of an extended control record, counted after the kind. */
export const CONTROL_CODE_MASK = 0xff;
export const CONTROL_OPERANDS_SHIFT = 11;
export const CONTROL_OPERANDS_MASK = 0xff;

export enum Control {
  /** Operands: address, bytes, page shift. */
  Map = 0,
  /** Operands: address, bytes. */
  Unmap = 1,
  /** Operand: page shift the producer knows for the addresses that follow. */
  PageSize = 2,
  /** No operand: what is reported begins here; all before it was warm-up. */
  Measure = 3,
}
