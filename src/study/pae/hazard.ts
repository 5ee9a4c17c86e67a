// What a hazard of schemes of PageAnonExclusive is: what goes wrong, for whom, and a script that shows it.

import type { Fixture } from "../../../arch/fixtures/index.js";
import type { Feature } from "../../../arch/linux/kernels.js";

/** Which schemes a hazard is about: the page's flag, the folio's, the bitmap, bits of the entry. */
export type Family = "page" | "folio" | "bitmap" | "entry";

export const ALL_FAMILIES: readonly Family[] = ["page", "folio", "bitmap", "entry"];

/**
 * A scheme is broken where the script breaks a rule of the oracle, and breaks none under `page`. Cases of one hazard have
 * its number, and a word behind it.
 */
export interface Hazard {
  readonly id: string;
  readonly what: string;
  /** Schemes of other kinds are safe by what they are; the script is played under them all the same. */
  readonly families: readonly Family[];
  /** What a scheme with guards, or the kernel, does about it. */
  readonly guard: string;
  /** That guard's name where it can be taken out (src/kernel/safeguards.ts): the script breaks without it. */
  readonly safeguard?: string;
  /** Of that name: of the kernel, needed by today's scheme, too; else of schemes of this kind alone. */
  readonly ofKernel?: true;
  readonly script: readonly string[];
  /** The kernel that it takes, in place of the study's. */
  readonly kernel?: string;
  /** Linux breaks the rule itself, whatever the scheme, where the kernel has this. */
  readonly today?: Feature;
  /** Settings of the kernel that it takes. */
  readonly settings?: string;
  /** The machine that it takes, in place of the study's. */
  readonly on?: Fixture;
}

/** A folio of 16 pages, each mapped by itself. */
export const LARGE = [
  "mmap A 16 rw private align=512",
  "madvise A 0 16 hugepage",
  "write A 0 1",
] as const;

export const ONE = ["mmap A 1 rw private", "write A 0 1"] as const;
