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

/** The VMAs of one address space. */
export class VmaList {
  private readonly list: Vma[] = [];

  get all(): readonly Vma[] {
    return this.list;
  }

  /** Index of the first VMA that ends behind `page`. */
  private indexOf(page: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const vma = this.list[middle];
      if (vma !== undefined && vma.end > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The VMA that holds `page`, or the first behind it (`find_vma`). */
  atOrAfter(page: number): Vma | null {
    return this.list[this.indexOf(page)] ?? null;
  }

  /** The VMA that holds `page` (`vma_lookup`). */
  at(page: number): Vma | null {
    const vma = this.atOrAfter(page);
    return vma !== null && vma.start <= page ? vma : null;
  }

  /** VMAs that meet [start, end), in order; a copy, so that the list may change. */
  within(start: number, end: number): Vma[] {
    const found: Vma[] = [];
    for (let i = this.indexOf(start); ; i++) {
      const vma = this.list[i];
      if (vma === undefined || vma.start >= end) return found;
      found.push(vma);
    }
  }

  /** The VMA before `vma`. */
  before(vma: Vma): Vma | null {
    return this.list[this.indexOf(vma.start) - 1] ?? null;
  }

  /** The VMA behind `vma`. */
  after(vma: Vma): Vma | null {
    return this.list[this.indexOf(vma.start) + 1] ?? null;
  }

  /** The last VMA that ends at or before `page`. */
  endingBefore(page: number): Vma | null {
    const index = this.indexOf(page);
    const vma = this.list[index];
    return vma !== undefined && vma.start < page ? vma : (this.list[index - 1] ?? null);
  }

  insert(vma: Vma): void {
    this.list.splice(this.indexOf(vma.start), 0, vma);
  }

  /** Takes a VMA out; its anon_vma is the caller's. */
  remove(vma: Vma): void {
    const index = this.list.indexOf(vma);
    if (index >= 0) this.list.splice(index, 1);
  }
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
