// Operations that look: PAGEMAP_SCAN, pagemap, the list of mappings; and pins.

import { type Pins, pinPages, unpinPages } from "../kernel/gup.js";
import { readPagemap } from "../kernel/pagemap.js";
import * as category from "../kernel/pagemap-categories.js";
import { pagemapScan } from "../kernel/pagemap-scan.js";
import { entryStates } from "./entry-state.js";
import { describeVma, lettersOf, runLengths } from "./observation.js";
import { type Context, rangeOf, regionNamed, type Shown, word } from "./operation-context.js";
import type { Process } from "./player.js";
import type { Operation } from "./script.js";

const CATEGORIES: Readonly<Record<string, number>> = {
  written: category.PAGE_IS_WRITTEN,
  "soft-dirty": category.PAGE_IS_SOFT_DIRTY,
  present: category.PAGE_IS_PRESENT,
  wpallowed: category.PAGE_IS_WPALLOWED,
  file: category.PAGE_IS_FILE,
  swapped: category.PAGE_IS_SWAPPED,
  pfnzero: category.PAGE_IS_PFNZERO,
  huge: category.PAGE_IS_HUGE,
};

/** Sum of the categories of the words that begin so: "not=file", "any=present". */
function categoriesOf(words: readonly string[], prefix: string): number {
  return words
    .filter((each) => each.startsWith(prefix))
    .reduce((sum, each) => sum | (CATEGORIES[each.slice(prefix.length)] ?? 0), 0);
}

export function doScan(context: Context): Shown {
  const { region, start, end } = rangeOf(context);
  const words = context.operation.words.slice(3);
  const result = pagemapScan(context.player.kernel, context.process.mm, {
    start,
    end,
    categories: categoriesOf(words, "") | categoriesOf(words, "not="),
    inverted: categoriesOf(words, "not="),
    anyOf: categoriesOf(words, "any="),
    most: Number(words.find((each) => each.startsWith("max="))?.slice("max=".length) ?? 0),
    protect: words.includes("wp"),
    check: words.includes("check"),
  });
  if ("errno" in result) return { errno: result.errno };
  return { ranges: result.ranges.map(([a, b]) => [a - region.start, b - region.start]) };
}

/**
 * What the script's author says of pages, by their letters in `pagemap`. Where they do not show it, or do though they
 * should not, whoever watches is told.
 */
export function doExpect(context: Context): Shown {
  const { player, process } = context;
  const { region, start, end } = rangeOf(context);
  const pages = Array.from(readPagemap(player.kernel, process.mm, start, end), lettersOf);
  const [wanted, letter] = [word(context, 3) === "yes", LETTERS[word(context, 4)] ?? ""];
  const wrong = pages.findIndex((letters) => letters.includes(letter) !== wanted);
  if (wrong >= 0) player.watch?.unexpected(start - region.start + wrong);
  return { pages: runLengths(pages) };
}

const LETTERS: Readonly<Record<string, string>> = { "soft-dirty": "D", exclusive: "E" };

/** A pin is known by its words; a second one of the same words stands beside it, and goes first. */
export function doPin(context: Context): Shown {
  const { player, process, operation } = context;
  const { start, end } = rangeOf(context);
  const write = !operation.words.includes("read");
  const result = pinPages(player.kernel, process.mm, start, end, write);
  if ("errno" in result) return { errno: result.errno };
  const name = operation.words.join(" ");
  process.pins.set(name, [...(process.pins.get(name) ?? []), ...result.pins]);
  return {};
}

/** "unpin A 0 4" ends a pin for writing, or if there is none one for reading. */
function pinName({ pins }: Process, { words }: Operation): string {
  const said = words.join(" ");
  return pins.has(said) ? said : `${said} read`;
}

/** Frames of the pins that an operation names. */
export function pinned(process: Process, operation: Operation): Pins | undefined {
  return process.pins.get(pinName(process, operation));
}

export function doUnpin({ player, process, operation }: Context): Shown {
  const pins = pinned(process, operation);
  if (pins === undefined) return { errno: "ENXIO" };
  unpinPages(player.kernel, pins);
  process.pins.delete(pinName(process, operation));
  return {};
}

export function doPagemap(context: Context): Shown {
  const { start, pages } = regionNamed(context, word(context, 0));
  const map = readPagemap(context.player.kernel, context.process.mm, start, start + pages);
  return { pages: runLengths(Array.from(map, lettersOf)) };
}

/** What no process sees: entries, and the records of the frames they map. */
export function doState(context: Context): Shown {
  const { player, process } = context;
  const { start, pages } = regionNamed(context, word(context, 0));
  const { kernel, frameNumbers, guests } = player;
  const vms = [...guests.values()].map(({ vm }) => vm);
  return { state: entryStates(kernel, process.mm, start, start + pages, frameNumbers, vms) };
}

export function doVmas(context: Context): Shown {
  const { start, pages } = regionNamed(context, word(context, 0));
  const vmas = context.process.mm.vmas.within(start, start + pages);
  return { vmas: vmas.map((vma) => describeVma(vma, start)) };
}
