// mmulate arch list, show, diff, budget, check

import { type Command, Option } from "commander";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import { toFile } from "../config/descriptor-files.js";
import type { ProposalCheck } from "../entry-bits.js";
import { EXIT_DONE, EXIT_FAILED, MmulateError } from "../errors.js";
import { budgetOf } from "../layout/budget.js";
import { checkLayout, checkProposal, checkWishes } from "../layout/collisions.js";
import { formatDifferences } from "../layout/format-diff.js";
import { wishesOf, withoutReplaced } from "../layout/wishes.js";
import { toArchList, toBudgetText, toCheckText, toDiffText } from "../report/arch-text.js";
import { toSheetText } from "../report/bit-picture.js";
import { toSheetSvg } from "../report/bit-svg.js";
import { toJson } from "../report/json.js";
import { toProfileText } from "../report/profile-text.js";
import { findAny, findEntries, PROFILE_KINDS, type ProfileKind } from "./arch-files.js";
import {
  architectureNames,
  bitSourceOf,
  type Found,
  kernelsAt,
  namedLayouts,
  namedProfiles,
} from "./arch-names.js";
import { print, printTo } from "./output.js";

interface Flags {
  readonly json?: true;
  readonly svg?: string;
  readonly kernel?: string;
  readonly kind?: ProfileKind;
}

const JSON_OPTION = ["--json", "print it as JSON"] as const;
const NAME_OR_FILE = "a name of `arch list`, or a file";
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
      "Holds proposals, Linux layouts, or what a file of one adds to the layout that it extends, against software bits, hardware features, swap and migration entries, PROT_NONE, contiguous groups and flush decisions. Exit code 1 where one collides on the newest kernel asked for.",
    )
    .argument("[layout...]", "names of `arch list`, or files; all proposals unless named")
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
    .description("Lists architectures, Linux layouts, proposals, CPU and cost profiles.")
    .option(...JSON_OPTION)
    .action(async ({ json }: Flags) => {
      const all = [...namedLayouts(), ...namedProfiles()];
      await print(json === true ? toJson(all) : toArchList(all));
      finish(EXIT_DONE);
    });
  arch
    .command("show")
    .summary("entries as pictures, every bit with owner and source")
    .description(
      "Draws the forms of an architecture's entries; with a Linux layout or proposal, what Linux keeps in them. Of a CPU or cost profile, the numbers.",
    )
    .argument("<name>", NAME_OR_FILE)
    .option("--svg <file>", "write the picture as SVG instead")
    .option("--json", "print the descriptor, layout, proposal or profile itself")
    .addOption(
      new Option("--kind <kind>", "which of two profiles of one name").choices(PROFILE_KINDS),
    )
    .action(async (name: string, flags: Flags) => {
      await show(name, flags);
      finish(EXIT_DONE);
    });
  arch
    .command("diff")
    .summary("bits in which two layouts differ")
    .description("Lists the bits of each form of entry that two layouts use differently.")
    .argument("<first>", NAME_OR_FILE)
    .argument("<second>", "another")
    .option(...JSON_OPTION)
    .action(async (first: string, second: string, flags: Flags) => {
      await diff(first, second, flags);
      finish(EXIT_DONE);
    });
}

async function show(name: string, { json, svg, kind }: Flags): Promise<void> {
  const found = await findAny(name, kind);
  if ("profile" in found) {
    const { profile } = found;
    if (svg !== undefined) throw new MmulateError("USAGE", `--svg: ${name} has no entries to draw`);
    return print(json === true ? toFile(profile) : toProfileText(profile));
  }
  const { sheet, data } = found;
  if (svg !== undefined) await printTo(svg, toSheetSvg(sheet));
  if (json === true) await print(toJson(data));
  else if (svg === undefined) await print(toSheetText(sheet));
}

async function diff(first: string, second: string, { json }: Flags): Promise<void> {
  const [one, two] = [(await findEntries(first)).sheet, (await findEntries(second)).sheet];
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
  const checks: ProposalCheck[] = [];
  for (const name of asked) checks.push(checkOne(await findEntries(name), name, kernel));
  await print(json === true ? toJson(checks) : toCheckText(checks));
  const failed = checks.some(({ kernels }) => kernels.at(-1)?.collides === true);
  return failed ? EXIT_FAILED : EXIT_DONE;
}

/**
 * A proposal against the kernels, and so what a user's layout adds; a layout against itself, an architecture's layouts
 * each against itself.
 */
function checkOne(found: Found, name: string, kernel: string | undefined): ProposalCheck {
  const { source, proposal, linux, sheet, own } = found;
  if (proposal !== undefined) return checkProposal(proposal, source, kernelsAt(source, kernel));
  const wishes = own === undefined ? [] : wishesOf(own.layout, own.base);
  if (own !== undefined && wishes.length > 0) {
    const { layout, base } = own;
    const kernels = kernelsAt(source, kernel).map((each) => withoutReplaced(each, layout, base));
    return checkWishes(
      { ...layout, cite: `what it adds to ${base.name}` },
      wishes,
      source,
      kernels,
    );
  }
  const layouts = linux === undefined ? kernelsAt(source, kernel) : [linux];
  return {
    proposal: name,
    title: sheet.title,
    architecture: source.book.architecture,
    cite: "its own fields",
    kernels: layouts.map((each) => checkLayout(source, each)),
  };
}
