// Linux's page-table entries on arm64 (arch/arm64/include/asm/pgtable-hwdef.h, pgtable-prot.h, pgtable.h).
//
//   63 62..59 58      57     56      55    54  53  52   51          50 47......12 11    10 9..8 7      6
//   -- PBHA   UFFD_WP DEVMAP SPECIAL DIRTY UXN PXN CONT DBM = WRITE GP address    nG/PI AF SH   RDONLY USER
//
//   swap:  63 62 61..........12 11 10..6 5 4 3       2         1 0
//          0  0  offset         0  type  0 0 uffd-wp exclusive 0 0

import { flagOf } from "./flag-of.js";
import type { LinuxLayoutInput } from "./schema.js";

const SOURCES = {
  LINUX: "Linux kernel source, version as cited",
};

const DIRTY_AND_SPECIAL: LinuxLayoutInput["fields"] = [
  {
    name: "DIRTY",
    bits: [55, 55],
    of: "present",
    means: "dirty, as software knows it",
    cite: "LINUX 7.0 asm/pgtable-prot.h: PTE_DIRTY",
  },
  {
    name: "SPECIAL",
    bits: [56, 56],
    of: "present",
    means: "no struct page to count",
    cite: "LINUX 7.0 asm/pgtable-prot.h: PTE_SPECIAL",
  },
];

/** Ignored by the CPU; that software may have it was settled later, with the soft-dirty series of 2024. */
const SPARE_63 = {
  bits: [63, 63] as [number, number],
  cite: "LINUX 7.0 asm/pgtable-hwdef.h: bit 63 is among PTE_SWBITS_MASK",
  confidence: "knowledge" as const,
};

const DEVMAP: LinuxLayoutInput["fields"][number] = {
  name: "DEVMAP",
  bits: [57, 57],
  of: "present",
  means: "page of a device with struct pages",
  cite: "LINUX 6.12 asm/pgtable-prot.h: PTE_DEVMAP",
};

const UFFD_WP: LinuxLayoutInput["fields"][number] = {
  name: "UFFD_WP",
  bits: [58, 58],
  of: "present",
  means: "write-protected for userfaultfd",
  cite: "LINUX 7.0 asm/pgtable-prot.h: PTE_UFFD_WP",
};

const SWAP_FIELDS: LinuxLayoutInput["fields"] = [
  {
    name: "SWP_EXCLUSIVE",
    bits: [2, 2],
    of: "absent",
    means: "anonymous exclusive, in swap",
    cite: "LINUX 7.0 asm/pgtable-prot.h: PTE_SWP_EXCLUSIVE",
  },
  {
    name: "SWP_UFFD_WP",
    bits: [3, 3],
    of: "absent",
    means: "write-protected for userfaultfd, in swap",
    cite: "LINUX 7.0 asm/pgtable-prot.h: PTE_SWP_UFFD_WP",
  },
  {
    name: "SWP_TYPE",
    bits: [10, 6],
    of: "absent",
    means: "type of the swap entry",
    cite: "LINUX 7.0 asm/pgtable.h: __SWP_TYPE_SHIFT",
  },
  {
    name: "SWP_OFFSET",
    bits: [61, 12],
    of: "absent",
    means: "offset of the swap entry",
    cite: "LINUX 7.0 asm/pgtable.h: __SWP_OFFSET_SHIFT",
  },
];

