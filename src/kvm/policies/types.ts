// What a policy decides: what becomes of SPTEs when the host's entries change, and who learns that a guest wrote.

import type { SecondStage } from "../../../arch/linux/kvm.js";
import type { Taken } from "../../kernel/secondary-mmu.js";

/** What becomes of the SPTEs of a range: they go, lose the right to write, become clean and old, or clean alone. */
export type Reaction = "zap" | "write-protect" | "free" | "mkclean";

/**
 * When a page that a guest may write to counts as dirty:
 * - install: its folio, when the SPTE is made writable
 * - zap: its folio, when a dirty SPTE goes or is made clean
 * - host-entry: the host's entry, when the SPTE is made writable
 */
export type DirtyRule = "install" | "zap" | "host-entry";

/** One policy. */
export interface MmuPolicy {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** @param taken what the step takes from the host's entries; today's kernel does not tell */
  readonly reaction: (taken: Taken, stage: SecondStage) => Reaction;
  readonly dirty: DirtyRule;
  /** An SPTE may be writable or dirty while the host's entry is clean. */
  readonly allowsCleanHost: boolean;
  /**
   * Writeback asks it for dirty SPTEs first, so that they may stay writable though the host's entries do not
   * (folio_mkclean). No kernel asks.
   */
  readonly tellsWriteback: boolean;
}
