// mmulate demo: three short runs on data that ships with the package, each with the command that makes it.

import { relative } from "node:path";
import process from "node:process";
import { Command } from "commander";
import { EXIT_DONE, EXIT_FAILED, MmulateError } from "../errors.js";
import { toScriptText } from "../report/script-text.js";
import { toTable } from "../report/table.js";
import { packageFile } from "../runner/package-files.js";
import type { Report } from "../stats/report.js";
import { oneLine } from "./one-line.js";
import { print } from "./output.js";
import { addRun } from "./run.js";

interface Act {
  readonly title: string;
  /** File of the package; "" = none is needed. */
  readonly file: string;
  /** Command line behind `mmulate run`; FILE is the file. */
  readonly words: readonly string[];
  readonly draw: (report: Report) => string;
  readonly says: string;
}

/** Rows of the table that tell the story. */
const ROWS: ReadonlySet<string> = new Set([
  "accesses",
  "dTLB L1 misses",
  "page walks",
  "entries read by walks",
  "translation cycles",
  "ns per access",
]);

const ACTS: readonly Act[] = [
  {
    title:
      "1. The same program on two architectures: a trace of sort, 64 KiB mapped at a first touch",
    file: "test/data/traces/sort.lackey.gz",
    words: ["FILE", "--arch", "x86-64,arm64", "--pages", "contiguous"],
    draw: (report) => toTable(report, ROWS),
    says: "arm64 has a hint for 16 pages in a row, so one TLB entry holds them; x86-64 walks for each.",
  },
  {
    title: "2. Where a TLB ends: dependent loads over more and more pages on Golden Cove",
    file: "",
    words: [
      "chase:passes=1",
      "-L",
      "workload.pages=64,1024,8192",
      "--arch",
      "x86-64",
      "--cpu",
      "golden-cove",
      "--data-cache",
    ],
    draw: (report) => toTable(report, ROWS),
    says: "64 pages fit the first level, 1,024 the second, 8,192 neither.",
  },
  {
    title: "3. Linux: fork, copy-on-write and soft-dirty, watched by an oracle",
    file: "test/data/scripts/fork.scn",
    words: ["FILE", "--arch", "x86-64,arm64", "--check"],
    draw: toScriptText,
    says: '"=" is what the first column has. After clear_refs arm64 knows no soft-dirty: see pagemap, D.',
  },
];

const NEXT = `What to try next:
  mmulate run YOUR.lackey --arch x86-64,arm64     a trace of your own program (valgrind --tool=lackey)
  mmulate run chase:pages=2048 --cpu zen4 --arch x86-64 --data-cache -P cpu.memory.cycles=200..400:100
  mmulate compare "run chase --arch x86-64" "run chase --arch arm64"
  mmulate init                                    a file of defaults for this folder
  mmulate help run                                all that a run can be asked for
`;

/** Adds the command. `finish` receives the exit code. */
export function addDemo(program: Command, finish: (code: number) => void): void {
  program
    .command("demo")
    .summary("show in a few seconds what mmulate does, with real numbers")
    .description("Runs three short examples on data of the package, and says what to try next.")
    .action(async () => {
      for (const act of ACTS) await play(act);
      await print(NEXT);
      finish(EXIT_DONE);
    });
}

async function play({ title, file, words, draw, says }: Act): Promise<void> {
  const path = file === "" ? "" : relative(process.cwd(), packageFile(file));
  const line = words.map((word) => (word === "FILE" ? path : word));
  await print(`${title}\n\n$ mmulate run ${line.join(" ")}\n\n`);
  let shown = "";
  let code = EXIT_FAILED;
  const program = oneLine(new Command("mmulate"));
  addRun(
    program,
    (result) => {
      code = result;
    },
    async (report) => {
      shown = draw(report);
    },
  );
  await program.parseAsync(["run", ...line, "--no-config"], { from: "user" });
  if (code !== EXIT_DONE) throw new MmulateError("INTERNAL", `the demo ended with code ${code}`);
  await print(`${shown}\n${says}\n\n`);
}
