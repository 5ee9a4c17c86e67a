// Flags of a page (include/linux/page-flags.h), in its frame record. Values are ours; names are Linux's.

/** Anonymous (PageAnon); on every page of a folio. */
export const PG_ANON = 1;
/** PageAnonExclusive: mapped by exactly one entry of one address space. On the head of a PMD-mapped folio. */
export const PG_EXCLUSIVE = 1 << 1;
/** The folio is dirty; on its head. */
export const PG_DIRTY = 1 << 2;
/** Part of a folio of more than one page; on every page. */
export const PG_LARGE = 1 << 3;
/** A huge zero page; on its head. */
export const PG_HUGE_ZERO = 1 << 4;
/** In the swap cache; on the head. */
export const PG_SWAPCACHE = 1 << 5;
/** MADV_FREE: may be dropped while clean; on the head. */
export const PG_LAZYFREE = 1 << 6;
/** Merged by KSM; on the head. */
export const PG_KSM = 1 << 7;
/** From a pool of huge pages; on the head. */
export const PG_HUGETLB = 1 << 16;
/** Its pool keeps it back for whoever was promised it, once it is free; on the head. */
export const PG_RESTORE_RESERVE = 1 << 17;
/** Being written to a device; on the head. */
export const PG_WRITEBACK = 1 << 18;
/** Order of the folio, on its head. */
export const PG_ORDER_SHIFT = 24;
export const PG_ORDER_MASK = 0x1f << PG_ORDER_SHIFT;

/** References that a pin of a small folio takes (GUP_PIN_COUNTING_BIAS, include/linux/mm.h). */
export const PIN_BIAS = 1024;
