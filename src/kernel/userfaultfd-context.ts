// A userfaultfd: one per process and mode of the scenario language.

/** What a userfaultfd was opened with. */
export interface UffdContext {
  /** The kernel clears the protection itself (UFFD_FEATURE_WP_ASYNC). */
  readonly async: boolean;
  /** Absent anonymous pages take a marker (UFFD_FEATURE_WP_UNPOPULATED, which async implies). */
  readonly unpopulated: boolean;
}
