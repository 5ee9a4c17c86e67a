// Lists, differences, bit budgets and checks of layouts as text.

import type {
  Budget,
  BudgetRow,
  Finding,
  FormatDifference,
  FormatSheet,
  KernelCheck,
  ProposalCheck,
} from "../entry-bits.js";
import { bitsText } from "./bit-cells.js";

/** Something that `arch show` knows. */
export interface NamedLayout {
  readonly name: string;
  readonly kind:
    | "architecture"
    | "bits only"
    | "Linux layout"
    | "proposal"
    | "CPU profile"
    | "cost profile";
  readonly title: string;
}

/** Rows with columns as wide as they need. */
function columns(rows: readonly (readonly string[])[], indent = "  "): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  return rows.map((row) =>
    `${indent}${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd(),
  );
}

export function toArchList(layouts: readonly NamedLayout[]): string {
  const kinds = [...new Set(layouts.map(({ kind }) => kind))];
  const titles = {
    architecture: "architectures",
    "bits only": "architectures, bits of entries only",
    "Linux layout": "what Linux keeps in entries",
    proposal: "proposals",
    "CPU profile": "CPUs",
    "cost profile": "costs of kernel work",
  };
  const blocks = kinds.map((kind) => {
    const rows = layouts
      .filter((each) => each.kind === kind)
      .map(({ name, title }) => [name, title]);
    return [titles[kind], ...columns(rows)].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

const PLACES: Record<FormatDifference["place"], string> = {
  leaf: "entry of a page",
  huge: "entry of a huge page",
  table: "entry of a table",
  absent: "swap, migration or marker entry",
};

/** Bits that two sheets tell apart. */
export function toDiffText(
  first: FormatSheet,
  second: FormatSheet,
  differences: readonly FormatDifference[],
): string {
  if (differences.length === 0) return `${first.name} and ${second.name}: no bit differs\n`;
  const places = [...new Set(differences.map(({ place }) => place))];
  const blocks = places.map((place) => {
    const rows = differences
      .filter((row) => row.place === place)
      .map(({ bits, first: a, second: b }) => [
        bitsText(bits),
        a.join(", ") || "-",
        b.join(", ") || "-",
      ]);
    return [PLACES[place], ...columns([["bits", first.name, second.name], ...rows])].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

function listed(bits: readonly number[]): string {
  return bits.length === 0 ? "none" : bits.join(", ");
}

const STATES: Record<BudgetRow["state"], string> = {
  free: "free",
  contested: "contested",
  unsettled: "not settled",
  linux: "Linux",
  taken: "taken",
};

function budgetRow({
  bits,
  state,
  owners,
  under,
  needs,
  notInHuge,
  wantedBy,
}: BudgetRow): string[] {
  const notes = [
    needs.length === 0 ? "" : `with ${needs.join(" and ")}`,
    under.length === 0 ? "" : `not with ${under.join(" or ")}`,
    notInHuge ? "not in entries of huge pages" : "",
    wantedBy.length === 0 ? "" : `wanted by ${wantedBy.join(", ")}`,
  ].filter((note) => note !== "");
  return [bitsText(bits), STATES[state], owners.join(", ") || "-", notes.join("; ")];
}

/** Rows in which software has a part. */
function softwareRows(rows: readonly BudgetRow[]): string[][] {
  return rows
    .filter(({ state, wantedBy }) => state !== "taken" || wantedBy.length > 0)
    .map(budgetRow);
}

function budgetBlock({ layout, title, free, movable, present, absent }: Budget): string {
  const also = (bits: readonly number[], words: string): string[] =>
    bits.length === 0 ? [] : [`    ${words}: ${bits.join(", ")}`];
  return [
    `${layout}: ${title}`,
    `  free in a present entry: ${listed(free.present)}`,
    ...also(free.contested, "while no feature claims them"),
    ...also(free.unsettled, "ignored by the CPU, but not known to be left to software then"),
    ...movable.map(
      ({ name, bits, means, cite }) => `    ${bitsText(bits)} of ${name}: ${means}  [${cite}]`,
    ),
    `  free in a swap entry: ${listed(free.absent)}`,
    "",
    "  present entry",
    ...columns(softwareRows(present), "    "),
    "  swap entry",
    ...columns(softwareRows(absent), "    "),
  ].join("\n");
}

/** Budgets, one block a kernel. */
export function toBudgetText(budgets: readonly Budget[]): string {
  return `${budgets.map(budgetBlock).join("\n\n")}\n`;
}

const MARKS: Record<Finding["verdict"], string> = {
  fine: "ok",
  cost: "cost",
  depends: "if",
  collides: "NO",
};

function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ verdict, rule, text, cite, confidence }) => {
    const sure = confidence === undefined ? "" : `, ${confidence}`;
    const head = `    ${MARKS[verdict].padEnd(4)}  ${rule.padEnd(18)}  `;
    return [`${head}${text}`, `${" ".repeat(head.length)}[${cite}${sure}]`];
  });
}

/** All reasons of the newest kernel; of older ones what speaks against. */
function kernelBlock({ layout, title, verdict, findings }: KernelCheck, newest: boolean): string[] {
  const told = findings.filter((finding) => newest || isObjection(finding));
  return [`  ${layout} (${title}): ${verdict}`, ...findingLines(told)];
}

function isObjection({ verdict }: Finding): boolean {
  return verdict === "collides" || verdict === "depends";
}

/** Verdicts of a proposal, kernel by kernel, with their reasons. */
export function toCheckText(checks: readonly ProposalCheck[]): string {
  const blocks = checks.map(({ proposal, title, cite, confidence, kernels }) =>
    [
      `${proposal}: ${title}  [${cite}${confidence === undefined ? "" : `, ${confidence}`}]`,
      ...kernels.flatMap((kernel, i) => kernelBlock(kernel, i === kernels.length - 1)),
    ].join("\n"),
  );
  return `${blocks.join("\n\n")}\n`;
}
