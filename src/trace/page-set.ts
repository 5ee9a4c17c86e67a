// The distinct 4 KiB pages of many addresses, and their range.
//
// A program stays in few pages for long: a small table of the pages seen last, by the low bits of their
// numbers, spares the set nearly every address.

const PAGE_SHIFT = 12;
const PAGES_PER_HIGH = 2 ** (32 - PAGE_SHIFT);
const SLOTS = 4096;

/** An address in two numbers that doubles hold exactly. */
interface Place {
  readonly page: number;
  readonly offset: number;
}

/** Takes addresses in two 32-bit halves. */
export class PageSet {
  private readonly pages = new Set<number>();
  private readonly recent = new Float64Array(SLOTS).fill(-1);
  private bottom: Place | undefined;
  private top: Place | undefined;

  /** Distinct pages. */
  get size(): number {
    return this.pages.size;
  }

  /** The smallest address added; null without any. */
  get lowest(): bigint | null {
    return addressOf(this.bottom);
  }

  /** The largest address added; null without any. */
  get highest(): bigint | null {
    return addressOf(this.top);
  }

  /**
   * @param low address bits 31:0 (signed or not)
   * @param high address bits 63:32 (not signed)
   */
  add(low: number, high: number): void {
    const page = high * PAGES_PER_HIGH + (low >>> PAGE_SHIFT);
    const offset = low & (2 ** PAGE_SHIFT - 1);
    const slot = page % SLOTS;
    if (this.recent[slot] !== page) {
      this.recent[slot] = page;
      this.pages.add(page);
    }
    const { bottom, top } = this;
    if (bottom === undefined || compare(page, offset, bottom) < 0) this.bottom = { page, offset };
    if (top === undefined || compare(page, offset, top) > 0) this.top = { page, offset };
  }
}

/** Negative, zero or positive: below, at or above the place. */
function compare(page: number, offset: number, place: Place): number {
  return page === place.page ? offset - place.offset : page - place.page;
}

function addressOf(place: Place | undefined): bigint | null {
  if (place === undefined) return null;
  return (BigInt(place.page) << BigInt(PAGE_SHIFT)) | BigInt(place.offset);
}
