// A second stage: descriptor and mode -> what the core reads of it (assembly/abi/stage2.ts), and what its faults are
// told as.

import type { Descriptor } from "../../arch/schema.js";
import { HALF_BYTES, LAYOUT_HALVES } from "../../assembly/abi/layout.js";
import * as abi from "../../assembly/abi/stage2.js";
import { ACCESS_MODE_STRIDE, Access } from "../../assembly/abi/stop.js";
import { MAX_GUESTS } from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import { compileLayout, environmentOf } from "./compile.js";
import type { CompiledLayout } from "./compiled.js";
import { holds } from "./condition.js";
import { encodeLayout } from "./encode.js";
import type { ModeInput } from "./mode.js";
import { compilePagePolicy } from "./page-policy.js";

/** A compiled second stage. */
export interface CompiledStage2 {
  readonly layout: CompiledLayout;
  /** Bit of a fault's code for the user's right to fetch, where it has one of its own; null = it has none. */
  readonly userFetchAt: number | null;
  /** Reads of a guest's tables count as writes to them. */
  readonly tablesWritten: boolean;
  /** How faults are told (`secondStage` of the descriptor). */
  readonly codes: NonNullable<Descriptor["secondStage"]>;
}

/** What a core is to do with it. */
export interface Stage2Options {
  /** Address of the root table of guest 0, or of each guest by its number, at most `MAX_GUESTS`. */
  readonly root: bigint | readonly bigint[];
  /** How guests' memory is mapped at first touch, each page to itself (`compilePagePolicy`); left out, nobody maps it. */
  readonly pages?: string;
  /** Entries of the caches of pages and of tables, at most `STAGE2_MAX_ENTRIES`; 0 = none. */
  readonly pageEntries?: number;
  readonly tableEntries?: number;
}

/**
 * Compiles a second stage for guests of an architecture.
 * @throws MmulateError CONFIG on an illegal value; DESCRIPTOR where the descriptor is of no second stage
 */
export function compileStage2(descriptor: Descriptor, input: ModeInput = {}): CompiledStage2 {
  const layout = compileLayout(descriptor, input);
  const { secondStage: codes } = descriptor;
  if (codes === undefined) {
    throw new MmulateError("DESCRIPTOR", `${descriptor.name} is no second stage`);
  }
  const [half] = descriptor.addressSpace.halves;
  const environment = environmentOf(descriptor, layout.mode, half);
  const { tablesWritten: written, userFetch } = codes;
  const userFetchAt =
    userFetch !== undefined && holds(userFetch.when, environment) ? userFetch.at : null;
  const tablesWritten = written !== null && holds(written, environment);
  return { layout, tablesWritten, userFetchAt, codes };
}

/**
 * The core's block.
 * @throws MmulateError CONFIG where a cache is too large, or the policy is none of the second stage's
 */
export function encodeStage2(
  { layout, tablesWritten, codes }: CompiledStage2,
  { root, pages, pageEntries = 0, tableEntries = 0 }: Stage2Options,
): Uint8Array {
  const bytes = new Uint8Array(abi.STAGE2_HALF + HALF_BYTES);
  const view = new DataView(bytes.buffer);
  if (Math.max(pageEntries, tableEntries) > abi.STAGE2_MAX_ENTRIES) {
    throw new MmulateError(
      "CONFIG",
      `caches of the second stage: at most ${abi.STAGE2_MAX_ENTRIES} entries`,
    );
  }
  const roots = typeof root === "bigint" ? [root] : root;
  for (let guest = 0; guest < MAX_GUESTS; guest++) {
    view.setBigUint64(abi.STAGE2_ROOTS + 8 * guest, roots[guest] ?? 0n, true);
  }
  view.setUint32(abi.STAGE2_TELLS_GUEST_ACCESS, codes.tellsGuestAccess ? 1 : 0, true);
  view.setUint32(abi.STAGE2_TABLES_WRITTEN, tablesWritten ? 1 : 0, true);
  view.setUint32(abi.STAGE2_PAGE_ENTRIES, pageEntries, true);
  view.setUint32(abi.STAGE2_TABLE_ENTRIES, tableEntries, true);
  if (pages !== undefined) encodeDemand(view, layout, pages);
  const whole = encodeLayout(layout);
  bytes.set(whole.subarray(LAYOUT_HALVES, LAYOUT_HALVES + HALF_BYTES), abi.STAGE2_HALF);
  return bytes;
}

function encodeDemand(view: DataView, layout: CompiledLayout, pages: string): void {
  if (pages.includes(",")) {
    throw new MmulateError(
      "CONFIG",
      `second stage "${pages}": one size for all of a guest is allowed`,
    );
  }
  const { tableBits, policies } = compilePagePolicy(layout, pages);
  const [{ level, group, leafBits }] = policies;
  view.setUint32(abi.STAGE2_DEMAND, 1, true);
  view.setUint32(abi.STAGE2_DEMAND_LEVEL, level, true);
  view.setUint32(abi.STAGE2_DEMAND_GROUP, group, true);
  view.setBigUint64(abi.STAGE2_TABLE_BITS, tableBits, true);
  view.setBigUint64(abi.STAGE2_LEAF_BITS, leafBits, true);
}

/** A fault of the second stage, as the stop block has it. */
export interface Stage2Fault {
  readonly stage: number;
  readonly faultCode: number;
  /** Six bits, as in `Access`. */
  readonly rights: number;
}

/**
 * What the architecture reports: exit qualification, the ISS of a syndrome, or an exception's number. Rights are those of a
 * supervisor; that of a user to fetch is told beside them where it may differ.
 */
export function stage2Code({ codes, userFetchAt }: CompiledStage2, fault: Stage2Fault): number {
  const three = (fault.rights >> ACCESS_MODE_STRIDE) & 7;
  const rights = codes.rightsAt === null ? 0 : three << codes.rightsAt;
  const user = userFetchAt === null ? 0 : ((fault.rights >> Access.UserFetch) & 1) << userFetchAt;
  const which = fault.stage === 1 ? codes.pageSets : codes.tableSets;
  return fault.faultCode | rights | user | which;
}
