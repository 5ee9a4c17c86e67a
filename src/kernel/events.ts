// What happens in the kernel, counted: the units of the cost model. One line each.

/** Name, unit "times" unless said, meaning. */
const EVENTS = [
  ["trap", "page faults of user code, however they end"],
  ["fault", "page faults that ended in an access that goes on"],
  ["fault_anon", "first touches of private memory that took a page"],
  ["fault_zero", "first reads that mapped the zero page"],
  ["fault_huge", "first touches that took a huge page"],
  ["fault_shared", "first touches of shared memory"],
  ["fault_around", "entries mapped beside the one asked for"],
  ["fault_reuse", "write faults that made the page writable in place"],
  ["fault_copy", "write faults that copied the page"],
  ["fault_spurious", "faults that found nothing to do"],
  ["fault_segv", "accesses that ended in SIGSEGV"],
  ["uffd_message", "messages to a userfaultfd's monitor"],
  ["context_switch", "switches from one thread to another on a CPU"],
  ["wake", "threads woken on another CPU"],
  ["idle_wake", "idle CPUs that such a wake-up reached"],
  ["uffd_async", "write-protections that the kernel took off by itself"],
  ["page_alloc", "pages allocated"],
  ["page_free", "pages freed"],
  ["page_zero", "pages zeroed"],
  ["page_copy", "pages copied"],
  ["fork_entry", "entries copied by fork"],
  ["zap_entry", "entries taken down"],
  ["protect_entry", "entries whose protection was written anew"],
  ["protect_change", "those of them that came out otherwise than they were"],
  ["move_entry", "entries moved by mremap"],
  ["move_table", "whole page tables moved by mremap"],
  ["scan_entry", "entries looked at by PAGEMAP_SCAN"],
  ["scan_range", "ranges that PAGEMAP_SCAN returned"],
  ["pagemap_entry", "entries told by pagemap"],
  ["clear_entry", "entries looked at by clear_refs"],
  ["split_mapping", "huge pages whose mapping was split"],
  ["split_folio", "folios split into base pages"],
  ["collapse", "huge pages made of base pages"],
  ["contpte_fold", "contiguous groups folded"],
  ["contpte_unfold", "contiguous groups unfolded"],
  ["contpte_flush", "flushes of a group because it was folded or unfolded"],
  ["ksm_merge", "entries replaced by a KSM page"],
  ["swap_out", "pages written to swap"],
  ["swap_in", "reads from swap"],
  ["vma_split", "VMAs split"],
  ["vma_merge", "VMAs that went into a neighbour"],
  ["vma_adjust", "borders between VMAs moved"],
  ["vma_visit", "VMAs that a call on a range came by"],
  ["far_line", "cache lines of the kernel's data that were not near (cache-lines.ts)"],
  ["tlb_flush_page", "flushes of one page"],
  ["tlb_flush_mm", "flushes of an address space"],
  ["tlb_flush_local", "flushes of one page on this CPU alone"],
  ["syscall", "system calls"],
  ["fault_flags", "faults that only made an entry young or dirty"],
  ["fault_marker", "faults that cleared a marker whose registration is gone"],
  ["free_entry", "entries made clean and old by MADV_FREE"],
  ["marker_entry", "markers set or taken away by userfaultfd and guard regions"],
  ["hugetlb_touch", "first touches that took a page of a pool of huge pages"],
  ["hugetlb_reuse", "write faults that made such a page writable in place"],
  ["hugetlb_copy", "write faults that copied such a page"],
  ["hugetlb_entry", "entries of such pages taken down, protected, moved or copied by fork"],
  ["scan_protect", "entries protected by PAGEMAP_SCAN"],
  ["fault_oom", "faults that found no memory"],
  ["gup_fast", "pages pinned without locks"],
  ["gup_slow", "pages pinned under the mmap_lock"],
  ["migrate", "folios that began to migrate"],
  ["oom_kill", "processes killed for their memory"],
  ["notifier_range", "ranges that secondary MMUs were told of (notifier.ts)"],
  ["notifier_age", "times a secondary MMU was asked whether a page is young"],
] as const;

type EventName = (typeof EVENTS)[number][0];

/** Index of each event in a kernel's counts. */
export const Event = Object.fromEntries(EVENTS.map(([name], i) => [name, i])) as Readonly<
  Record<EventName, number>
>;

/** Name and meaning of each event, by index. */
export const EVENT_MEANINGS: readonly (readonly [string, string])[] = EVENTS;
