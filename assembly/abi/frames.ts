// One record per page frame, side by side: what a kernel keeps of a page. All words are u32.
//
// Frame 0 is never handed out: 0 means "no frame". The words from FRAME_OWNER on are the kernel's own; in
// a free block the first frame's link it into the list of its order.

export const FRAME_RECORD_SHIFT = 5;
export const FRAME_RECORD_BYTES = 32;
/** References; a frame that is not free has at least one. */
export const FRAME_REFS = 0;
/** How many entries map it. */
export const FRAME_MAPS = 4;
/** The kernel's flags; of a free block the order and FRAME_FREE. */
export const FRAME_FLAGS = 8;
/** First frame of the folio. */
export const FRAME_HEAD = 12;
export const FRAME_OWNER = 16;
export const FRAME_INDEX = 20;
/** What the page holds. */
export const FRAME_STAMP = 24;
export const FRAME_SPARE = 28;

/** Marks the first frame of a free block, in FRAME_FLAGS beside the order. */
export const FRAME_FREE = 0x80000000;
export const MAX_ORDER = 18;
export const FRAME_NEXT = FRAME_OWNER;
export const FRAME_PREVIOUS = FRAME_INDEX;
