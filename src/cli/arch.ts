// mmulate arch list, show, diff, budget, check

import type { Command } from "commander";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import type { ProposalCheck } from "../entry-bits.js";
import { EXIT_DONE, EXIT_FAILED } from "../errors.js";
import { budgetOf } from "../layout/budget.js";
import { checkLayout, checkProposal } from "../layout/collisions.js";
import { formatDifferences } from "../layout/format-diff.js";
import { toArchList, toBudgetText, toCheckText, toDiffText } from "../report/arch-text.js";
import { toSheetText } from "../report/bit-picture.js";
import { toSheetSvg } from "../report/bit-svg.js";
import { toJson } from "../report/json.js";
import {
  architectureNames,
  bitSourceOf,
  findLayout,
  kernelsAt,
  namedLayouts,
} from "./arch-names.js";
import { print, printTo } from "./output.js";

interface Flags {
  readonly json?: true;
  readonly svg?: string;
  readonly kernel?: string;
}

const JSON_OPTION = ["--json", "print it as JSON"] as const;
const KERNEL_OPTION = [
  "--kernel <version>",
  "only what this Linux version has (default: all)",
] as const;

/** Adds the commands. `finish` receives the exit code. */
export function addArch(program: Command, finish: (code: number) => void): void {
  const arch = program
    .command("arch")
    .summary("layouts of entries: pictures, bit budgets, what a proposal collides with")
    .description(
      "Layouts of page-table entries: who owns which bit, what is free, what a proposal collides with.",
    );
  addPictures(arch, finish);
  arch
    .command("budget")
    .summary("which bits are free, and who wants them")
    .description(
      "Tells for each kernel which bits of an entry are Linux's, free or contested, and who wants them.",
    )
    .argument("[architecture...]", "architectures; all unless named")
    .option(...KERNEL_OPTION)
    .option(...JSON_OPTION)
    .action(async (names: string[], flags: Flags) => {
      await budget(names, flags);
      finish(EXIT_DONE);
    });
  arch
    .command("check")
    .summary("what a proposal collides with, kernel by kernel")
    .description(
      "Holds proposals (or Linux layouts) against software bits, hardware features, swap and migration entries, PROT_NONE, contiguous groups and flush decisions. Exit code 1 where one collides on the newest kernel asked for.",
    )
    .argument("[layout...]", "names of `arch list`; all proposals unless named")
    .option(...KERNEL_OPTION)
    .option(...JSON_OPTION)
    .action(async (names: string[], flags: Flags) => {
      finish(await check(names, flags));
    });
}

function addPictures(arch: Command, finish: (code: number) => void): void {
  arch
    .command("list")
    .summary("everything that has a layout")
    .description("Lists architectures, Linux layouts and proposals.")
    .option(...JSON_OPTION)
    .action(async ({ json }: Flags) => {
      await print(json === true ? toJson(namedLayouts()) : toArchList(namedLayouts()));
      finish(EXIT_DONE);
    });
  arch
    .command("show")
    .summary("entries as pictures, every bit with owner and source")
    .description(
      "Draws the forms of an architecture's entries; with a Linux layout or proposal, what Linux keeps in them.",
    )
    .argument("<name>", "a name of `arch list`")
    .option("--svg <file>", "write the picture as SVG instead")
    .option("--json", "print the descriptor, layout or proposal itself")
    .action(async (name: string, flags: Flags) => {
      await show(name, flags);
      finish(EXIT_DONE);
    });
  arch
    .command("diff")
    .summary("bits in which two layouts differ")
    .description("Lists the bits of each form of entry that two layouts use differently.")
    .argument("<first>", "a name of `arch list`")
    .argument("<second>", "another")
    .option(...JSON_OPTION)
    .action(async (first: string, second: string, flags: Flags) => {
      await diff(first, second, flags);
      finish(EXIT_DONE);
    });
}

async function show(name: string, { json, svg }: Flags): Promise<void> {
  const { sheet, data } = findLayout(name);
  if (svg !== undefined) await printTo(svg, toSheetSvg(sheet));
  if (json === true) await print(toJson(data));
  else if (svg === undefined) await print(toSheetText(sheet));
}

async function diff(first: string, second: string, { json }: Flags): Promise<void> {
  const [one, two] = [findLayout(first).sheet, findLayout(second).sheet];
  const differences = formatDifferences(one, two);
  await print(json === true ? toJson(differences) : toDiffText(one, two, differences));
}

async function budget(names: readonly string[], { json, kernel }: Flags): Promise<void> {
  const asked = names.length > 0 ? names : architectureNames();
  const budgets = asked
    .map(bitSourceOf)
    .flatMap((source) =>
      kernelsAt(source, kernel).map((linux) => budgetOf(source, linux, PROPOSALS.values())),
    );
  await print(json === true ? toJson(budgets) : toBudgetText(budgets));
}

async function check(names: readonly string[], { json, kernel }: Flags): Promise<number> {
  const asked = names.length > 0 ? names : [...PROPOSALS.keys()];
  const checks = asked.map((name) => checkOne(name, kernel));
  await print(json === true ? toJson(checks) : toCheckText(checks));
  const failed = checks.some(({ kernels }) => kernels.at(-1)?.collides === true);
  return failed ? EXIT_FAILED : EXIT_DONE;
}

/** A proposal against the kernels, a layout against itself, an architecture's layouts each against itself. */
function checkOne(name: string, kernel: string | undefined): ProposalCheck {
  const { source, proposal, linux, sheet } = findLayout(name);
  if (proposal !== undefined) return checkProposal(proposal, source, kernelsAt(source, kernel));
  const layouts = linux === undefined ? kernelsAt(source, kernel) : [linux];
  return {
    proposal: name,
    title: sheet.title,
    architecture: source.book.architecture,
    cite: "its own fields",
    kernels: layouts.map((each) => checkLayout(source, each)),
  };
}
