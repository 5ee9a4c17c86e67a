// riscv64: bits of Sv39, Sv48 and Sv57 entries, and what Linux keeps in them.
//
//   63 62:61 60:59                  58:54    53:10 9:8 7 6 5 4 3 2 1 0
//   N  PBMT  software, Svrsw60t59b  reserved PPN   RSW D A G U X W R V

import type { BitBookInput } from "../bits-schema.js";

type Field = NonNullable<BitBookInput["kernels"]>[number]["fields"][number];

const H = "LINUX 7.0 arch/riscv/include/asm/pgtable-bits.h";

const SPECIAL: Field = {
  name: "SPECIAL",
  bits: [8, 8],
  of: "present",
  means: "no struct page to count",
  cite: `${H}: _PAGE_SPECIAL`,
};
const PROT_NONE: Field = {
  name: "PROT_NONE",
  bits: [5, 5],
  of: "present",
  means: "present to the kernel, not to the CPU (G, with V clear)",
  cite: `${H}: _PAGE_PROT_NONE`,
};
const SWAP: Field[] = [
  {
    name: "V=0",
    bits: [0, 0],
    of: "absent",
    means: "invalid",
    cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: swap entry",
  },
  {
    name: "XW=0",
    bits: [2, 1],
    of: "absent",
    means: "zero",
    cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: swap entry",
  },
  {
    name: "PROT_NONE=0",
    bits: [5, 5],
    of: "absent",
    means: "else it reads as present",
    cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: swap entry",
  },
  {
    name: "SWP_EXCLUSIVE",
    bits: [6, 6],
    of: "absent",
    means: "anonymous exclusive, in swap",
    cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: _PAGE_SWP_EXCLUSIVE",
  },
  {
    name: "SWP_TYPE",
    bits: [11, 7],
    of: "absent",
    means: "type of the swap entry",
    cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: __SWP_TYPE_SHIFT",
  },
  {
    name: "SWP_OFFSET",
    bits: [63, 12],
    of: "absent",
    means: "offset of the swap entry",
    cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: __SWP_OFFSET_SHIFT",
  },
];
const protnone = { fields: ["PROT_NONE"], cite: `${H}: PAGE_NONE` };

