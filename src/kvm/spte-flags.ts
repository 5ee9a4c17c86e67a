// What KVM knows of a shadow entry, whatever bits say it (spte-format.ts).

/** The entry is there. */
export const SPTE_PRESENT = 1;
export const SPTE_WRITE = 1 << 1;
export const SPTE_DIRTY = 1 << 2;
export const SPTE_ACCESSED = 1 << 3;
/** It maps a huge page. */
export const SPTE_HUGE = 1 << 4;
/** The host allowed writes when it was made: dirty logging took the right, and may give it back without asking. */
export const SPTE_HOST_WRITABLE = 1 << 5;
/** Not present to the hardware until its next use, which makes it young. */
export const SPTE_TRACKED = 1 << 6;
