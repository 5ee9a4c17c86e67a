// CONFORMANCE.md and the list of known exceptions are what the recordings say today. `npm run conformance`
// writes both anew; read the diff: a scenario that joins the list is a step back.

import { beforeAll, expect, it } from "vitest";
import type { Core } from "../../src/core/core.js";
import { conformanceText, exceptionsOf, verdicts } from "./conformance.js";
import { newCore } from "./support.js";

let core: Core;
let all: ReturnType<typeof verdicts>;
beforeAll(async () => {
  core = await newCore();
  all = verdicts(core);
});

it("CONFORMANCE.md is current", async () => {
  await expect(conformanceText(core, all)).toMatchFileSnapshot("../../CONFORMANCE.md");
});

it("the known exceptions are those that there are", async () => {
  const text = `${JSON.stringify(exceptionsOf(all), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("../data/kernel/known-exceptions.json");
});
