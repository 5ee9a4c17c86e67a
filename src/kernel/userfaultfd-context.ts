// A userfaultfd: one per process and mode of the scenario language.

/** What a userfaultfd was opened with. */
export interface UffdContext {
  /** The kernel clears the protection itself (UFFD_FEATURE_WP_ASYNC). */
  readonly async: boolean;
  /** Absent anonymous pages take a marker (UFFD_FEATURE_WP_UNPOPULATED, which async implies). */
  readonly unpopulated: boolean;
  /**
   * As asynchronous protection was first proposed (2022), in no kernel: what was written is told by the soft-dirty bit,
   * which UFFDIO_WRITEPROTECT clears. VM_SOFTDIRTY says nothing there, and clear_refs and registration refuse each other.
   */
  readonly softDirty: boolean;
}
