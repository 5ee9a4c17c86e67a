// No machine: the same plain TLBs for every architecture, so that a comparison of page-table designs
// sees nothing but the designs. Sizes are those of a common first level and of a Skylake-class second.

import { defineCpu } from "../define.js";

const cite = "CHOICE one geometry for all architectures and page sizes";
const confidence = "choice";

export const plain = defineCpu({
  name: "plain",
  title: "plain TLBs, the same for every architecture",
  sources: {
    CHOICE: "a modelling default of mmulate; it describes no machine",
    YARDSTICK: "parameters of the reference simulator that mmulate is checked against",
  },
  tlb: {
    data: [{ name: "L1D", entries: 64, ways: 4, pages: "all", cite, confidence }],
    fetch: [{ name: "L1I", entries: 64, ways: 4, pages: "all", cite, confidence }],
    second: [{ name: "L2", entries: 1536, ways: 12, pages: "all", cite, confidence }],
  },
  walkCaches: [
    { level: 1, entries: 32, ways: 4, cite, confidence },
    { level: 2, entries: 4, ways: 4, cite, confidence },
    { level: 3, entries: 4, ways: 4, cite, confidence },
  ],
  secondStage: {
    pages: { entries: 64, cite, confidence },
    tables: { entries: 16, cite, confidence },
  },
  costs: {
    secondLevelHit: { cycles: 7, cite: "YARDSTICK second-level hit", confidence },
    walkLoad: { cycles: 20, cite: "YARDSTICK flat cost of an entry's load", confidence },
    demandFault: { cycles: 1000, cite: "YARDSTICK page fault", confidence },
    dirtyAssist: { cycles: 100, cite: "YARDSTICK assist", confidence },
  },
});
