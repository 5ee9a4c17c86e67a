// What an invalidation drops, as flags: the operations of every architecture are sums of these
// (src/layout/invalidation.ts).

/** Translations that belong to a context: to the one given, or to those that a flag below names. */
export const INVALIDATE_OWN = 1;
/** Translations of global pages, which belong to every context. */
export const INVALIDATE_GLOBAL = 2;
/** The context is that of the CPU which performs it. */
export const INVALIDATE_CURRENT = 4;
/** Every context. */
export const INVALIDATE_ANY = 8;
/** Cached tables on the way to the addresses, of the contexts. They are never global in this model. */
export const INVALIDATE_TABLES_ON_WAY = 16;
/** All cached tables of the contexts, whatever the addresses. */
export const INVALIDATE_TABLES = 32;
/** What the second stage's caches hold of the addresses, which are guest-physical; or all of it. */
export const INVALIDATE_STAGE2_ADDRESS = 128;
export const INVALIDATE_STAGE2 = 256;
/** The guest is the one given, in the place of a context; or every guest. Else it is that of the CPU which performs it. */
export const INVALIDATE_GUEST_GIVEN = 512;
export const INVALIDATE_ANY_GUEST = 1024;
/** Every CPU performs it, not only the running one. */
export const INVALIDATE_EVERY_CPU = 64;
