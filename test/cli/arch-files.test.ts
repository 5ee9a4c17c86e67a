// mmulate arch with files where names may stand, and with CPU and cost profiles.

import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import type { ProposalCheck } from "../../src/entry-bits.js";
import type { CellResult, Report } from "../../src/stats/report.js";
import { inputFolder } from "../trace/support.js";
import { linesOf, mmulate, output, TINY } from "./support.js";

const GOLDEN = "../golden/arch";
const FORK = fileURLToPath(new URL("../data/scripts/fork.scn", import.meta.url));
const SOFT_DIRTY = fileURLToPath(
  new URL("../data/descriptors/arm64-soft-dirty.yaml", import.meta.url),
);

const folder = inputFolder();
let trace = "";
beforeAll(() => {
  trace = folder.write("tiny.lackey", TINY);
});

/** A layout that has soft-dirty of x86-64 in another bit. */
function moved(bit: number, more = ""): string {
  const field = `  - { name: SOFT_DIRTY, bits: [${bit}, ${bit}] }\n`;
  return folder.write(
    `sd${bit}${more === "" ? "" : "-more"}.yaml`,
    `extends: x86-64-7.0\nname: x86-64-sd${bit}\nfields:\n${field}${more}`,
  );
}

async function checked(...args: string[]): Promise<[number | null, ProposalCheck]> {
  const { code, out } = await mmulate("arch", "check", ...args, "--json");
  const [first, ...others] = JSON.parse(out) as ProposalCheck[];
  if (first === undefined || others.length > 0) throw new Error("not one check");
  return [code, first];
}

const verdicts = ({ kernels }: ProposalCheck) =>
  kernels.map(({ layout, verdict }) => [layout, verdict]);

