// ppc64: bits of radix page-table entries (book3s 64; bit 0 is the lowest here, the Power ISA counts from the top).

import type { BitBookInput } from "../bits-schema.js";

type Field = NonNullable<BitBookInput["kernels"]>[number]["fields"][number];

const H = "LINUX 7.0 arch/powerpc/include/asm/book3s/64/pgtable.h";
const both = ["leaf", "huge"] as ("leaf" | "huge")[];

const DEVMAP: Field = {
  name: "DEVMAP",
  bits: [11, 11],
  of: "present",
  means: "page of a device with struct pages",
  cite: "LINUX 6.12 arch/powerpc/include/asm/book3s/64/pgtable.h: _PAGE_DEVMAP",
};

const FIELDS: Field[] = [
  {
    name: "INVALID",
    bits: [61, 61],
    of: "present",
    places: ["huge"],
    means: "a huge entry that is being changed",
    cite: `${H}: _PAGE_INVALID`,
  },
  {
    name: "SPECIAL",
    bits: [10, 10],
    of: "present",
    means: "no struct page to count",
    cite: `${H}: _PAGE_SPECIAL`,
  },
  {
    name: "SOFT_DIRTY",
    bits: [9, 9],
    of: "present",
    means: "written since clear_refs",
    cite: `${H}: _PAGE_SOFT_DIRTY`,
  },
  {
    name: "PRESENT=0",
    bits: [63, 63],
    of: "absent",
    means: "invalid to the CPU",
    cite: `${H}: pte_present`,
  },
  {
    name: "PTE=1",
    bits: [62, 62],
    of: "absent",
    means: "kept, so that no entry reads as a table",
    cite: `${H}: __swp_entry_to_pte`,
  },
  {
    name: "INVALID=0",
    bits: [61, 61],
    of: "absent",
    means: "else it reads as present",
    cite: `${H}: pte_present`,
    confidence: "knowledge",
  },
  {
    name: "SWP_OFFSET",
    bits: [52, 12],
    of: "absent",
    means: "offset of the swap entry",
    cite: `${H}: __swp_offset`,
  },
  {
    name: "SWP_SOFT_DIRTY",
    bits: [9, 9],
    of: "absent",
    means: "soft-dirty, in swap",
    cite: `${H}: _PAGE_SWP_SOFT_DIRTY`,
  },
  {
    name: "SWP_EXCLUSIVE",
    bits: [5, 5],
    of: "absent",
    means: "anonymous exclusive, in swap",
    cite: `${H}: _PAGE_SWP_EXCLUSIVE`,
  },
  {
    name: "SWP_TYPE",
    bits: [4, 0],
    of: "absent",
    means: "type of the swap entry",
    cite: `${H}: SWP_TYPE_BITS`,
  },
];

export const ppc64Bits: BitBookInput = {
  architecture: "ppc64",
  title: "ppc64, radix tree of book3s",
  sources: { LINUX: "Linux kernel source, version as cited" },
  hardware: [
    {
      name: "PRESENT",
      bits: [63, 63],
      of: both,
      kind: "field",
      means: "valid",
      cite: `${H}: _PAGE_PRESENT`,
    },
    {
      name: "PTE",
      bits: [62, 62],
      of: both,
      kind: "field",
      means: "leaf",
      cite: `${H}: _PAGE_PTE`,
    },
    {
      name: "software",
      bits: [61, 61],
      of: both,
      kind: "ignored",
      means: "left to software",
      cite: `${H}: _PAGE_INVALID`,
      confidence: "knowledge",
    },
    {
      name: "PKEY",
      bits: [60, 56],
      of: both,
      kind: "feature",
      under: "hash translation (storage keys)",
      otherwise: "reserved",
      means: "storage key",
      cite: `${H}: H_PTE_PKEY`,
    },
    {
      name: "reserved",
      bits: [55, 53],
      of: both,
      kind: "reserved",
      means: "reserved",
      cite: `${H}: PTE_RPN_MASK`,
      confidence: "knowledge",
    },
    {
      name: "RPN",
      bits: [52, 12],
      of: both,
      kind: "address",
      means: "real page number",
      cite: `${H}: PTE_RPN_MASK`,
    },
    {
      name: "software",
      bits: [11, 9],
      of: both,
      kind: "ignored",
      means: "left to software",
      cite: `${H}: _RPAGE_SW1, _RPAGE_SW2, _RPAGE_SW3`,
    },
    {
      name: "R",
      bits: [8, 8],
      of: both,
      kind: "field",
      means: "accessed",
      cite: `${H}: _PAGE_ACCESSED`,
    },
    { name: "C", bits: [7, 7], of: both, kind: "field", means: "dirty", cite: `${H}: _PAGE_DIRTY` },
    { name: "reserved", bits: [6, 6], of: both, kind: "reserved", means: "reserved", cite: `${H}` },
    {
      name: "ATT",
      bits: [5, 4],
      of: both,
      kind: "field",
      means: "memory attributes",
      cite: `${H}: _PAGE_SAO, _PAGE_NON_IDEMPOTENT, _PAGE_TOLERANT`,
    },
    {
      name: "PRIVILEGED",
      bits: [3, 3],
      of: both,
      kind: "field",
      means: "kernel only",
      cite: `${H}: _PAGE_PRIVILEGED`,
    },
    {
      name: "READ",
      bits: [2, 2],
      of: both,
      kind: "field",
      means: "reads are allowed",
      cite: `${H}: _PAGE_READ`,
    },
    {
      name: "WRITE",
      bits: [1, 1],
      of: both,
      kind: "field",
      means: "writes are allowed",
      cite: `${H}: _PAGE_WRITE`,
    },
    {
      name: "EXEC",
      bits: [0, 0],
      of: both,
      kind: "field",
      means: "execution is allowed",
      cite: `${H}: _PAGE_EXEC`,
    },
  ],
  kernels: [
    {
      name: "ppc64-6.12",
      title: "Linux 6.12 to 6.16 on ppc64 (radix)",
      since: "6.12",
      fields: [DEVMAP, ...FIELDS],
    },
    {
      name: "ppc64-7.0",
      title: "Linux 6.17 and later on ppc64 (radix)",
      since: "6.17",
      fields: FIELDS,
    },
  ],
  movable: [
    {
      layouts: ["ppc64-6.12"],
      field: "DEVMAP",
      means: "gone in 6.17: pages of devices are known by other means",
      cite: "LINUX 6.17: _PAGE_DEVMAP removed",
    },
  ],
};
