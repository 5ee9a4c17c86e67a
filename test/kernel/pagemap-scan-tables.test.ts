// Tables that are alike are scanned in one go where nobody can come in between: same ranges, events and cycles as table
// by table, which is how a machine of two CPUs does it.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { type Played, playScript } from "../../src/scenario/play-script.js";

let core: Core;
beforeAll(async () => {
  core = new Core((await loadCoreModule()).module);
});

function played(text: string, arch: string, cpus: number): Played {
  const inputs = [{ path: "test.scn", text }];
  const [cell] = planScripts({ inputs, archs: [arch], kernels: ["7.2"], cpus: ["plain"] });
  if (cell === undefined) throw new Error("no cell");
  const { machine, operations } = cell;
  return playScript(core, operations, { ...machine, kernel: { ...machine.kernel, cpus } }, {});
}

const PAGES = 6 * 512;
const page = fc.nat({ max: PAGES - 1 });
const range = fc
  .tuple(page, fc.constantFrom(1, 3, 512, 1024, 1500))
  .map(([from, count]) => `A ${from} ${Math.min(count, PAGES - from)}`);
const step = fc.oneof(
  range.map((where) => `write ${where}`),
  range.map((where) => `madvise ${where} dontneed`),
  fc.constant("clear_refs"),
  range.map((where) => `scan ${where} written`),
  fc
    .tuple(range, fc.constantFrom("soft-dirty", "present", "written not=present", "file present"))
    .map(([where, what]) => `scan ${where} ${what}`),
  range.map((where) => `scan ${where} written max=700`),
  fc.constant(`scan A 0 ${PAGES} soft-dirty`),
  fc.constant(`scan A 0 ${PAGES} written`),
);

describe.each(["x86-64", "arm64", "riscv64"])("on %s", (arch) => {
  it("a scan of tables that are alike tells and counts what one of each table does", () => {
    const property = fc.property(fc.array(step, { minLength: 4, maxLength: 10 }), (steps) => {
      const text = `mmap A ${PAGES} rw private\nwrite A 0 ${PAGES}\n${steps.join("\n")}\nscan A 0 ${PAGES} present\n`;
      const [one, two] = [played(text, arch, 1), played(text, arch, 2)];
      expect(one.observations).toEqual(two.observations);
      expect(one.events).toEqual(two.events);
      const tables = ({ locks }: Played) => locks.get("page_table_lock");
      expect(tables(one)).toEqual(tables(two));
    });
    fc.assert(property, { numRuns: 12, seed: 5 });
  });
});
