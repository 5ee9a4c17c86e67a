// Columns of a swap device, one value a slot.

/** Slots of a device. */
export class SwapSlots {
  /** Entries that hold each slot. */
  readonly users: Uint16Array;
  /** Frame in the swap cache; 0 = none. */
  readonly cached: Uint32Array;
  /** What was written. */
  readonly content: Uint32Array;
  /** First slot of each large folio in the swap cache, by its head. */
  readonly firstSlot = new Map<number, number>();
  private readonly taken: Uint8Array;
  private next = 1;

  /** @param size slots; 0 = there is no device */
  constructor(readonly size: number) {
    this.users = new Uint16Array(size);
    this.cached = new Uint32Array(size);
    this.content = new Uint32Array(size);
    this.taken = new Uint8Array(size);
  }

  /** Takes `count` slots side by side (a power of two), aligned to it; 0 = none left. */
  allocate(count: number): number {
    for (const from of [this.next, 1]) {
      for (let at = align(from, count); at + count <= this.size; at += count) {
        if (!this.isFree(at, count)) continue;
        this.taken.fill(1, at, at + count);
        this.next = at + count;
        return at;
      }
    }
    return 0;
  }

  private isFree(at: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (this.taken[at + i] === 1) return false;
    return true;
  }

  /** Gives a slot back. */
  release(slot: number): void {
    this.taken[slot] = 0;
  }

  /** Slots that are taken. */
  get inUse(): number {
    return this.taken.reduce((sum, each) => sum + each, 0);
  }
}

function align(value: number, to: number): number {
  return value + ((to - (value % to)) % to);
}
