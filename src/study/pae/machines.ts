// Machines of the study: every architecture with every size of base pages that Linux has on it, and the geometry of
// several page tables in a page.

import { MANY_TABLES_A_PAGE } from "../../../arch/fixtures/index.js";
import { ARCHITECTURES } from "../../../arch/index.js";
import { LINUX_LAYOUTS } from "../../../arch/linux/index.js";
import type { StudyPoint } from "../types.js";
import type { Memory } from "./workloads.js";

interface Size {
  readonly selector: string;
  readonly page: number;
}

const HUGE = 2 ** 21;
const MIDDLE = 2 ** 16;
const ENTRY_BYTES = 8;
/** Fewest huge pages of a workload. */
const HUGE_PAGES = 4;

/** "NAME", and "NAME:PARAMETER=VALUE" for each size of base pages beside the first. */
function sizesOf(name: string): Size[] {
  const layout = [...LINUX_LAYOUTS.values()].findLast(({ architecture }) => architecture === name);
  return (layout?.pageSizes ?? []).map(({ bytes, mode }, i) => {
    const words = Object.entries(mode).map(([key, value]) => `:${key}=${String(value)}`);
    return { selector: i === 0 ? name : `${name}${words.join("")}`, page: bytes };
  });
}

const FIXTURE = MANY_TABLES_A_PAGE.architecture?.name ?? "";
const SIZES: readonly Size[] = [
  ...[...ARCHITECTURES.keys()].flatMap(sizesOf),
  { selector: FIXTURE, page: 2 ** 16 },
];

/** Selectors of all of them. */
export const MACHINES: readonly string[] = SIZES.map(({ selector }) => selector);

type Machine = StudyPoint["machine"];

/** What a selector needs that no list has. */
export function partsOf(arch: string): Pick<Machine, "architecture" | "layout"> {
  return arch === FIXTURE ? MANY_TABLES_A_PAGE : {};
}

/** Bytes of a base page. */
export function pageOf(arch: string): number {
  return SIZES.find(({ selector }) => selector === arch)?.page ?? 4096;
}

/** Folios of the size are larger than a base page. */
export function hasFolios(arch: string, memory: Memory): boolean {
  return memory !== "64k" || pageOf(arch) < MIDDLE;
}

/** A page-table level up, a leaf is 2 MiB: then the folio is mapped as a whole. */
function mapsWhole(arch: string): boolean {
  return arch === FIXTURE || pageOf(arch) * (pageOf(arch) / ENTRY_BYTES) === HUGE;
}

/** The kernel's settings under which a mapping consists of these. */
export function settingsOf(arch: string, memory: Memory): string {
  if (memory === "64k") return ":thp=never:mthp=64k";
  return memory === "2m" && !mapsWhole(arch) ? ":thp=never:mthp=2m" : "";
}

/** Base pages of a workload's mapping: a few huge pages at least. */
export function pagesOf(arch: string, memory: Memory, asked: number): number {
  const least = memory === "2m" || memory === "pool" ? HUGE_PAGES * (HUGE / pageOf(arch)) : 0;
  return Math.max(asked, least);
}
