// What is said of the bits of entries: the words that src/layout finds and src/report prints. Types only.

export type Confidence = "manual" | "witnessed" | "knowledge";

/** Somebody's claim on some bits of an entry. */
export interface BitClaim {
  /** [high, low], counted from 0. */
  readonly bits: readonly [number, number];
  readonly name: string;
  readonly by: "hardware" | "linux";
  /**
   * field, address, reserved (must be zero), fixed (must be as the name says), ignored (left to software); a
   * feature claims them only where it is on.
   */
  readonly kind: "field" | "address" | "feature" | "ignored" | "reserved" | "fixed";
  /** Forms of present entries; left out: pages and huge pages alike. */
  readonly places?: readonly EntryPlace[] | undefined;
  /** CPU feature under which the claim stands. */
  readonly under?: string | undefined;
  readonly otherwise?: "ignored" | "reserved" | undefined;
  /** Linux version that switches the feature on; "never": only others do. */
  readonly switchedOn?: string | undefined;
  /** Linux version from which it was known that software may use the bits. */
  readonly softwareSince?: string | undefined;
  readonly means: string;
  readonly cite: string;
  readonly confidence?: Confidence | undefined;
}

export type EntryPlace = "leaf" | "huge" | "table" | "absent";

/** One form of an entry, with all claims on its bits. */
export interface EntryFormat {
  readonly place: EntryPlace;
  /** "PTE: a page", "swap entry". */
  readonly title: string;
  readonly claims: readonly BitClaim[];
}

/** A picture of several forms. */
export interface FormatSheet {
  readonly name: string;
  readonly title: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly formats: readonly EntryFormat[];
}

/** What becomes of a bit under a kernel. */
export type BitState =
  /** Free: the CPU ignores it and Linux does not use it. */
  | "free"
  /** Free where no feature that may be on claims it. */
  | "contested"
  /** Ignored by the CPU, but not yet known to be software's in this version. */
  | "unsettled"
  /** Linux keeps something there. */
  | "linux"
  /** The CPU's own, an address bit, or one that must have a fixed value. */
  | "taken";

export interface BudgetRow {
  readonly bits: readonly [number, number];
  readonly state: BitState;
  /** Names of owners and of features. */
  readonly owners: readonly string[];
  /** Features under which the CPU claims it. */
  readonly under: readonly string[];
  /** Features without which Linux does not use it. */
  readonly needs: readonly string[];
  /** Free in a last-level entry, but not in a huge one. */
  readonly notInHuge: boolean;
  /** Proposals that want it. */
  readonly wantedBy: readonly string[];
  readonly cites: readonly string[];
}

/** A field of Linux that need not stay where it is. */
export interface Movable {
  readonly name: string;
  readonly bits: readonly [number, number];
  readonly means: string;
  readonly cite: string;
  readonly confidence?: Confidence | undefined;
}

/** Which bits of an architecture's entries are whose, under one kernel. */
export interface Budget {
  readonly architecture: string;
  readonly layout: string;
  readonly title: string;
  readonly since: string;
  readonly present: readonly BudgetRow[];
  readonly absent: readonly BudgetRow[];
  /** Fields that could go elsewhere, and then free their bits. */
  readonly movable: readonly Movable[];
  /** Free bits by number, highest first; of present entries those that are free in huge pages, too. */
  readonly free: {
    readonly present: readonly number[];
    readonly contested: readonly number[];
    readonly unsettled: readonly number[];
    readonly absent: readonly number[];
  };
}

export type FindingRule =
  | "software bit"
  | "hardware"
  | "huge page"
  | "absent entry"
  | "migration entry"
  | "PROT_NONE"
  | "pte_modify"
  | "contiguous folding"
  | "flush";

export interface Finding {
  readonly rule: FindingRule;
  /** collides: cannot be. depends: not where a feature is on. cost: works, but something is lost or changes. */
  readonly verdict: "fine" | "cost" | "depends" | "collides";
  /** Who has the bit. */
  readonly owner?: string | undefined;
  readonly under?: string | undefined;
  readonly text: string;
  readonly cite: string;
  readonly confidence?: Confidence | undefined;
}

/** A proposal held against one kernel. */
export interface KernelCheck {
  readonly layout: string;
  readonly title: string;
  readonly since: string;
  /** "works", "works unless FEATURE is on", "collides with OWNER". */
  readonly verdict: string;
  readonly collides: boolean;
  readonly findings: readonly Finding[];
}

export interface ProposalCheck {
  readonly proposal: string;
  readonly title: string;
  readonly architecture: string;
  readonly cite: string;
  readonly confidence?: Confidence | undefined;
  readonly kernels: readonly KernelCheck[];
}

/** A run of bits whose claims differ. */
export interface FormatDifference {
  readonly place: EntryPlace;
  readonly bits: readonly [number, number];
  readonly first: readonly string[];
  readonly second: readonly string[];
}
