// x86-64: bits of entries that the descriptor leaves out. Levels above the last are PDE and PDPTE.

import type { BitBookInput } from "../bits-schema.js";

export const x8664Bits: BitBookInput = {
  architecture: "x86-64",
  title: "x86-64, 4-level and 5-level paging",
  sources: {
    SDM: "Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3 (325384)",
    LINUX: "Linux kernel source, version as cited",
  },
  hardware: [
    {
      name: "ignored",
      bits: [58, 52],
      of: ["leaf", "huge"],
      kind: "ignored",
      means: "ignored in an entry that maps a page",
      cite: "SDM tables 4-16, 4-18, 4-20: 58:52 ignored",
    },
    {
      name: "ignored",
      bits: [62, 52],
      of: ["table"],
      kind: "ignored",
      means: "ignored in an entry that points to a table",
      cite: "SDM tables 4-15, 4-17, 4-19: 62:52 ignored",
    },
    {
      name: "PKEY",
      bits: [62, 59],
      of: ["leaf", "huge"],
      kind: "feature",
      under: "CR4.PKE or CR4.PKS",
      otherwise: "ignored",
      means: "protection key",
      cite: "SDM 4.6.2; tables 4-16, 4-18, 4-20",
    },
    {
      name: "ignored",
      bits: [11, 9],
      of: ["leaf", "huge"],
      kind: "ignored",
      means: "ignored in an entry that maps a page",
      cite: "SDM tables 4-16, 4-18, 4-20: 11:9 ignored",
    },
    {
      name: "R",
      bits: [11, 11],
      of: ["table"],
      kind: "feature",
      under: "HLAT paging",
      otherwise: "ignored",
      means: "restart with ordinary paging",
      cite: "SDM 4.5.4: bit 11 (R) for HLAT paging",
      confidence: "knowledge",
    },
    {
      name: "ignored",
      bits: [10, 8],
      of: ["table"],
      kind: "ignored",
      means: "ignored in an entry that points to a table",
      cite: "SDM tables 4-15, 4-17, 4-19: 10:8 ignored",
    },
    {
      name: "ignored",
      bits: [6, 6],
      of: ["table"],
      kind: "ignored",
      means: "ignored in an entry that points to a table",
      cite: "SDM tables 4-15, 4-17, 4-19: bit 6 ignored",
    },
  ],
  absentFixed: [
    {
      bits: [7, 7],
      means: "an entry of a huge page with it reads as present (a huge page that is being split)",
      cite: "LINUX 7.0 asm/pgtable.h: pmd_present tests PSE",
    },
    {
      bits: [6, 5],
      means: "the CPU may set them in a cleared entry, so that no field may stand there",
      cite: "LINUX 7.0 asm/pgtable_64.h: comment on the swap entry (Knights Landing erratum)",
    },
  ],
  movable: [
    {
      layouts: ["x86-64-6.1", "x86-64-6.12"],
      field: "DEVMAP",
      means: "gone in 6.17: pages of devices are known by other means",
      cite: "LINUX 6.17: _PAGE_DEVMAP removed",
    },
  ],
  flushIgnores: [
    {
      layouts: ["x86-64-6.12", "x86-64-7.0"],
      bits: [
        [58, 57],
        [11, 9],
      ],
      means: "SOFTW1 to SOFTW4 and SAVED_DIRTY",
      cite: "LINUX 7.0 asm/tlbflush.h: pte_flags_need_flush",
    },
    {
      layouts: ["x86-64-6.1"],
      bits: [
        [57, 57],
        [11, 9],
      ],
      means: "SOFTW1 to SOFTW4",
      cite: "LINUX 6.1 asm/tlbflush.h: pte_flags_need_flush",
      confidence: "knowledge",
    },
  ],
};
