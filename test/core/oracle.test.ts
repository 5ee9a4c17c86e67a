// The core beside an oracle that shares no code with it: the same random case to both, with cold TLBs.
//
// The oracle is a straight-line walk out of the manual; the core is one loop over a compiled layout. A case
// on which they part is shrunk, and printed with the seed that finds it again.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ARBITRARY, verdict } from "./oracle.js";
import { ARCHITECTURE_NAMES, BUILDS, type Build, coreOf, Player, withPlainCpu } from "./support.js";

const RUNS: Record<Build, number> = { release: 4000, debug: 1000 };

describe.each(ARCHITECTURE_NAMES)("a cold access of %s", (arch) => {
  it.each(BUILDS)("ends on the %s build as the manual says", (build) => {
    const player = new Player(coreOf(build), withPlainCpu);
    fc.assert(
      fc.property(ARBITRARY[arch](), (drawn) => {
        expect(verdict(drawn, player.play(drawn))).toBeNull();
      }),
      { numRuns: RUNS[build] },
    );
  });
});
