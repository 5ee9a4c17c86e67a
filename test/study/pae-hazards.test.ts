// The hazards of schemes of PageAnonExclusive: their scripts stand as files beside the study's document, break the
// schemes that they are said to break, and no other; and each safeguard is needed.

import { describe, expect, it } from "vitest";
import { MANY_TABLES_A_PAGE, SHADOW_STACKS } from "../../arch/fixtures/index.js";
import { Core } from "../../src/core/core.js";
import { SAFEGUARDS } from "../../src/kernel/safeguards.js";
import { PAE_SCHEMES } from "../../src/pae/index.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { NO_FILES } from "../../src/runner/plan.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { playScript } from "../../src/scenario/play-script.js";
import { parseScript } from "../../src/scenario/script.js";
import type { Hazard } from "../../src/study/pae/hazard.js";
import { HAZARDS, kernelOf, scriptOf } from "../../src/study/pae/hazards.js";

const core = new Core((await loadCoreModule()).module);
const SCHEMES = [...PAE_SCHEMES.keys()];

/** The first broken rule, on the machine that the hazard takes, else on the first architecture. */
function broken(hazard: Hazard, pae: string, without: readonly string[] = []): string | null {
  const { architecture, layout } = hazard.on ?? {};
  const arch = architecture?.name ?? "x86-64";
  const own = {
    ...NO_FILES,
    ...(architecture === undefined ? {} : { architectures: new Map([[arch, architecture]]) }),
    ...(layout === undefined ? {} : { layouts: new Map([[layout.name, layout]]) }),
  };
  const linux = layout === undefined ? {} : { linuxLayout: layout.name };
  const selectors = { arch, kernel: kernelOf(hazard, "7.2", arch), cpu: "plain", ...linux };
  const machine = machineOf(selectors, new Settings([]), { own, bytes: 2 ** 26 });
  const kernel = { ...machine.kernel, pae, without };
  const operations = parseScript(hazard.script.join("\n"), hazard.id);
  return (
    playScript(core, operations, { ...machine, kernel }, { check: true }).complaints?.[0]?.id ??
    null
  );
}

/** Who is broken by what. */
const BROKEN: Readonly<Record<string, readonly string[]>> = {
  H1: ["folio-naive"],
  H2: ["folio-naive"],
  H3: ["folio-naive"],
  H4: ["folio-naive"],
  H5: ["folio-naive"],
  H6: ["bitmap-naive"],
  H7: ["bitmap-naive"],
  H8: ["bitmap-naive"],
  "H8-replaced": ["bitmap-naive"],
  H9: ["pte-naive"],
  H10: ["pte-naive"],
  H11: ["pte-naive"],
  H12: ["folio-naive", "pte-naive"],
  H13: ["pte-naive"],
  H14: ["pte-naive"],
  H15: ["pte-naive"],
  H18: ["pte-naive"],
  H19: ["pte-naive"],
};

describe.each(HAZARDS)("$id", (hazard) => {
  it("stands as a file", async () => {
    await expect(scriptOf(hazard)).toMatchFileSnapshot(`../../docs/studies/pae/${hazard.id}.scn`);
  });

  it("breaks schemes without guards, and no other", () => {
    const found = SCHEMES.filter((pae) => broken(hazard, pae) !== null);
    expect(found).toEqual(BROKEN[hazard.id] ?? []);
  });
});

/** Schemes that rely on the safeguard; left out = all. */
const HAS: Readonly<Record<string, readonly string[]>> = {
  "folio-lock": ["folio"],
  "folio-first": ["folio"],
  "table-rcu": ["bitmap"],
  "fragment-index": ["bitmap"],
  "entry-again": ["bitmap"],
  "one-exchange": ["pte-strict", "pte-loose"],
  // The others take W and D together, or one after the other before this step.
  "atomic-wrprotect": SCHEMES.filter((name) => !name.startsWith("pte-")),
};

describe.each([...SAFEGUARDS.keys()])("without %s", (safeguard) => {
  const hazards = HAZARDS.filter((each) => each.safeguard === safeguard);

  it.each(hazards)("$id breaks those that rely on it", (hazard) => {
    const relying = HAS[safeguard] ?? SCHEMES;
    expect(relying).not.toEqual([]);
    for (const pae of relying) expect(broken(hazard, pae, [safeguard]), pae).not.toBeNull();
    if (hazard.ofKernel !== true) expect(broken(hazard, "page", [safeguard])).toBeNull();
  });

  it("is what some hazard is about", () => expect(hazards).not.toEqual([]));
});

it.each([
  [MANY_TABLES_A_PAGE.architecture?.name ?? "", MANY_TABLES_A_PAGE.architecture],
  [`linux-${MANY_TABLES_A_PAGE.layout.name}`, MANY_TABLES_A_PAGE.layout],
  [`linux-${SHADOW_STACKS.layout.name}`, SHADOW_STACKS.layout],
])("%s.json is the machine that a script takes", async (name, value) => {
  const text = `${JSON.stringify(value, null, 1)}\n`;
  await expect(text).toMatchFileSnapshot(`../../docs/studies/pae/${name}.json`);
});
