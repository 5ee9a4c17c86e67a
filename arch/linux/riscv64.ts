// Linux's page-table entries on riscv64 (arch/riscv/include/asm/pgtable-bits.h, pgtable-64.h, pgtable.h).
//
//   63 62:61 60      59         58..54 53......10 9      8       7 6 5     4 3 2 1 0
//   N  PBMT  UFFD_WP SOFT_DIRTY 0      PPN        DEVMAP SPECIAL D A G/PN  U X W R V
//
//   swap:  63........12 11..7 6         5 4       3          2 1 0
//          offset       type  exclusive 0 uffd-wp soft-dirty 0 0 0
//
// SOFT_DIRTY and UFFD_WP are there where the hardware has Svrsw60t59b, which the kernel asks at boot. D is one
// bit: an entry may be read-only and dirty. N (Svnapot) is of hugetlb alone (arch/riscv/mm/hugetlbpage.c);
// nothing folds anonymous entries. ptep_set_wrprotect reads and then writes, so an update of A or D by the
// hardware in between is lost; with one CPU that cannot be seen.

import { flagOf } from "./flag-of.js";
import type { LinuxLayoutInput } from "./schema.js";

type Fields = LinuxLayoutInput["fields"];

const PRESENT_FIELDS: Fields = [
  {
    name: "PROT_NONE",
    bits: [5, 5],
    of: "present",
    means: "present to the kernel, not to the CPU (with V clear)",
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_PROT_NONE is _PAGE_GLOBAL",
    confidence: "manual",
  },
  {
    name: "SPECIAL",
    bits: [8, 8],
    of: "present",
    means: "no struct page to count",
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_SPECIAL",
    confidence: "manual",
  },
];

const DEVMAP: Fields[number] = {
  name: "DEVMAP",
  bits: [9, 9],
  of: "present",
  means: "page of a device with struct pages",
  cite: "LINUX 6.12 asm/pgtable-bits.h: _PAGE_DEVMAP",
  confidence: "manual",
};

/** Bits that Svrsw60t59b leaves to software, and what follows them into swap. */
const WITH_SVRSW: Fields = [
  {
    name: "SOFT_DIRTY",
    bits: [59, 59],
    of: "present",
    when: ["svrsw60t59b"],
    means: "written since clear_refs",
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_SOFT_DIRTY",
    confidence: "manual",
  },
  {
    name: "UFFD_WP",
    bits: [60, 60],
    of: "present",
    when: ["svrsw60t59b"],
    means: "write-protected for userfaultfd",
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_UFFD_WP",
    confidence: "manual",
  },
  {
    name: "SWP_SOFT_DIRTY",
    bits: [3, 3],
    of: "absent",
    when: ["svrsw60t59b"],
    means: "soft-dirty, in swap",
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_SWP_SOFT_DIRTY",
    confidence: "manual",
  },
  {
    name: "SWP_UFFD_WP",
    bits: [4, 4],
    of: "absent",
    when: ["svrsw60t59b"],
    means: "write-protected for userfaultfd, in swap",
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_SWP_UFFD_WP",
    confidence: "manual",
  },
];

/** RSW is left to software: 8 is SPECIAL, 9 was DEVMAP from 6.11 to 6.16. */
const SPARE_9 = {
  bits: [9, 9] as [number, number],
  cite: "LINUX 6.17 asm/pgtable-bits.h: RSW1 is free (DEVMAP gone)",
  confidence: "knowledge" as const,
};

const SWAP_EXCLUSIVE: Fields[number] = {
  name: "SWP_EXCLUSIVE",
  bits: [6, 6],
  of: "absent",
  means: "anonymous exclusive, in swap",
  cite: "LINUX 6.3 asm/pgtable.h: _PAGE_SWP_EXCLUSIVE is _PAGE_ACCESSED",
  confidence: "manual",
};

const SWAP_FIELDS: Fields = [
  {
    name: "SWP_TYPE",
    bits: [11, 7],
    of: "absent",
    means: "type of the swap entry",
    cite: "LINUX 7.0 asm/pgtable.h: __SWP_TYPE_SHIFT",
    confidence: "manual",
  },
  {
    name: "SWP_OFFSET",
    bits: [63, 12],
    of: "absent",
    means: "offset of the swap entry",
    cite: "LINUX 7.0 asm/pgtable.h: __SWP_OFFSET_SHIFT",
    confidence: "manual",
  },
];

