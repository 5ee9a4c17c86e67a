// mmulate verify FILE..., mmulate walk FILE#ID

import type { Command } from "commander";
import { ARCHITECTURES } from "../../arch/index.js";
import { named } from "../config/read-descriptors.js";
import { Core } from "../core/core.js";
import { EXIT_DONE, EXIT_FAILED, MmulateError } from "../errors.js";
import { DEFAULT_PAE, PAE_SCHEMES } from "../pae/index.js";
import { toJson } from "../report/json.js";
import { toVerifyText, toWalkText } from "../report/verify-text.js";
import { loadCoreModule } from "../runner/module-files.js";
import { architectureNamed } from "../runner/plan.js";
import { explainVector } from "../verify/explain.js";
import { findVector } from "../verify/find-vector.js";
import { verifyFiles } from "../verify/verify-files.js";
import { unknown } from "../workload/parse.js";
import { mention, print } from "./output.js";

interface Flags {
  readonly json?: true;
  readonly check?: true;
  readonly arch?: string;
  readonly linuxLayout?: string;
  readonly cpu?: string;
  readonly pae?: string;
}

/** Adds both commands. `finish` receives the exit code. */
export function addVerify(program: Command, finish: (code: number) => void): void {
  program
    .command("verify")
    .summary("play recorded translations and kernel scenarios, and compare")
    .description(
      `Plays translation vectors and recordings of Linux kernels (JSON lines, plain or gzip) of ${[...ARCHITECTURES.keys()].join(", ")}.`,
    )
    .argument("<file...>", "files of vectors or recordings")
    .option(
      "--check",
      "recordings: a plain memory model and an audit of the kernel's state watch, too",
    )
    .option("--arch <file>", "a descriptor of one's own, for what names its architecture")
    .option("--linux-layout <name>", "recordings: a layout or a file, for its architecture")
    .option("--cpu <name>", "recordings: a CPU profile or a file (default: plain)")
    .option(
      "--pae <name>",
      `recordings: scheme of PageAnonExclusive: ${[...PAE_SCHEMES.keys()].join(", ")} (default: ${DEFAULT_PAE})`,
    )
    .option("--json", "print the result as JSON")
    .action(async (files: string[], flags: Flags) => {
      finish(await verify(files, flags));
    });
  program
    .command("walk")
    .summary("explain one translation step by step")
    .description("Explains one vector: every entry read, what it means, and the manual's section.")
    .argument("<file#id>", "vector file and id, such as vectors.jsonl.gz#x86-64/000123")
    .option("--json", "print the explanation as JSON")
    .action(async (target: string, flags: Flags) => {
      finish(await walk(target, flags));
    });
}

async function newCore(): Promise<Core> {
  const { module } = await loadCoreModule();
  return new Core(module);
}

async function verify(files: readonly string[], flags: Flags): Promise<number> {
  const { json, check, arch, linuxLayout, cpu, pae } = flags;
  if (pae !== undefined && !PAE_SCHEMES.has(pae)) throw unknown("scheme", pae, PAE_SCHEMES);
  const own = {
    architecture: arch === undefined ? undefined : await named("architecture", arch),
    linux: linuxLayout === undefined ? undefined : await named("Linux layout", linuxLayout),
    cpu: cpu === undefined ? undefined : await named("cpu", cpu),
  };
  const result = await verifyFiles(await newCore(), files, (file) => mention(`playing ${file}`), {
    check: check === true,
    own,
    pae,
  });
  await print(json === true ? toJson(result) : toVerifyText(result));
  return result.failed + result.skipped === 0 ? EXIT_DONE : EXIT_FAILED;
}

async function walk(target: string, { json }: Flags): Promise<number> {
  const at = target.lastIndexOf("#");
  if (at <= 0 || at === target.length - 1) {
    throw new MmulateError("USAGE", `"${target}" is not FILE#ID, such as x.jsonl.gz#x86-64/000123`);
  }
  const vector = await findVector(target.slice(0, at), target.slice(at + 1));
  const explanation = explainVector(await newCore(), architectureNamed(vector.arch), vector);
  await print(json === true ? toJson(explanation) : toWalkText(explanation));
  return explanation.right ? EXIT_DONE : EXIT_FAILED;
}