export const riscv64Bits: BitBookInput = {
  architecture: "riscv64",
  title: "riscv64, Sv39, Sv48 and Sv57",
  sources: {
    PRIV: "The RISC-V Instruction Set Manual, volume II: Privileged Architecture",
    LINUX: "Linux kernel source, version as cited",
  },
  hardware: [
    {
      name: "N",
      bits: [63, 63],
      of: ["leaf", "huge"],
      kind: "feature",
      under: "Svnapot",
      otherwise: "reserved",
      means: "part of a naturally aligned power-of-two range",
      cite: "PRIV Svnapot",
    },
    {
      name: "PBMT",
      bits: [62, 61],
      of: ["leaf", "huge"],
      kind: "feature",
      under: "Svpbmt",
      otherwise: "reserved",
      means: "page-based memory type",
      cite: "PRIV Svpbmt",
    },
    {
      name: "T-Head",
      bits: [63, 59],
      of: ["leaf", "huge"],
      kind: "feature",
      under: "T-Head memory types (XTheadMae)",
      otherwise: "reserved",
      means: "memory type of T-Head cores from before Svpbmt",
      cite: `${H}, errata of T-Head`,
      confidence: "knowledge",
    },
    {
      name: "RSW60T59",
      bits: [60, 59],
      of: ["leaf", "huge", "table"],
      kind: "reserved",
      means: "a page fault where set; with Svrsw60t59b left to software",
      cite: "PRIV Sv39, page-table entry: 60:54 reserved; Svrsw60t59b",
    },
    {
      name: "reserved",
      bits: [58, 54],
      of: ["leaf", "huge", "table"],
      kind: "reserved",
      means: "a page fault where set",
      cite: "PRIV Sv39, page-table entry: 60:54 reserved",
    },
    {
      name: "reserved",
      bits: [63, 61],
      of: ["table"],
      kind: "reserved",
      means: "must be zero in a pointer",
      cite: "PRIV Svnapot, Svpbmt: reserved in non-leaf entries",
    },
    {
      name: "PPN",
      bits: [53, 10],
      of: ["leaf", "huge", "table"],
      kind: "address",
      means: "physical page number",
      cite: "PRIV Sv39, page-table entry",
    },
    {
      name: "RSW",
      bits: [9, 8],
      of: ["leaf", "huge", "table"],
      kind: "ignored",
      means: "reserved for software",
      cite: "PRIV Sv39, page-table entry: RSW",
    },
    {
      name: "D",
      bits: [7, 7],
      of: ["leaf", "huge"],
      kind: "field",
      means: "dirty",
      cite: "PRIV Sv32, A and D",
    },
    {
      name: "A",
      bits: [6, 6],
      of: ["leaf", "huge"],
      kind: "field",
      means: "accessed",
      cite: "PRIV Sv32, A and D",
    },
    {
      name: "reserved",
      bits: [7, 6],
      of: ["table"],
      kind: "reserved",
      means: "D and A are reserved in a pointer",
      cite: "PRIV Sv32: D, A and U reserved in non-leaf entries",
    },
    {
      name: "G",
      bits: [5, 5],
      of: ["leaf", "huge", "table"],
      kind: "field",
      means: "global",
      cite: "PRIV Sv32, G",
    },
    {
      name: "U",
      bits: [4, 4],
      of: ["leaf", "huge"],
      kind: "field",
      means: "user",
      cite: "PRIV Sv32, U",
    },
    {
      name: "reserved",
      bits: [4, 4],
      of: ["table"],
      kind: "reserved",
      means: "U is reserved in a pointer",
      cite: "PRIV Sv32: D, A and U reserved in non-leaf entries",
    },
    {
      name: "XWR",
      bits: [3, 1],
      of: ["leaf", "huge", "table"],
      kind: "field",
      means: "execute, write, read; 0 is a pointer",
      cite: "PRIV Sv32, XWR",
    },
    {
      name: "V",
      bits: [0, 0],
      of: ["leaf", "huge", "table"],
      kind: "field",
      means: "valid",
      cite: "PRIV Sv32, V",
    },
  ],
  kernels: [
    {
      name: "riscv64-6.12",
      title: "Linux 6.12 to 6.16 on riscv64",
      since: "6.12",
      fields: [
        SPECIAL,
        PROT_NONE,
        {
          name: "DEVMAP",
          bits: [9, 9],
          of: "present",
          means: "page of a device with struct pages",
          cite: "LINUX 6.12 arch/riscv/include/asm/pgtable-64.h: _PAGE_DEVMAP",
        },
        ...SWAP,
      ],
      protnone,
    },
    {
      name: "riscv64-6.17",
      title: "Linux 6.17 and 6.18 on riscv64",
      since: "6.17",
      fields: [SPECIAL, PROT_NONE, ...SWAP],
      protnone,
    },
    {
      name: "riscv64-7.0",
      title: "Linux 6.19 and later on riscv64",
      since: "6.19",
      fields: [
        SPECIAL,
        PROT_NONE,
        {
          name: "SOFT_DIRTY",
          bits: [59, 59],
          of: "present",
          under: "Svrsw60t59b",
          means: "written since clear_refs",
          cite: `${H}: _PAGE_SOFT_DIRTY`,
        },
        {
          name: "UFFD_WP",
          bits: [60, 60],
          of: "present",
          under: "Svrsw60t59b",
          means: "write-protected for userfaultfd",
          cite: `${H}: _PAGE_UFFD_WP`,
        },
        {
          name: "SWP_SOFT_DIRTY",
          bits: [3, 3],
          of: "absent",
          means: "soft-dirty, in swap",
          cite: `${H}: _PAGE_SWP_SOFT_DIRTY`,
        },
        {
          name: "SWP_UFFD_WP",
          bits: [4, 4],
          of: "absent",
          means: "write-protected for userfaultfd, in swap",
          cite: `${H}: _PAGE_SWP_UFFD_WP`,
        },
        ...SWAP,
      ],
      protnone,
    },
  ],
  absentFixed: [
    {
      bits: [2, 1],
      means: "zero",
      cite: "LINUX 7.0 arch/riscv/include/asm/pgtable.h: swap entry",
    },
  ],
  movable: [
    {
      layouts: ["riscv64-6.12"],
      field: "DEVMAP",
      means: "gone in 6.17: pages of devices are known by other means",
      cite: "LINUX 6.17: _PAGE_DEVMAP removed",
    },
  ],
};
