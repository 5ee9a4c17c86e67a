// The machine of the reference simulator whose counters mmulate reproduces to the last access: 4 KiB and
// 2 MiB first-level arrays, a shared second level, one walk cache per upper level, flat costs.

import { defineCpu } from "../define.js";

const cite = "REFSIM model paragraph: geometry and cycles";
const confidence = "choice";
const SMALL = 12;
const LARGE = 21;

export const yardstick = defineCpu({
  name: "yardstick",
  title: "the reference simulator's machine",
  architectures: ["x86-64"],
  sources: { REFSIM: "README of the native reference simulator" },
  tlb: {
    data: [
      { name: "L1D 4K", entries: 64, ways: 4, pages: [SMALL], cite, confidence },
      { name: "L1D 2M", entries: 32, ways: 4, pages: [LARGE], cite, confidence },
    ],
    fetch: [],
    second: [{ name: "STLB", entries: 1536, ways: 12, pages: [SMALL, LARGE], cite, confidence }],
  },
  pages: "base,2m@0x400000000000",
  walkCaches: [
    { level: 1, entries: 32, ways: 4, cite, confidence },
    { level: 2, entries: 4, ways: 4, cite, confidence },
    { level: 3, entries: 4, ways: 4, cite, confidence },
  ],
  costs: {
    secondLevelHit: { cycles: 7, cite, confidence },
    walkLoad: { cycles: 20, cite, confidence },
    demandFault: { cycles: 1000, cite, confidence },
    dirtyAssist: { cycles: 100, cite, confidence },
  },
});
