// Linux's page-table entries on x86-64 (arch/x86/include/asm/pgtable_types.h, pgtable.h, pgtable_64.h).
//
//   63 62..59 58          57     56..52 51......12 11         10      9       8      7    6 5 4  3  2  1  0
//   XD PKEY   SAVED_DIRTY DEVMAP  --    address    SOFT_DIRTY UFFD_WP SPECIAL G/PN   PAT  D A    .. US RW P
//
//   swap:  63..59 58................9 8 7 6 5 4 3         2       1          0
//          type   offset (inverted)   0 0 0 0 0 exclusive uffd-wp soft-dirty 0

import { flagOf } from "./flag-of.js";
import type { LinuxLayoutInput } from "./schema.js";

const SOURCES = {
  LINUX: "Linux kernel source, version as cited",
};

const RULES_WITHOUT_SAVED_DIRTY = {
  write: {
    tests: [{ RW: 1 }],
    set: [{ to: { RW: 1 } }],
    clear: [{ to: { RW: 0 } }],
    cite: "LINUX 6.1 asm/pgtable.h: pte_write, pte_mkwrite, pte_wrprotect",
  },
  dirty: {
    tests: [{ D: 1 }],
    set: [{ to: { D: 1 } }],
    clear: [{ to: { D: 0 } }],
    cite: "LINUX 6.1 asm/pgtable.h: pte_dirty, pte_mkdirty, pte_mkclean",
  },
};

