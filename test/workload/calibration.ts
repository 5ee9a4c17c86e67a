// docs/calibration.md: what was fitted, predicted and measured. Written by `npm run calibration`.

import { readFileSync } from "node:fs";
import { COSTS } from "../../arch/costs/index.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planKernel } from "../../src/runner/plan-kernel.js";
import { runKernel } from "../../src/runner/run-kernel.js";

/** What each fitted constant was solved for; all other figures are predictions. */
export const FITTED: ReadonlyMap<string, string> = new Map([
  ["overlap", "warm_touch"],
  ["trap", "wp_reuse"],
  ["page_zero", "first_touch"],
  ["page_copy", "cow_copy"],
  ["fault_segv", "mprotect_segv"],
  ["context_switch", "uffd_sync_fault"],
  ["protect_change", "mprotect_arm"],
  ["fork_entry", "fork"],
]);

type Figures = Readonly<Record<string, number>>;

/** The machine's own figures, nanoseconds per page. */
export const MEASURED: Readonly<Record<"one_cpu" | "two_cpus", Figures>> = JSON.parse(
  readFileSync(new URL("../data/host/page-costs.json", import.meta.url), "utf8"),
);

/** Figures of a workload on the machine that was measured. */
export async function simulate(input: string, tracker: string, cpus: number): Promise<Figures> {
  const [cell] = planKernel({
    inputs: [input],
    archs: ["x86-64"],
    kernels: ["6.18:softDirty=false:swap=false"],
    cpus: [],
    costs: ["golden-cove-linux"],
    trackers: [tracker],
    cpuCounts: [cpus],
  });
  if (cell === undefined) throw new Error("no cell");
  return runKernel(await loadCoreModule(), cell).result.metrics;
}

/** A figure that is a matter of the machine's idle CPUs, which the profile leaves out. */
export const isLeftOut = (set: string, figure: string): boolean =>
  set === "two_cpus" && figure === "uffd_sync_fault";

function rows(set: "one_cpu" | "two_cpus", simulated: Figures): string[] {
  const fits = new Map([...FITTED].map(([constant, figure]) => [figure, constant]));
  return Object.entries(MEASURED[set]).map(([figure, measured]) => {
    const value = simulated[figure] ?? Number.NaN;
    const constant = set === "one_cpu" ? fits.get(figure) : undefined;
    const [fitted, predicted] =
      constant === undefined
        ? ["", value.toFixed(2)]
        : [`${value.toFixed(2)} (\`${constant}\`)`, ""];
    const ratio = isLeftOut(set, figure) ? "left out" : (value / measured).toFixed(2);
    return `| \`${figure}\` | ${fitted} | ${predicted} | ${measured} | ${ratio} |`;
  });
}

const table = (lines: readonly string[]): string =>
  [
    "| figure | fitted | predicted | measured | ratio |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");

function constants(): string {
  const { events = {}, overlap } = COSTS.get("golden-cove-linux") ?? {};
  const lines = Object.entries(events).map(
    ([name, { cycles, cite, confidence }]) =>
      `| \`${name}\` | ${cycles} | ${confidence} | ${cite} |`,
  );
  return [
    "| constant | cycles of 4 GHz | confidence | source |",
    "| --- | ---: | --- | --- |",
    `| \`overlap\` | (a ratio) ${overlap} | fitted | HOST warm_touch |`,
    ...lines,
  ].join("\n");
}

/** The page, from figures of `page-costs` and of `predump`. */
export function calibrationText(one: Figures, two: Figures, predump: readonly string[]): string {
  return `# Calibration of \`golden-cove-linux\`

Written by \`npm run calibration\`; a test fails when it is not current, when a fitted figure is off by more than half a
percent, or a predicted one by more than a quarter.

A program measured what a page of private memory costs in each phase of watching writes (16,384 pages in address order)
on a virtual machine of the Golden Cove family, Linux 6.18 (\`test/data/host/page-costs.json\`, nanoseconds per page).
\`mmulate run page-costs --kernel 6.18:softDirty=false:swap=false\` simulates the same phases: counted events times the
constants below, and the translation and data cycles of the CPU profile \`golden-cove\` under nested paging.

Eight constants are fitted, each to one figure, one after the other. The rest were chosen as round numbers for what the
code does, by somebody who knew the figures, or measured on another machine and scaled.

## One CPU

${table(rows("one_cpu", one))}

\`overlap\` is fitted to the second touch of all pages: those loads do not wait for each other, and the sum of one after
the other would be 1.4 times as much.

## Two CPUs

The same constants; nothing is fitted here.

${table(rows("two_cpus", two))}

\`uffd_sync_fault\` on two CPUs is the time that an idle virtual CPU took to wake up, twice 25 microseconds. That says
nothing of the mechanism and is left out; \`--costs golden-cove-linux-vm\` has it (\`idle_wake\`).

## Constants

${constants()}

Sources: HOST as above. ZEN4: \`bench/native/predump.c\` on an EPYC of family 25, model 17, the same kernel, as a
real-time process; times 0.55, about what faults and signals take on the one machine of what they take on the other.
CHOICE: chosen. \`vma_split\` and its like cannot be seen in the figures above, where VMAs merge at once.

## predump

What \`mmulate run predump\` makes of it: random writes to watched pages, then finding them and watching all again.

| tracker | pages | fraction | write, ns per written page | collect, ns per page |
| --- | ---: | ---: | ---: | ---: |
${predump.join("\n")}

On the EPYC, \`predump.c\` measured for 16,384 pages (least of 11 rounds, write and collect): mprotect 7052 and 17.1 at
1 %, 7573 and 605 at 50 %; in address order 4664 and 44.7; uffd-sync 8016 and 64.1, 8288 and 91.8; uffd-async 1095 and
1.76, 1080 and 22.4. So there, too, a random write under mprotect costs half as much again as an ordered one, because
it splits a mapping twice, and re-protecting costs by the islands of written pages, not by pages.
`;
}
