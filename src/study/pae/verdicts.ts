// What is said of each hazard: schemes and machines that it means the same to stand together.

import type { CellResult, StudyVerdict } from "../../stats/report.js";
import type { CommandOf } from "../types.js";
import type { Family, Hazard } from "./hazard.js";
import { HAZARDS, kernelOf, scriptCommand } from "./hazards.js";
import { partsOf } from "./machines.js";

interface Group {
  readonly labels: CellResult["labels"];
  readonly schemes: Set<string>;
  readonly archs: Set<string>;
  readonly result: string;
  readonly broken: boolean;
}

/** One verdict for each hazard and result. */
export function verdictsOf(cells: readonly CellResult[], commandOf: CommandOf): StudyVerdict[] {
  const found = new Map<string, Group>();
  for (const cell of cells) {
    const { labels } = cell;
    const { kernel = "", hazard = "", pae = "", arch = "" } = labels;
    const { result, broken } = resultOf(cell);
    const alone = broken && !breaksToday(cell);
    const key = JSON.stringify([kernel, hazard, alone ? pae : "", result]);
    const group = found.get(key) ?? {
      labels,
      schemes: new Set(),
      archs: new Set(),
      result,
      broken,
    };
    group.schemes.add(pae);
    group.archs.add(arch);
    found.set(key, group);
  }
  return [...found.values()].map((group) => verdictOf(group, commandOf));
}

function verdictOf({ labels, schemes, archs, result, broken }: Group, commandOf: CommandOf) {
  const { kernel = "", hazard = "" } = labels;
  const keys = { kernel, hazard, pae: [...schemes].join(", "), arch: [...archs].join(", ") };
  const about = HAZARDS.find(({ id }) => id === hazard);
  const chosen = { kernel, arch: [...archs], hazard, pae: [...schemes], workload: "none" };
  if (!broken || about === undefined) return { keys, result, command: commandOf(chosen) };
  // One command for those that take the same kernel.
  const [first = ""] = archs;
  const selector = kernelOf(about, kernel, first);
  const alike = [...archs].filter(
    (each) => kernelOf(about, kernel, each) === selector && isShipped(each) === isShipped(first),
  );
  const where = { pae: [...schemes].join(","), arch: alike.join(","), kernel: selector };
  const command = scriptCommand(about, where);
  return { keys, result: `${result}: ${command}`, command };
}

/** It is named, not brought along as a file. */
function isShipped(arch: string): boolean {
  return partsOf(arch).architecture === undefined;
}

/** What kind of scheme a name is of. */
function familyOf(scheme: string): Family {
  if (scheme.startsWith("folio")) return "folio";
  if (scheme.startsWith("bitmap")) return "bitmap";
  return scheme.startsWith("page") ? "page" : "entry";
}

/** A bit that means nothing else has none of the hazards of W and D; but those that are about more than one place. */
function concerns({ families }: Hazard, pae: string): boolean {
  if (pae === "own-bit") return families.length >= MANY;
  return families.includes(familyOf(pae));
}

const MANY = 3;

/** Whatever the scheme. */
function breaksToday({ found }: CellResult): boolean {
  return typeof found?.today === "string";
}

function resultOf(cell: CellResult): { result: string; broken: boolean } {
  const { labels, found, metrics } = cell;
  const { pae = "" } = labels;
  const hazard = HAZARDS.find(({ id }) => id === labels.hazard);
  const broken = found?.broken;
  if (typeof broken === "string") {
    const so = breaksToday(cell) ? "broken, as Linux itself is there" : "broken";
    return { result: `${so} (${broken})`, broken: true };
  }
  if (hazard === undefined || !concerns(hazard, pae)) return { result: "safe", broken: false };
  const { guard, safeguard } = hazard;
  const without = found?.without;
  const needed = typeof without === "string" ? `; without it (${safeguard}): ${without}` : "";
  const copies = extra("copies", metrics.copies, metrics.copies_today);
  const writes = extra("swap writes", metrics.swap_writes, metrics.swap_writes_today);
  const price = copies + writes;
  if (!pae.endsWith("-naive"))
    return { result: `guarded: ${guard}${needed}${price}`, broken: false };
  const byKernel = hazard.ofKernel === true ? `guarded: ${guard}${needed}` : "passes";
  return { result: byKernel + price, broken: false };
}

function extra(what: string, own = 0, today = 0): string {
  return own === today ? "" : `; ${what}: ${own}, today ${today}`;
}