describe("arch check of a layout in a file", () => {
  it("prints what it adds, kernel by kernel", async () => {
    const text = await output("arch", "check", SOFT_DIRTY);
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/check-file.txt`);
  });

  it("judges a moved bit against every kernel, and ends with 1 where the newest has no room", async () => {
    const [code, check] = await checked(moved(57));
    expect(code).toBe(0);
    expect(verdicts(check)).toEqual([
      ["x86-64-6.1", "collides with DEVMAP"],
      ["x86-64-6.12", "collides with DEVMAP"],
      ["x86-64-7.0", "works"],
    ]);
    const [taken, bad] = await checked(moved(58), "--kernel", "7.0");
    expect([taken, verdicts(bad)]).toEqual([
      1,
      [["x86-64-7.0", expect.stringMatching(/^collides with /)]],
    ]);
  });

  it("may use a bit that it took from another field", async () => {
    // Two trade places: each stands where the other stood.
    const trade = "  - { name: UFFD_WP, bits: [11, 11] }\n";
    const [code, check] = await checked(moved(10, trade), "--kernel", "7.0");
    expect([code, verdicts(check)]).toEqual([0, [["x86-64-7.0", "works"]]]);
    // Both wishes were looked at.
    const [kernel] = check.kernels;
    const named = kernel?.findings.map(({ text }) => text.split(":")[0]);
    expect(new Set(named)).toEqual(new Set(["SOFT_DIRTY", "UFFD_WP"]));
    // Where only one moves, the other is in the way.
    const [one, alone] = await checked(moved(10), "--kernel", "7.0");
    expect([one, verdicts(alone)]).toEqual([1, [["x86-64-7.0", "collides with UFFD_WP"]]]);
  });

  it("holds a file that adds nothing against itself, as what ships", async () => {
    const copy = folder.write("copy.json", await output("arch", "show", "arm64-7.0", "--json"));
    const same = folder.write("same.yaml", "extends: arm64-7.0\n");
    const [, shipped] = await checked("arm64-7.0");
    for (const file of [copy, same]) {
      const [, check] = await checked(file);
      expect({ ...check, proposal: "" }).toEqual({ ...shipped, proposal: "" });
    }
  });
});

describe("arch show and diff of files", () => {
  it("draw what ships where a file says no more", async () => {
    for (const name of ["arm64", "x86-64", "riscv64", "arm64-7.0", "riscv64-7.0"]) {
      const file = folder.write(`${name}.yaml`, `extends: ${name}\n`);
      expect(await output("arch", "show", file)).toBe(await output("arch", "show", name));
      expect(await output("arch", "diff", file, name, "--json")).toBe("[]\n");
    }
  });

  it("tell a moved bit, of a layout and of a descriptor", async () => {
    const rows = async (file: string, name: string) =>
      (
        JSON.parse(await output("arch", "diff", file, name, "--json")) as {
          place: string;
          bits: number[];
        }[]
      ).map(({ place, bits }) => [place, ...bits]);
    expect(await rows(moved(57), "x86-64-7.0")).toEqual([
      ["leaf", 57, 57],
      ["leaf", 11, 11],
      ["huge", 57, 57],
      ["huge", 11, 11],
    ]);
    const text = "extends: arm64\nfields:\n  - { name: DBM, bits: [63, 63] }\n";
    expect(await rows(folder.write("dbm.yaml", text), "arm64")).toEqual([
      ["leaf", 63, 63],
      ["leaf", 51, 51],
      ["huge", 63, 63],
      ["huge", 51, 51],
    ]);
  });

  it("--json prints the merged whole, which is a file again", async () => {
    const text = await output("arch", "show", SOFT_DIRTY, "--json");
    const whole = folder.write("whole.json", text);
    expect(await output("arch", "show", whole, "--json")).toBe(text);
    expect(await output("arch", "show", whole)).toBe(await output("arch", "show", SOFT_DIRTY));
    const arm64 = folder.write("arm64.json", await output("arch", "show", "arm64", "--json"));
    expect(JSON.parse(await output("arch", "show", arm64, "--json"))).toEqual(
      ARCHITECTURES.get("arm64"),
    );
    expect(LINUX_LAYOUTS.has("arm64-soft-dirty")).toBe(false);
  });
});

async function cellsOf(...args: string[]): Promise<CellResult[]> {
  return [...(JSON.parse(await output("run", ...args, "--json")) as Report).cells];
}

function unlabelled({ labels: _, id: __, ...rest }: CellResult): unknown {
  return rest;
}

describe("arch show of profiles", () => {
  it.each(["golden-cove", "golden-cove-linux"])("prints the numbers of %s", async (name) => {
    const text = await output("arch", "show", name);
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/show-${name}.txt`);
  });

  it("--json of a CPU is a file for --cpu, with the same results", async () => {
    const cpu = folder.write("cpu.json", await output("arch", "show", "golden-cove", "--json"));
    const args = [trace, "--arch", "x86-64", "--cpu", `${cpu},golden-cove`];
    const [mine, shipped, ...more] = await cellsOf(...args);
    if (mine === undefined || shipped === undefined) throw new Error("no cells");
    expect(more).toEqual([]);
    expect(mine.labels.cpu).toBe(cpu);
    expect(unlabelled(mine)).toEqual(unlabelled(shipped));
  });

  it("--json of costs is a file for --costs, with the same results", async () => {
    const name = "golden-cove-linux";
    const costs = folder.write("costs.json", await output("arch", "show", name, "--json"));
    const args = [FORK, "--arch", "x86-64"];
    const [mine, shipped] = [
      await cellsOf(...args, "--costs", costs),
      await cellsOf(...args, "--costs", name),
    ];
    expect(mine.map(unlabelled)).toEqual(shipped.map(unlabelled));
    // And these are not what a script costs anyway.
    expect(mine[0]?.cycles).not.toEqual((await cellsOf(...args))[0]?.cycles);
  });

  it("takes a file, and tells two of one name apart by --kind", async () => {
    const file = folder.write("mine.yaml", "extends: plain\ncosts: { walkLoad: { cycles: 77 } }\n");
    expect(await output("arch", "show", file)).toMatch(/^ {2}costs\.walkLoad +77 cycles /m);
    expect(await output("arch", "show", "plain", "--kind", "cpu")).toMatch(/walkLoad +20 cycles /);
    expect(await output("arch", "show", "plain", "--kind", "costs")).toMatch(/events\.trap /);
  });
});

describe("one line and exit code 2 for", () => {
  it.each([
    ["two profiles of one name", ["show", "plain"], /--kind cpu or --kind costs/],
    ["a picture of a profile", ["show", "zen4", "--svg", "x.svg"], /no entries to draw/],
    ["bits of a profile", ["diff", "zen4", "arm64"], /zen4 is a profile, which has no entries/],
    ["a profile checked", ["check", "plain"], /plain is a profile/],
    ["a wrong kind", ["show", "zen4", "--kind", "costs"], /--kind costs: there is no "zen4"/],
    ["a file that is not there", ["check", "./no-such.yaml"], /cannot read .*ENOENT/],
  ])("%s", async (_, args, message) => {
    const { code, out, err } = await mmulate("arch", ...args);
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toHaveLength(1);
    expect(err).toMatch(message);
  });

  it.each([
    ["of.yaml", "extends: plain\ntitle: x\n", /of\.yaml:1:1: extends plain: no kind/],
    ["none.yaml", "title: x\n", /none\.yaml:1:1: no kind of file/],
    ["unknown.yaml", "extends: arm65\n", /unknown\.yaml:1:1: extends arm65: /],
    ["typo.yaml", "extends: arm64\nfieldz: []\n", /typo\.yaml:2:1: .*"fieldz"/],
    ["ring.yaml", "extends: ./ring.yaml\n", /extends it again/],
  ])("%s", async (name, text, message) => {
    const { code, out, err } = await mmulate("arch", "show", folder.write(name, text));
    expect([code, out]).toEqual([2, ""]);
    expect(linesOf(err)).toHaveLength(1);
    expect(err).toMatch(message);
  });
});
