// MMU notifiers: who else translates an address space is told before its entries change and once they have
// (include/linux/mmu_notifier.h; mm/mmu_notifier.c).
//
//   start ----> the secondary MMU drops what it holds of the range, and maps nothing of it again
//               entries change, TLBs are flushed
//   end   ----> it may look again
//
// A page is given away only behind `start`, so a secondary translation that is dropped there cannot outlive it; one
// that is made between the two would, which is why whoever makes one counts ranges (kvm/fault.ts).
//
// Aging asks instead of telling: clear_flush_young, clear_young and test_young say whether the secondary MMU used a
// page. Faults that only add a mapping or a right raise nothing: the secondary MMU finds out by its own faults.

import { Event } from "./events.js";
import type { Kernel } from "./kernel.js";
import type { Mm } from "./mm.js";
import type { NotifierRange, SecondaryMmu, Taken } from "./secondary-mmu.js";

/** mmu_notifier_register. */
export function registerNotifier(kernel: Kernel, mm: Mm, mmu: SecondaryMmu): void {
  kernel.notifiers.set(mm, [...(kernel.notifiers.get(mm) ?? []), mmu]);
}

/** mmu_notifier_unregister. */
export function unregisterNotifier({ notifiers }: Kernel, mm: Mm, mmu: SecondaryMmu): void {
  const left = (notifiers.get(mm) ?? []).filter((each) => each !== mmu);
  if (left.length > 0) notifiers.set(mm, left);
  else notifiers.delete(mm);
}

function listeners(kernel: Kernel, mm: Mm): readonly SecondaryMmu[] {
  return kernel.notifiers.get(mm) ?? [];
}

/** Does what is done in secondary MMUs, and for them, and adds its cycles up. */
function timed<T>(kernel: Kernel, work: () => T): T {
  const before = kernel.clocks.work;
  const result = work();
  kernel.notifierCycles += kernel.clocks.work - before;
  return result;
}

function startRange(kernel: Kernel, range: NotifierRange): void {
  timed(kernel, () => {
    kernel.count(Event.notifier_range);
    for (const mmu of listeners(kernel, range.mm)) mmu.start(range);
  });
}

function endRange(kernel: Kernel, range: NotifierRange): void {
  timed(kernel, () => {
    for (const mmu of listeners(kernel, range.mm)) mmu.end(range);
  });
}

/** What `invalidating` tells of: see `NotifierRange`; `taken` is "page" where nothing else is said. */
type RangeInput = Omit<NotifierRange, "taken"> & { readonly taken?: Taken };

/** Changes entries of a range between mmu_notifier_invalidate_range_start and _end. */
export function invalidating<T>(kernel: Kernel, input: RangeInput, change: () => T): T {
  return invalidatingAll(kernel, kernel.notifiers.has(input.mm) ? [input] : [], change);
}

/**
 * The same for several ranges, as of a folio that several mappings have (rmap_walk). The kernel goes from mapping to
 * mapping, each with its own pair; here all pairs are around all changes, which are as many and as well guarded.
 */
export function invalidatingAll<T>(
  kernel: Kernel,
  inputs: readonly RangeInput[],
  change: () => T,
): T {
  const ranges = inputs
    .filter(({ mm, start, end }) => start < end && kernel.notifiers.has(mm))
    .map((input): NotifierRange => ({ taken: "page", ...input }));
  for (const range of ranges) startRange(kernel, range);
  const result = change();
  for (const range of ranges) endRange(kernel, range);
  return result;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** An entry that maps a page: where (rmap.ts). */
interface Mapped {
  readonly mm: Mm;
  readonly vma: object;
  readonly page: number;
  /** 0 = last level; a huge entry is mapped as a whole. */
  readonly level: 0 | 1;
}

/**
 * The same for entries that map a folio: in each mapping, from its first page to its last.
 * @param mappings all of them; asked for only where somebody listens
 * @param why the event, and what is taken: left out, the pages are
 */
export function invalidatingFolio<T>(
  kernel: Kernel,
  mappings: () => readonly Mapped[],
  change: () => T,
  why: Pick<RangeInput, "event" | "taken"> = { event: "clear" },
): T {
  if (kernel.notifiers.size === 0) return change();
  const ranges = new Map<object, Mutable<RangeInput>>();
  for (const { mm, vma, page, level } of mappings()) {
    const pages = level === 0 ? 1 : kernel.entriesPerTable;
    const range = ranges.get(vma) ?? { mm, start: page, end: page, ...why };
    range.start = Math.min(range.start, page);
    range.end = Math.max(range.end, page + pages);
    ranges.set(vma, range);
  }
  return invalidatingAll(kernel, [...ranges.values()], change);
}

/** mmu_notifier_clear_flush_young, and with `flush` false mmu_notifier_clear_young. */
export function clearYoungBySecondary(
  kernel: Kernel,
  mm: Mm,
  start: number,
  end: number,
  flush: boolean,
): boolean {
  let young = false;
  for (const mmu of listeners(kernel, mm)) {
    timed(kernel, () => {
      kernel.count(Event.notifier_age);
      if (mmu.clearYoung(start, end, flush)) young = true;
    });
  }
  return young;
}

/** mmu_notifier_test_young. */
export function isYoungBySecondary(kernel: Kernel, mm: Mm, start: number, end: number): boolean {
  return listeners(kernel, mm).some((mmu) => {
    kernel.count(Event.notifier_age);
    return mmu.testYoung(start, end);
  });
}

/** Not in any kernel: pages [start, end) that the secondary MMU knows to be written make their folios dirty. */
export function collectDirtyBySecondary(kernel: Kernel, mm: Mm, start: number, end: number): void {
  for (const mmu of listeners(kernel, mm)) timed(kernel, () => mmu.collectDirty(start, end));
}

/** mmu_notifier_release: before an address space is taken down, and once. */
export function releaseNotifiers(kernel: Kernel, mm: Mm): void {
  for (const mmu of listeners(kernel, mm)) mmu.release();
  kernel.notifiers.delete(mm);
}
