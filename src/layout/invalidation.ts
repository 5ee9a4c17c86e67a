// TLB maintenance: rows of the descriptor -> flags of the core, and operands -> context and addresses.

import type { Descriptor } from "../../arch/schema.js";
import * as abi from "../../assembly/abi/invalidate.js";
import { MAX_CONTEXTS, MAX_GUESTS } from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import { hex } from "./bits.js";
import type { CompiledInvalidation, CompiledLayout } from "./compiled.js";
import { hintFor } from "./nearest.js";

type Row = Descriptor["invalidations"][number];

/** What the operand registers of an instruction say. */
export interface InvalidationOperands {
  /** Any address of the page, or the first of the range. */
  readonly va?: bigint;
  /** Length of the range. */
  readonly bytes?: bigint;
  /** PCID or ASID. */
  readonly context?: number;
  /** Number of the guest that a VMID, VPID or EPTP stands for. */
  readonly guest?: number;
}

/** The arguments of the core's `invalidate`. */
export interface InvalidationRequest {
  readonly flags: number;
  /** The context; of operations that take a guest, that. */
  readonly context: number;
  readonly first: bigint;
  readonly last: bigint;
}

const CONTEXT_FLAGS = { given: 0, current: abi.INVALIDATE_CURRENT, any: abi.INVALIDATE_ANY };
const GUEST_FLAGS = { given: abi.INVALIDATE_GUEST_GIVEN, any: abi.INVALIDATE_ANY_GUEST };
const STAGE2_FLAGS = {
  address: abi.INVALIDATE_STAGE2_ADDRESS,
  all: abi.INVALIDATE_STAGE2,
};
const TABLE_FLAGS = {
  none: 0,
  address: abi.INVALIDATE_TABLES_ON_WAY,
  context: abi.INVALIDATE_TABLES,
};

/** The operations of an architecture, in the order of its rows. */
export function compileInvalidations(
  descriptor: Descriptor,
  pageShift: number,
): CompiledInvalidation[] {
  return descriptor.invalidations.map((row) => ({
    name: row.name,
    flags: flagsOf(row),
    addresses: row.addresses,
    takesContext: row.context === "given",
    takesGuest: row.guest === "given",
    units: (row.sizes?.log2 ?? []).map((log2) => 1n << BigInt(pageShift + log2)),
    counts: BigInt(row.sizes?.counts ?? 0),
  }));
}

function flagsOf({
  addresses,
  context,
  global,
  tables,
  broadcast,
  secondStage,
  stageOne,
  guest,
}: Row): number {
  const everywhere = broadcast ? abi.INVALIDATE_EVERY_CPU : 0;
  const whose = guest === undefined ? 0 : GUEST_FLAGS[guest];
  const second = secondStage === undefined ? 0 : STAGE2_FLAGS[secondStage];
  if (addresses === "none" || stageOne === false) return everywhere | whose | second;
  const translations = abi.INVALIDATE_OWN | (global ? abi.INVALIDATE_GLOBAL : 0) | second;
  return translations | whose | CONTEXT_FLAGS[context] | TABLE_FLAGS[tables] | everywhere;
}

const LAST_ADDRESS = (1n << 64n) - 1n;

/**
 * Checks an operation and its operands against the architecture.
 * @throws MmulateError CONFIG: an unknown operation, an operand too many, too few or out of range
 */
export function requestOf(
  layout: CompiledLayout,
  name: string,
  operands: InvalidationOperands,
): InvalidationRequest {
  const operation = layout.invalidations.find((one) => one.name === name);
  if (operation === undefined) throw unknownOperation(layout, name);
  const who = `${layout.architecture}: ${name}`;
  const { addresses, takesContext, takesGuest } = operation;
  requireOperand(who, "va", operands.va, addresses === "one" || addresses === "range");
  requireOperand(who, "bytes", operands.bytes, addresses === "range");
  requireOperand(who, "context", operands.context, takesContext);
  requireOperand(who, "guest", operands.guest, takesGuest);
  const context = takesGuest
    ? checkedGuest(who, operands.guest ?? 0)
    : checkedContext(who, operands.context ?? 0);
  const range = rangeOf(who, layout.pageShift, operation, operands);
  return { flags: operation.flags, context, ...range };
}

function unknownOperation(layout: CompiledLayout, name: string): MmulateError {
  const known = layout.invalidations.map((one) => one.name);
  const hint = hintFor(name, known);
  return new MmulateError(
    "CONFIG",
    `${layout.architecture} has no TLB operation "${name}"${hint} (it has ${known.join(", ")})`,
  );
}

function requireOperand(who: string, operand: string, value: unknown, wanted: boolean): void {
  if (wanted === (value !== undefined)) return;
  throw new MmulateError("CONFIG", `${who} ${wanted ? "needs" : "takes no"} operand "${operand}"`);
}

function checkedContext(who: string, context: number): number {
  if (Number.isInteger(context) && context >= 0 && context < MAX_CONTEXTS) return context;
  throw new MmulateError(
    "CONFIG",
    `${who}: context ${context}, but 0 to ${MAX_CONTEXTS - 1} is allowed (the core has no more)`,
  );
}

function checkedGuest(who: string, guest: number): number {
  if (Number.isInteger(guest) && guest >= 0 && guest < MAX_GUESTS) return guest;
  throw new MmulateError(
    "CONFIG",
    `${who}: guest ${guest}, but 0 to ${MAX_GUESTS - 1} is allowed (the core has no more)`,
  );
}

function rangeOf(
  who: string,
  pageShift: number,
  operation: CompiledInvalidation,
  { va = 0n, bytes = 0n }: InvalidationOperands,
): { first: bigint; last: bigint } {
  const address = BigInt.asUintN(64, va);
  if (operation.addresses === "one") return { first: address, last: address };
  if (operation.addresses !== "range") return { first: 0n, last: LAST_ADDRESS };
  checkSize(who, operation, bytes);
  const page = 1n << BigInt(pageShift);
  const first = address & ~(page - 1n);
  const last = first + bytes - 1n;
  return { first, last: last > LAST_ADDRESS ? LAST_ADDRESS : last };
}

function checkSize(who: string, { units, counts }: CompiledInvalidation, bytes: bigint): void {
  const fits = units.some((unit) => bytes > 0n && bytes % unit === 0n && bytes / unit <= counts);
  if (fits) return;
  throw new MmulateError(
    "CONFIG",
    `${who}: ${bytes} bytes, but 1 to ${counts} times ${units.map(hex).join(" or ")} bytes is allowed`,
  );
}
