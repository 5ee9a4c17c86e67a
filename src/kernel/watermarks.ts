// How much memory is kept free (mm/page_alloc.c __setup_per_zone_wmarks).

/** Free pages below which kswapd begins, and up to which it goes on. */
export interface Watermarks {
  readonly low: number;
  readonly high: number;
}

/** Watermarks of a machine (calculate_min_free_kbytes: 4 * sqrt(KiB); low = 5/4, high = 6/4 of it). */
export function watermarks(frames: number, page: number): Watermarks {
  const kib = (frames * page) / 1024;
  const min = Math.floor((4 * Math.sqrt(kib) * 1024) / page);
  return { low: Math.floor((min * 5) / 4), high: Math.floor((min * 3) / 2) };
}
