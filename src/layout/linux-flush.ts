// How Linux flushes TLBs on an architecture: instructions, how many of them at most, and who else is told.

import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import type { CompiledLayout } from "./compiled.js";

/** Operations that drop a range of pages: (1 to `counts`) * 2^(one of `log2`) pages each. */
export interface FlushRange {
  /** Most pages that are dropped so; more, and the context goes. */
  readonly pages: number;
  readonly counts: number;
  readonly log2: readonly number[];
}

/** What a kernel needs to flush. */
export interface CompiledFlush {
  /** Names of the instructions that drop a page of a context, a context, and a page on this CPU alone. */
  readonly page: string;
  readonly space: string;
  readonly own: string;
  /** The first of them drops the tables on the way to the page as well; else freed tables cost the whole context. */
  readonly pageDropsTables: boolean;
  /** Most pages of a range that are dropped one by one. */
  readonly ceiling: number;
  /** Operations on ranges, of CPUs that have them; null = none has. */
  readonly range: FlushRange | null;
  /** How CPUs that may hold translations of an address space are told. */
  readonly shootdown: LinuxLayout["shootdown"];
}

/**
 * Compiles how a layout flushes.
 * @throws MmulateError DESCRIPTOR where it names an instruction that is not there, or that drops no range
 */
export function compileFlush(
  linux: LinuxLayout,
  descriptor: Descriptor,
  layout: CompiledLayout,
): CompiledFlush {
  const { page, space, own } = linux.flush;
  return {
    page,
    space,
    own,
    pageDropsTables: instruction(linux, descriptor, page).tables !== "none",
    ceiling: ceilingOf(linux, layout),
    range: rangeOf(linux, descriptor),
    shootdown: linux.shootdown,
  };
}

/** Entries of a last-level table, less one, where the rule is "fewer than those". */
function ceilingOf({ flushCeiling: { pages } }: LinuxLayout, { halves }: CompiledLayout): number {
  return pages === "table" ? 2 ** (halves[0].levels[0]?.indexBits ?? 0) - 1 : pages;
}

function rangeOf(linux: LinuxLayout, descriptor: Descriptor): FlushRange | null {
  const { name, flushRange } = linux;
  if (flushRange === undefined) return null;
  const { range, pages } = flushRange;
  const { sizes } = instruction(linux, descriptor, range);
  if (sizes === undefined) {
    throw new MmulateError("DESCRIPTOR", `${name}: ${range} drops no range of pages`);
  }
  return { pages, counts: sizes.counts, log2: sizes.log2 };
}

function instruction(
  linux: LinuxLayout,
  descriptor: Descriptor,
  name: string,
): Descriptor["invalidations"][number] {
  const row = descriptor.invalidations.find((each) => each.name === name);
  if (row !== undefined) return row;
  throw new MmulateError("DESCRIPTOR", `${linux.name}: ${descriptor.name} has no ${name}`);
}
