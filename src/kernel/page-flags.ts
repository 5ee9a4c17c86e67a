// Flags of a page (include/linux/page-flags.h), in its frame record. Values are ours; names are Linux's.

/** Anonymous (PageAnon). */
export const PG_ANON = 1;
/** PageAnonExclusive: mapped by exactly one entry of one address space. */
export const PG_EXCLUSIVE = 1 << 1;
/** The folio is dirty. */
export const PG_DIRTY = 1 << 2;
/** Part of a folio of more than one page. */
export const PG_LARGE = 1 << 3;

/** References that a pin of a small folio takes (GUP_PIN_COUNTING_BIAS, include/linux/mm.h). */
export const PIN_BIAS = 1024;