const FLAGS: LinuxLayoutInput["flags"] = {
  write: {
    tests: [{ W: 1 }],
    set: [{ to: { W: 1 } }],
    clear: [{ to: { W: 0 } }],
    cite: "LINUX 6.12 asm/pgtable.h: pte_write, pte_mkwrite_novma, pte_wrprotect",
    confidence: "manual",
  },
  dirty: flagOf("D", "LINUX 7.0 asm/pgtable.h: pte_dirty, pte_mkdirty, pte_mkclean"),
  young: flagOf("A", "LINUX 7.0 asm/pgtable.h: pte_young, pte_mkyoung, pte_mkold"),
  special: flagOf("SPECIAL", "LINUX 7.0 asm/pgtable.h: pte_mkspecial"),
  protnone: {
    tests: [{ V: 0, PROT_NONE: 1 }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_protnone",
    confidence: "manual",
  },
};

/**
 * pte_modify: V, R, W, X, U and G (and the memory type, which no user mapping has) are the protection's; whatever
 * else it has is added, so a page that becomes accessible becomes young.
 */
function modify(to: Record<string, number>): LinuxLayoutInput["protections"]["r"] {
  return {
    rules: [{ to }],
    cite: "LINUX 7.0 asm/pgtable.h: PAGE_NONE, PAGE_READ, PAGE_SHARED, PAGE_READ_EXEC...; pte_modify, _PAGE_CHG_MASK",
    confidence: "manual",
  };
}

/** _PAGE_BASE. */
const ACCESSIBLE = { V: 1, A: 1, U: 1, PROT_NONE: 0 };

const BASE = {
  architecture: "riscv64",
  sources: { LINUX: "Linux kernel source, version as cited" },
  noneIgnores: {
    fields: [],
    cite: "LINUX 7.0 asm/pgtable.h: pte_none",
    confidence: "manual",
  },
  present: {
    tests: [{ V: 1 }, { V: 0, PROT_NONE: 1 }],
    cite: "LINUX 7.0 asm/pgtable.h: pte_present",
    confidence: "manual",
  },
  flags: FLAGS,
  dirtySetsSoftDirty: {
    value: false,
    cite: "LINUX 6.18: no soft-dirty on riscv64 (no HAVE_ARCH_SOFT_DIRTY)",
    confidence: "manual",
  },
  leaf: [
    {
      fields: {},
      cite: "LINUX 7.0 asm/pgtable.h: pfn_pte adds nothing to the protection; a huge leaf is no different (pmd_mkhuge)",
      confidence: "manual",
    },
  ],
  table: {
    fields: { V: 1 },
    cite: "LINUX 7.0 asm/pgtable-bits.h: _PAGE_TABLE; asm/pgalloc.h: pmd_populate",
    confidence: "manual",
  },
  protections: {
    none: modify({ V: 0, R: 1, W: 0, X: 0, U: 0, PROT_NONE: 1 }),
    r: modify({ ...ACCESSIBLE, R: 1, W: 0, X: 0 }),
    rw: modify({ ...ACCESSIBLE, R: 1, W: 1, X: 0 }),
    rx: modify({ ...ACCESSIBLE, R: 1, W: 0, X: 1 }),
    rwx: modify({ ...ACCESSIBLE, R: 1, W: 1, X: 1 }),
  },
  flush: {
    page: "SFENCE.VMA address ASID",
    space: "SFENCE.VMA ASID",
    own: "SFENCE.VMA address ASID",
    cite: "LINUX 6.12 arch/riscv/mm/tlbflush.c: local_flush_tlb_page_asid, local_flush_tlb_all_asid, on the CPUs of the mm by SBI or IPI; asm/pgtable.h: update_mmu_cache",
    confidence: "manual",
  },
  flushCeiling: {
    pages: 64,
    cite: "LINUX 6.12 arch/riscv/mm/tlbflush.c: tlb_flush_all_threshold",
    confidence: "knowledge",
  },
  shootdown: {
    by: "ipi",
    cpus: "ever",
    defers: "always",
    cite: "LINUX 6.12 arch/riscv/mm/tlbflush.c: __flush_tlb_range; mm/context.c: set_mm keeps CPUs in mm_cpumask where there are ASIDs; arch_tlbbatch_should_defer",
    confidence: "knowledge",
  },
  pageSizes: [
    {
      bytes: 4096,
      mode: {},
      cite: "LINUX 7.0 arch/riscv/Kconfig: PAGE_SIZE_4KB",
      confidence: "manual",
    },
  ],
  softwareAccess: {
    mode: { svadu: false },
    cite: "LINUX 6.12 asm/pgtable.h: arch_has_hw_pte_young asks for Svadu; without it, Svade",
    confidence: "manual",
  },
  absent: {
    type: "SWP_TYPE",
    offset: "SWP_OFFSET",
    offsetInverted: false,
    flags: { exclusive: flagOf("SWP_EXCLUSIVE", "LINUX 6.3 asm/pgtable.h: pte_swp_mkexclusive") },
    cite: 'LINUX 7.0 asm/pgtable.h: comment "Encode/decode swap entries and swap PTEs"',
    confidence: "manual",
  },
} satisfies Partial<LinuxLayoutInput>;

/** Up to 6.2: a page does not take its exclusivity along to swap. */
export const linuxRiscv64Oldest: LinuxLayoutInput = {
  ...BASE,
  spare: SPARE_9,
  name: "riscv64-6.1",
  title: "Linux 6.1 and 6.2 on riscv64",
  fields: [...PRESENT_FIELDS, ...SWAP_FIELDS],
  absent: {
    ...BASE.absent,
    flags: {},
    cite: "LINUX 6.1 asm/pgtable.h: no __HAVE_ARCH_PTE_SWP_EXCLUSIVE; type and offset taken to stand as in 6.3",
    confidence: "knowledge",
  },
};

const SINCE_6_3 = { ...BASE, fields: [...PRESENT_FIELDS, SWAP_EXCLUSIVE, ...SWAP_FIELDS] };

/** From 6.3 on: swap entries have the exclusive bit. */
export const linuxRiscv64Old: LinuxLayoutInput = {
  ...SINCE_6_3,
  name: "riscv64-6.8",
  title: "Linux 6.3 to 6.10, and 6.17 and 6.18, on riscv64",
  spare: SPARE_9,
};

/** From 6.11 on DEVMAP has bit 9, up to 6.16. */
export const linuxRiscv64With9: LinuxLayoutInput = {
  ...SINCE_6_3,
  name: "riscv64-6.12",
  title: "Linux 6.11 to 6.16 on riscv64",
  fields: [...SINCE_6_3.fields, DEVMAP],
};

/** From 6.19 on: soft-dirty and uffd-wp, with Svrsw60t59b; pte_wrprotect leaves no shadow-stack page behind. */
export const linuxRiscv64: LinuxLayoutInput = {
  ...linuxRiscv64Old,
  name: "riscv64-7.0",
  title: "Linux 6.19 and later on riscv64",
  fields: [...linuxRiscv64Old.fields, ...WITH_SVRSW],
  flags: {
    ...FLAGS,
    write: {
      tests: [{ W: 1 }],
      set: [{ to: { W: 1 } }],
      clear: [{ to: { W: 0, R: 1 } }],
      cite: "LINUX 7.0 asm/pgtable.h: pte_write, pte_mkwrite_novma, pte_wrprotect (W without R would be a shadow stack)",
      confidence: "manual",
    },
    softDirty: flagOf("SOFT_DIRTY", "LINUX 7.0 asm/pgtable.h: pte_mksoft_dirty"),
    uffdWp: flagOf(
      "UFFD_WP",
      "LINUX 7.0 asm/pgtable.h: pte_mkuffd_wp (its wrprotect is the caller's)",
    ),
  },
  dirtySetsSoftDirty: {
    value: true,
    cite: "LINUX 7.0 asm/pgtable.h: pte_mkdirty sets _PAGE_DIRTY and _PAGE_SOFT_DIRTY",
    confidence: "manual",
  },
  withoutSoftDirty: {
    mode: { svrsw60t59b: false },
    cite: "LINUX 7.0 asm/pgtable-bits.h: both bits are there by riscv_has_extension_unlikely(SVRSW60T59B); that a kernel without soft-dirty is one without the extension, not one configured without, is inferred",
    confidence: "knowledge",
  },
  absent: {
    ...linuxRiscv64Old.absent,
    flags: {
      ...linuxRiscv64Old.absent.flags,
      softDirty: flagOf("SWP_SOFT_DIRTY", "LINUX 7.0 asm/pgtable.h: pte_swp_mksoft_dirty"),
      uffdWp: flagOf("SWP_UFFD_WP", "LINUX 7.0 asm/pgtable.h: pte_swp_mkuffd_wp"),
    },
  },
};
