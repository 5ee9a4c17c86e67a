// VMAs of an address space, sorted. Addresses are page numbers; ends are exclusive.

import { type AnonVma, type AnonVmaHolder, shareAnonVma, unlinkAnonVma } from "./anon-vma.js";
import type { HugeMapping } from "./hugetlb-pool.js";
import type { SharedObject } from "./shared-object.js";
import type { UffdContext } from "./userfaultfd-context.js";

/** One virtual memory area. */
export interface Vma extends AnonVmaHolder {
  start: number;
  end: number;
  /** Sum of `VM_*`. */
  flags: number;
  /** Page of the object, or of address space at creation, that `start` stands for. */
  pgoff: number;
  /** Shared anonymous memory; null = private anonymous. */
  readonly object: SharedObject | null;
  uffd: UffdContext | null;
  /** Huge pages of a pool (MAP_HUGETLB); null = base pages. */
  huge: HugeMapping | null;
  anonVma: AnonVma | null;
  anonChain: readonly AnonVma[];
}

/** VMAs of a block; one that grows larger is cut in two. */
const BLOCK = 128;

/**
 * The VMAs of one address space: sorted blocks of sorted VMAs, so that a process with tens of thousands of them
 * still finds, adds and removes one quickly. Ends may move in place as long as the order stays.
 */
export class VmaList {
  private readonly blocks: Vma[][] = [];
  private total = 0;
  /** Where `seek` stopped: the first VMA that ends behind the page. */
  private block = 0;
  private offset = 0;

  get all(): readonly Vma[] {
    return this.blocks.flat();
  }

  get count(): number {
    return this.total;
  }

  /** Puts the cursor on the first VMA that ends behind `page`, or behind all of them. */
  private seek(page: number): void {
    this.block = firstThat(this.blocks, (block) => (block.at(-1)?.end ?? 0) > page);
    this.offset = firstThat(this.blocks[this.block] ?? [], ({ end }) => end > page);
  }

  /** The VMA `by` places from the cursor; 1 and -1 may leave its block. */
  private near(by: -1 | 0 | 1): Vma | null {
    const block = this.blocks[this.block];
    const here = block?.[this.offset + by];
    if (here !== undefined) return here;
    if (by < 0) return this.blocks[this.block - 1]?.at(-1) ?? null;
    return by > 0 ? (this.blocks[this.block + 1]?.[0] ?? null) : null;
  }

  /** The VMA that holds `page`, or the first behind it (`find_vma`). */
  atOrAfter(page: number): Vma | null {
    this.seek(page);
    return this.near(0);
  }

  /** The VMA that holds `page` (`vma_lookup`). */
  at(page: number): Vma | null {
    const vma = this.atOrAfter(page);
    return vma !== null && vma.start <= page ? vma : null;
  }

  /** VMAs that meet [start, end), in order; a copy, so that the list may change. */
  within(start: number, end: number): Vma[] {
    const found: Vma[] = [];
    this.seek(start);
    let { offset } = this;
    for (let i = this.block; i < this.blocks.length; i++, offset = 0) {
      const block = this.blocks[i] ?? [];
      for (let j = offset; j < block.length; j++) {
        const vma = block[j];
        if (vma === undefined || vma.start >= end) return found;
        found.push(vma);
      }
    }
    return found;
  }

  /** The VMA before `vma`. */
  before(vma: Vma): Vma | null {
    this.seek(vma.start);
    return this.near(-1);
  }

  /** The VMA behind `vma`. */
  after(vma: Vma): Vma | null {
    this.seek(vma.start);
    return this.near(1);
  }

  /** The last VMA that ends at or before `page`. */
  endingBefore(page: number): Vma | null {
    this.seek(page);
    const vma = this.near(0);
    return vma !== null && vma.start < page ? vma : this.near(-1);
  }

  insert(vma: Vma): void {
    this.seek(vma.start);
    this.total++;
    const block = this.blocks[this.block] ?? this.blocks[this.block - 1];
    if (block === undefined) {
      this.blocks.push([vma]);
      return;
    }
    const atEnd = this.block === this.blocks.length;
    const index = atEnd ? this.block - 1 : this.block;
    block.splice(atEnd ? block.length : this.offset, 0, vma);
    if (block.length > BLOCK) this.blocks.splice(index + 1, 0, block.splice(BLOCK / 2));
  }

  /** Takes a VMA out; its anon_vma is the caller's. */
  remove(vma: Vma): void {
    this.seek(vma.start);
    const block = this.blocks[this.block];
    if (block?.[this.offset] !== vma) return;
    block.splice(this.offset, 1);
    this.total--;
    if (block.length === 0) this.blocks.splice(this.block, 1);
  }
}

/** Index of the first element for which the test holds; it holds for all behind that one. */
function firstThat<T>(list: readonly T[], holds: (each: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A VMA of the same kind for other pages, with its own place in the anon_vma chain. */
export function copyOf(vma: Vma, start: number, end: number, pgoff: number): Vma {
  const copy = { ...vma, start, end, pgoff, anonVma: null, anonChain: [] };
  shareAnonVma(copy, vma);
  return copy;
}

/** Takes a VMA out of the list and out of its anon_vma. */
export function dropVma(vmas: VmaList, vma: Vma): void {
  vmas.remove(vma);
  unlinkAnonVma(vma);
}
