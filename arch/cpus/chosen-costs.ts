// Costs and sizes that no machine's profile knows better: stated once, for all of them.

const CHOICE = "choice" as const;

/** What the cites below begin with. */
export const CHOSEN_SOURCES = {
  FAULTS: "ddumbying, minor anonymous faults of an i7 of the 11th generation, Linux 6.6",
  YARDSTICK: "parameters of the reference simulator that mmulate is checked against",
  CHOICE: "a modelling choice of mmulate",
  BHARGAVA:
    "Bhargava et al., Accelerating Two-Dimensional Page Walks for Virtualized Systems, ASPLOS 2008",
};

/** FAULTS, the median; each profile says how far its machine is from that one. */
export const MINOR_FAULT_CYCLES = 3241;

export const CHOSEN_COSTS = {
  dirtyAssist: {
    cycles: 100,
    cite: "YARDSTICK assist; no number is published",
    confidence: CHOICE,
  },
  accessedAssist: {
    cycles: 0,
    cite: "CHOICE no number is published",
    confidence: CHOICE,
  },
};

/** What walks of guests keep of the second stage; no maker of these machines tells. */
export const CHOSEN_SECOND_STAGE = {
  pages: {
    entries: 24,
    cite: "BHARGAVA the nested TLB of the Opteron (Barcelona) has 24 entries; cited from knowledge, and of another machine",
    confidence: CHOICE,
  },
  tables: {
    entries: 16,
    cite: "CHOICE no number is published",
    confidence: CHOICE,
  },
};
