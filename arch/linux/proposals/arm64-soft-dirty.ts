// Soft-dirty on arm64: where the bit could stand. None of these was merged by 7.0.
//
// Where a proposal does not say what becomes of a page in swap, bit 62 of the swap entry is taken, which is free in
// every layout since 6.8.

import type { ProposalInput } from "../bits-schema.js";

const SOURCES = {
  LINUX: "Linux kernel source, version as cited",
  LKML: "discussion on linux-mm and linux-arm-kernel, as cited",
};
const BASE = {
  architecture: "arm64",
  purpose: "softDirty",
  sources: SOURCES,
  base: "arm64-7.0",
  dirtySetsSoftDirty: false,
} as const;

const at = (present: number, title: string, cite: string): ProposalInput => ({
  ...BASE,
  name: `arm64-soft-dirty-${present}`,
  title,
  present,
  absent: 62,
  cite,
  confidence: "knowledge",
});

const inSwap = (absent: number, title: string, cite: string): ProposalInput => ({
  ...BASE,
  name: `arm64-soft-dirty-swap-${absent}`,
  title,
  present: 63,
  absent,
  cite,
  confidence: "knowledge",
});

export const arm64SoftDirty: readonly ProposalInput[] = [
  at(63, "soft-dirty in bit 63", "LKML April 2024, RFC of R. Roberts: bit 63"),
  {
    ...BASE,
    name: "arm64-soft-dirty-rfc",
    title: "soft-dirty in bit 63 and in bit 61 of swap entries, as the RFC of April 2024 had it",
    base: "arm64-6.8",
    present: 63,
    absent: 61,
    cite: "LKML April 2024, RFC of R. Roberts: PTE bit 63, swap bit 61, in the layout of the time",
    confidence: "knowledge",
  },
  at(57, "soft-dirty in bit 57", "LINUX 6.17: bit 57 is free (DEVMAP gone)"),
  at(59, "soft-dirty in bit 59", "ARM D8.7.2: PBHA[0], ignored unless enabled"),
  at(60, "soft-dirty in bit 60", "ARM D8.7.2: PBHA[1], ignored unless enabled"),
  at(61, "soft-dirty in bit 61", "ARM D8.7.2: PBHA[2], ignored unless enabled"),
  at(62, "soft-dirty in bit 62", "ARM D8.7.2: PBHA[3], ignored unless enabled"),
  {
    ...BASE,
    name: "arm64-soft-dirty-shares-58",
    title: "one bit for soft-dirty or uffd-wp, chosen by VMA",
    present: 58,
    absent: 3,
    shares: "UFFD_WP",
    cite: "LKML April 2024, idea of D. Hildenbrand",
    confidence: "knowledge",
  },
  inSwap(
    5,
    "soft-dirty in bit 63 and in bit 5 of swap entries",
    "LINUX 7.0 asm/pgtable.h: bits 5:4 of a swap entry are free",
  ),
  inSwap(
    4,
    "soft-dirty in bit 63 and in bit 4 of swap entries",
    "LINUX 7.0 asm/pgtable.h: bits 5:4 of a swap entry are free",
  ),
  inSwap(
    63,
    "soft-dirty in bit 63 and in bit 63 of swap entries",
    "LINUX 7.0 asm/pgtable.h: bits 63:62 of a swap entry are free",
  ),
  inSwap(
    11,
    "soft-dirty in bit 63 and in bit 11 of swap entries: to show that it cannot be",
    "LINUX 7.0 asm/pgtable.h: bit 11 must be 0 in a swap entry",
  ),
  {
    ...BASE,
    name: "arm64-soft-dirty-no-swap",
    title: "soft-dirty in bit 63, and nothing in swap entries",
    present: 63,
    cite: "LKML April 2024, RFC of R. Roberts, without its swap bit",
    confidence: "knowledge",
  },
];