/** write = DBM; dirty = DIRTY, or writable and not read-only; read-only entries keep it in DIRTY. */
const FLAGS: LinuxLayoutInput["flags"] = {
  write: {
    tests: [{ DBM: 1 }],
    set: [{ to: { DBM: 1 } }, { when: { DIRTY: 1 }, to: { AP2: 0 } }],
    clear: [{ when: { DBM: 1, AP2: 0 }, to: { DIRTY: 1 } }, { to: { DBM: 0, AP2: 1 } }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_write, pte_mkwrite_novma, pte_wrprotect",
  },
  dirty: {
    tests: [{ DIRTY: 1 }, { DBM: 1, AP2: 0 }],
    set: [{ to: { DIRTY: 1 } }, { when: { DBM: 1 }, to: { AP2: 0 } }],
    clear: [{ to: { DIRTY: 0, AP2: 1 } }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_dirty (pte_hw_dirty, pte_sw_dirty), pte_mkdirty, pte_mkclean",
  },
  young: flagOf("AF", "LINUX 7.0 asm/pgtable.h: pte_young, pte_mkyoung, pte_mkold"),
  special: flagOf("SPECIAL", "LINUX 7.0 asm/pgtable.h: pte_mkspecial"),
  contiguous: flagOf("CONT", "LINUX 7.0 asm/pgtable.h: pte_cont, pte_mkcont, pte_mknoncont"),
};

const UFFD_FLAG = flagOf(
  "UFFD_WP",
  "LINUX 7.0 asm/pgtable.h: pte_mkuffd_wp (its wrprotect is the caller's)",
);

const SWAP_FLAGS: LinuxLayoutInput["absent"]["flags"] = {
  exclusive: flagOf("SWP_EXCLUSIVE", "LINUX 7.0 asm/pgtable.h: pte_swp_mkexclusive"),
};

/** pte_modify: hardware dirtiness is saved, the protection written, dirtiness put where DBM wants it. */
function modify(to: Record<string, number>): LinuxLayoutInput["protections"]["r"] {
  return {
    rules: [
      { when: { DBM: 1, AP2: 0 }, to: { DIRTY: 1 } },
      { to },
      { when: { DIRTY: 1, DBM: 1 }, to: { AP2: 0 } },
    ],
    cite: "LINUX 7.0 asm/pgtable-prot.h: _PAGE_NONE, _PAGE_READONLY, _PAGE_SHARED...; pte_modify",
  };
}

const READ = { VALID: 1, AP1: 1, AP2: 1, DBM: 0, PXN: 1 };

const BASE = {
  architecture: "arm64",
  sources: SOURCES,
  noneIgnores: { fields: [], cite: "LINUX 7.0 asm/pgtable.h: pte_none" },
  dirtySetsSoftDirty: {
    value: false,
    cite: "LINUX 7.0: no soft-dirty on arm64 (no HAVE_ARCH_SOFT_DIRTY)",
  },
  leaf: [
    {
      fields: { TYPE: 1, AttrIndx: 0, SH: 3, AF: 1, nG: 1, PXN: 1 },
      cite: "LINUX 7.0 asm/pgtable-prot.h: _PROT_DEFAULT, PTE_TYPE_PAGE",
    },
    {
      fields: { TYPE: 0, AttrIndx: 0, SH: 3, AF: 1, nG: 1, PXN: 1 },
      cite: "LINUX 7.0 asm/pgtable.h: pmd_mkhuge (PMD_TYPE_SECT)",
    },
  ],
  flush: {
    page: "VAE1IS",
    space: "ASIDE1IS",
    own: "VAE1",
    cite: "LINUX 7.0 asm/tlbflush.h: flush_tlb_page, flush_tlb_mm",
  },
  flushCeiling: {
    pages: "table",
    cite: "LINUX 7.0 asm/tlbflush.h: MAX_DVM_OPS, on CPUs without FEAT_TLBIRANGE",
  },
  flushRange: {
    range: "RVAE1IS",
    pages: 2 ** 21,
    cite: "LINUX 7.0 asm/tlbflush.h: __flush_tlb_range_op, MAX_TLBI_RANGE_PAGES",
  },
  shootdown: {
    by: "broadcast",
    defers: "always",
    cite: "LINUX 7.0 asm/tlbflush.h: TLBI ...IS, DSB ISH; arch_tlbbatch_should_defer",
  },
  pageSizes: [
    { bytes: 4096, mode: { granule: 4 }, cite: "LINUX 7.0 arch/arm64/Kconfig: ARM64_4K_PAGES" },
    { bytes: 16384, mode: { granule: 16 }, cite: "LINUX 7.0 arch/arm64/Kconfig: ARM64_16K_PAGES" },
    { bytes: 65536, mode: { granule: 64 }, cite: "LINUX 7.0 arch/arm64/Kconfig: ARM64_64K_PAGES" },
  ],
  softwareAccess: {
    mode: { ha: false, hd: false },
    cite: "LINUX 7.0 arch/arm64/Kconfig: ARM64_HW_AFDBM; ID_AA64MMFR1_EL1.HAFDBS",
  },
  table: {
    fields: { VALID: 1, TYPE: 1, PXNTable: 1 },
    cite: "LINUX 7.0 asm/pgalloc.h: pmd_populate (PMD_TYPE_TABLE | PMD_TABLE_PXN)",
  },
} satisfies Partial<LinuxLayoutInput>;

const PROTECTIONS: LinuxLayoutInput["protections"] = {
  none: modify({ VALID: 0, nG: 1, AP1: 0, AP2: 1, DBM: 0, PXN: 1, UXN: 1 }),
  r: modify({ ...READ, UXN: 1 }),
  rw: modify({ ...READ, DBM: 1, UXN: 1 }),
  rx: modify({ ...READ, UXN: 0 }),
  rwx: modify({ ...READ, DBM: 1, UXN: 0 }),
};

/** From 6.11 on: PROT_NONE is nG without VALID, uffd-wp takes bit 58; DEVMAP until 6.16. */
export const linuxArm64With57: LinuxLayoutInput = {
  ...BASE,
  name: "arm64-6.12",
  title: "Linux 6.11 to 6.16 on arm64",
  fields: [...DIRTY_AND_SPECIAL, DEVMAP, UFFD_WP, ...SWAP_FIELDS],
  spare: SPARE_63,
  present: {
    tests: [{ VALID: 1 }, { VALID: 0, nG: 1 }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_present, pte_present_invalid",
  },
  flags: {
    ...FLAGS,
    uffdWp: UFFD_FLAG,
    protnone: {
      tests: [{ VALID: 0, nG: 1, AP1: 0, UXN: 1 }],
      cite: "LINUX 7.0 asm/pgtable.h: pte_protnone",
    },
  },
  protections: PROTECTIONS,
  absent: {
    type: "SWP_TYPE",
    offset: "SWP_OFFSET",
    offsetInverted: false,
    flags: {
      ...SWAP_FLAGS,
      uffdWp: flagOf("SWP_UFFD_WP", "LINUX 7.0 asm/pgtable.h: pte_swp_mkuffd_wp"),
    },
    cite: 'LINUX 7.0 asm/pgtable.h: comment "Encode and decode a swap entry"',
  },
};

/** From 6.17 on: bit 57 is free. */
export const linuxArm64: LinuxLayoutInput = {
  ...linuxArm64With57,
  name: "arm64-7.0",
  title: "Linux 6.17 and later on arm64",
  fields: [...DIRTY_AND_SPECIAL, UFFD_WP, ...SWAP_FIELDS],
  spare: {
    bits: [57, 57],
    cite: "LINUX 6.17 asm/pgtable-prot.h: bit 57 is free (DEVMAP gone)",
    confidence: "knowledge",
  },
};

/** The kernel of the March 2024 soft-dirty discussion: PROT_NONE has bit 58, no uffd-wp. */
export const linuxArm64Old: LinuxLayoutInput = {
  ...BASE,
  name: "arm64-6.8",
  title: "Linux 6.8 on arm64",
  spare: SPARE_63,
  fields: [
    ...DIRTY_AND_SPECIAL,
    DEVMAP,
    {
      name: "PROT_NONE",
      bits: [58, 58],
      of: "present",
      means: "present to the kernel, not to the CPU (with VALID clear)",
      cite: "LINUX 6.8 asm/pgtable-prot.h: PTE_PROT_NONE",
      confidence: "knowledge",
    },
    {
      name: "SWP_EXCLUSIVE",
      bits: [2, 2],
      of: "absent",
      means: "anonymous exclusive, in swap",
      cite: "LINUX 6.8 asm/pgtable-prot.h: PTE_SWP_EXCLUSIVE",
      confidence: "knowledge",
    },
    {
      name: "SWP_TYPE",
      bits: [7, 3],
      of: "absent",
      means: "type of the swap entry",
      cite: "LINUX 6.8 asm/pgtable.h: __SWP_TYPE_SHIFT",
      confidence: "knowledge",
    },
    {
      name: "SWP_OFFSET",
      bits: [57, 8],
      of: "absent",
      means: "offset of the swap entry",
      cite: "LINUX 6.8 asm/pgtable.h: __SWP_OFFSET_SHIFT",
      confidence: "knowledge",
    },
  ],
  present: {
    tests: [{ VALID: 1 }, { VALID: 0, PROT_NONE: 1 }],
    cite: "LINUX 6.8 asm/pgtable.h: pte_present",
    confidence: "knowledge",
  },
  flags: {
    ...FLAGS,
    protnone: {
      tests: [{ VALID: 0, PROT_NONE: 1 }],
      cite: "LINUX 6.8 asm/pgtable.h: pte_protnone",
      confidence: "knowledge",
    },
  },
  protections: {
    none: modify({ VALID: 0, PROT_NONE: 1, AP1: 0, AP2: 1, DBM: 0, PXN: 1, UXN: 1 }),
    r: modify({ ...READ, PROT_NONE: 0, UXN: 1 }),
    rw: modify({ ...READ, PROT_NONE: 0, DBM: 1, UXN: 1 }),
    rx: modify({ ...READ, PROT_NONE: 0, UXN: 0 }),
    rwx: modify({ ...READ, PROT_NONE: 0, DBM: 1, UXN: 0 }),
  },
  absent: {
    type: "SWP_TYPE",
    offset: "SWP_OFFSET",
    offsetInverted: false,
    flags: SWAP_FLAGS,
    cite: 'LINUX 6.8 asm/pgtable.h: comment "Encode and decode a swap entry"',
    confidence: "knowledge",
  },
};