/** A read-only entry keeps its dirtiness in bit 58, because RW = 0, D = 1 means a shadow-stack page. */
const RULES_WITH_SAVED_DIRTY = {
  write: {
    tests: [{ RW: 1 }],
    set: [{ to: { RW: 1 } }, { when: { SAVED_DIRTY: 1 }, to: { SAVED_DIRTY: 0, D: 1 } }],
    clear: [{ to: { RW: 0 } }, { when: { D: 1 }, to: { D: 0, SAVED_DIRTY: 1 } }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_write, pte_mkwrite, pte_wrprotect, mksaveddirty_shift",
  },
  dirty: {
    tests: [{ D: 1 }, { SAVED_DIRTY: 1 }],
    set: [
      { when: { RW: 1 }, to: { D: 1 } },
      { when: { RW: 0 }, to: { SAVED_DIRTY: 1 } },
    ],
    clear: [{ to: { D: 0, SAVED_DIRTY: 0 } }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_dirty, pte_mkdirty, pte_mkclean",
  },
};

const DEVMAP = {
  name: "DEVMAP",
  bits: [57, 57] as [number, number],
  of: "present" as const,
  means: "page of a device with struct pages",
  cite: "LINUX 6.12 asm/pgtable_types.h: _PAGE_DEVMAP",
};

const SAVED_DIRTY = {
  name: "SAVED_DIRTY",
  bits: [58, 58] as [number, number],
  of: "present" as const,
  means: "dirty, kept while read-only",
  cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_SAVED_DIRTY",
};

/** Ignored by the CPU, and nobody's in Linux. */
const SPARE_56 = {
  bits: [56, 56] as [number, number],
  cite: "SDM vol. 3A, table 4-20: bits 58:52 of an entry that maps a page are ignored; LINUX 6.12 asm/pgtable_types.h names none of 56:52",
  confidence: "knowledge" as const,
};

const FIELDS: LinuxLayoutInput["fields"] = [
  {
    name: "PROTNONE",
    bits: [8, 8],
    of: "present",
    means: "present to the kernel, not to the CPU (with P clear)",
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_BIT_PROTNONE",
  },
  {
    name: "SPECIAL",
    bits: [9, 9],
    of: "present",
    means: "no struct page to count",
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_BIT_SPECIAL",
  },
  {
    name: "UFFD_WP",
    bits: [10, 10],
    of: "present",
    means: "write-protected for userfaultfd",
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_BIT_UFFD_WP",
  },
  {
    name: "SOFT_DIRTY",
    bits: [11, 11],
    of: "present",
    means: "written since clear_refs",
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_BIT_SOFT_DIRTY",
  },
  {
    name: "SWP_SOFT_DIRTY",
    bits: [1, 1],
    of: "absent",
    means: "soft-dirty, in swap",
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_SWP_SOFT_DIRTY",
  },
  {
    name: "SWP_UFFD_WP",
    bits: [2, 2],
    of: "absent",
    means: "write-protected for userfaultfd, in swap",
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_SWP_UFFD_WP",
  },
  {
    name: "SWP_EXCLUSIVE",
    bits: [3, 3],
    of: "absent",
    means: "anonymous exclusive, in swap",
    cite: "LINUX 7.0 asm/pgtable.h: _PAGE_SWP_EXCLUSIVE",
  },
  {
    name: "SWP_OFFSET",
    bits: [58, 9],
    of: "absent",
    means: "offset of the swap entry, stored inverted (L1TF)",
    cite: "LINUX 7.0 asm/pgtable_64.h: SWP_OFFSET_FIRST_BIT, __swp_entry",
  },
  {
    name: "SWP_TYPE",
    bits: [63, 59],
    of: "absent",
    means: "type of the swap entry",
    cite: "LINUX 7.0 asm/pgtable_64.h: SWP_TYPE_BITS",
  },
];

const SAVE = { when: { RW: 0, D: 1 }, to: { D: 0, SAVED_DIRTY: 1 } };
const RESTORE = { when: { RW: 1, SAVED_DIRTY: 1 }, to: { SAVED_DIRTY: 0, D: 1 } };

/** pgprot values of user mappings, less what pte_modify keeps. */
const PROTECTION = {
  none: { P: 0, RW: 0, US: 0, PROTNONE: 1, XD: 0 },
  r: { P: 1, RW: 0, US: 1, PROTNONE: 0, XD: 1 },
  rw: { P: 1, RW: 1, US: 1, PROTNONE: 0, XD: 1 },
  rx: { P: 1, RW: 0, US: 1, PROTNONE: 0, XD: 0 },
  rwx: { P: 1, RW: 1, US: 1, PROTNONE: 0, XD: 0 },
};
const PROTECTION_CITE = "LINUX 7.0 asm/pgtable_types.h: PAGE_NONE, PAGE_READONLY...; pte_modify";

/** pte_modify: the protection's own bits, then dirtiness goes where the new RW wants it. */
function protectionsWith(
  rules: LinuxLayoutInput["protections"]["r"]["rules"],
): LinuxLayoutInput["protections"] {
  const one = (to: Record<string, number>) => ({
    rules: [{ to }, ...rules],
    cite: PROTECTION_CITE,
  });
  return {
    none: one(PROTECTION.none),
    r: one(PROTECTION.r),
    rw: one(PROTECTION.rw),
    rx: one(PROTECTION.rx),
    rwx: one(PROTECTION.rwx),
  };
}

const BASE = {
  architecture: "x86-64",
  sources: SOURCES,
  noneIgnores: {
    fields: ["A", "D"],
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_KNL_ERRATUM_MASK; pte_none",
  },
  present: {
    tests: [{ P: 1 }, { P: 0, PROTNONE: 1 }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_present",
  },
  inverted: {
    unless: { P: 1 },
    cite: "LINUX 7.0 asm/pgtable-invert.h: __pte_needs_invert, protnone_mask",
  },
  dirtySetsSoftDirty: { value: true, cite: "LINUX 7.0 asm/pgtable.h: pte_mkdirty" },
  leaf: [
    { fields: { A: 1 }, cite: "LINUX 7.0 asm/pgtable_types.h: PAGE_READONLY" },
    { fields: { A: 1, PS: 1 }, cite: "LINUX 7.0 asm/pgtable.h: pmd_mkhuge" },
  ],
  table: {
    fields: { P: 1, RW: 1, US: 1, A: 1, D: 1 },
    cite: "LINUX 7.0 asm/pgtable_types.h: _PAGE_TABLE",
  },
  flush: {
    page: "INVPCID address",
    space: "INVPCID context",
    own: "INVPCID address",
    cite: "LINUX 7.0 arch/x86/mm/tlb.c: flush_tlb_one_user, flush_tlb_func",
  },
  flushCeiling: {
    pages: 33,
    cite: "LINUX 7.0 arch/x86/mm/tlb.c: tlb_single_page_flush_ceiling",
  },
  shootdown: {
    by: "ipi",
    cpus: "running",
    contexts: 6,
    defers: "others",
    cite: "LINUX 7.0 arch/x86/mm/tlb.c: flush_tlb_mm_range, should_flush_tlb, switch_mm_irqs_off; asm/tlbflush.h: TLB_NR_DYN_ASIDS, arch_tlbbatch_should_defer",
  },
  pageSizes: [{ bytes: 4096, mode: {}, cite: "LINUX 7.0 asm/page_types.h: PAGE_SHIFT" }],
  absent: {
    type: "SWP_TYPE",
    offset: "SWP_OFFSET",
    offsetInverted: true,
    flags: {
      softDirty: flagOf("SWP_SOFT_DIRTY", "LINUX 7.0 asm/pgtable.h: pte_swp_mksoft_dirty"),
      uffdWp: flagOf("SWP_UFFD_WP", "LINUX 7.0 asm/pgtable.h: pte_swp_mkuffd_wp"),
      exclusive: flagOf("SWP_EXCLUSIVE", "LINUX 7.0 asm/pgtable.h: pte_swp_mkexclusive"),
    },
    cite: 'LINUX 7.0 asm/pgtable_64.h: comment "Encode and de-code a swap entry"',
  },
} satisfies Partial<LinuxLayoutInput>;

const FLAGS = {
  young: flagOf("A", "LINUX 7.0 asm/pgtable.h: pte_young, pte_mkyoung, pte_mkold"),
  softDirty: flagOf("SOFT_DIRTY", "LINUX 7.0 asm/pgtable.h: pte_mksoft_dirty"),
  uffdWp: flagOf(
    "UFFD_WP",
    "LINUX 7.0 asm/pgtable.h: pte_mkuffd_wp (its wrprotect is the caller's)",
  ),
  special: flagOf("SPECIAL", "LINUX 7.0 asm/pgtable.h: pte_mkspecial"),
  protnone: {
    tests: [{ P: 0, PROTNONE: 1 }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_protnone",
  },
};

/** From 6.6 on, with SAVED_DIRTY; DEVMAP until 6.16. */
export const linuxX8664With57: LinuxLayoutInput = {
  ...BASE,
  name: "x86-64-6.12",
  title: "Linux 6.6 to 6.16 on x86-64",
  fields: [...FIELDS, SAVED_DIRTY, DEVMAP],
  heldDirty: {
    fields: { SAVED_DIRTY: 1 },
    cite: "LINUX 7.0 asm/pgtable.h: mksaveddirty_shift (RW = 0 moves D to SAVED_DIRTY)",
  },
  spare: SPARE_56,
  flags: { ...RULES_WITH_SAVED_DIRTY, ...FLAGS },
  protections: protectionsWith([SAVE, RESTORE]),
};

/** From 6.17 on: bit 57 is free. */
export const linuxX8664: LinuxLayoutInput = {
  ...linuxX8664With57,
  name: "x86-64-7.0",
  title: "Linux 6.17 and later on x86-64",
  fields: [...FIELDS, SAVED_DIRTY],
  spare: {
    bits: [57, 57],
    cite: "LINUX 6.17 asm/pgtable_types.h: SOFTW4 is free (DEVMAP gone)",
    confidence: "knowledge",
  },
};

/** Before 6.6: no SAVED_DIRTY. */
export const linuxX8664Old: LinuxLayoutInput = {
  ...BASE,
  name: "x86-64-6.1",
  title: "Linux 5.7 to 6.5 on x86-64",
  fields: [...FIELDS, DEVMAP],
  spare: SPARE_56,
  flags: { ...RULES_WITHOUT_SAVED_DIRTY, ...FLAGS },
  protections: protectionsWith([]),
};
