// Where a soft-dirty bit could stand, and what becomes of it there.

import { MmulateError } from "../../errors.js";
import { SOFT_DIRTY_FOLDS, SOFT_DIRTY_SETTERS } from "../../kernel/features.js";
import { softDirty } from "../../tracker/soft-dirty.js";
import type { Tracker } from "../../tracker/types.js";
import { combinations } from "../combinations.js";
import type { Chosen, PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { CANDIDATES, type Candidate, collisionsOf } from "./layouts.js";
import { playStory, STORIES, type Story } from "./stories.js";

const NAMES = [...CANDIDATES.keys()];
const STORY_NAMES = [...STORIES.keys()];
/** Stories in which it matters who sets the bit; all others are told with the first setter alone. */
const ABOUT_SETTERS: ReadonlySet<string> = new Set([
  ...["write", "swap-clean", "contpte", "thp-split", "collapse"],
]);
const LEAST_BYTES = 2 ** 28;

const PARAMETERS: Study["parameters"] = {
  layout: { means: "where the bit stands", values: NAMES, allowed: NAMES },
  story: { means: "what happens", values: STORY_NAMES, allowed: STORY_NAMES },
  setter: {
    means: "who sets it where a page is written (mkdirtySetsSoftDirty)",
    values: [...SOFT_DIRTY_SETTERS],
    allowed: SOFT_DIRTY_SETTERS,
  },
  fold: {
    means: "what becomes of contiguous groups whose entries differ in it",
    values: [...SOFT_DIRTY_FOLDS],
    allowed: SOFT_DIRTY_FOLDS,
  },
};

function plan(chosen: Chosen): StudyPoint[] {
  return combinations(chosen, ["layout", "story"] as const).flatMap(({ layout, story: name }) => {
    const candidate = CANDIDATES.get(layout);
    const story = STORIES.get(name);
    if (candidate === undefined || story === undefined) return [];
    const setter = ABOUT_SETTERS.has(name) ? (chosen.setter ?? []) : SOFT_DIRTY_SETTERS.slice(0, 1);
    const fold = foldsOf(candidate, story).filter((each) => chosen.fold?.includes(each));
    const own = { layout: [layout], story: [name], setter, fold };
    return combinations(own, ["layout", "story", "setter", "fold"] as const).map((keys) =>
      pointOf(keys, candidate, story),
    );
  });
}

/** Rules of folding that make a difference: a table beside the entries leaves groups alone. */
function foldsOf({ beside, layout }: Candidate, { folio }: Story): readonly string[] {
  if (beside === true) return ["apart"];
  return folio === "64k" && layout !== undefined ? ["agree", "or"] : ["agree"];
}

function pointOf(
  keys: Readonly<Record<"layout" | "story" | "setter" | "fold", string>>,
  { arch, kernel: version, layout, beside }: Candidate,
  { folio }: Story,
): StudyPoint {
  const words = [
    version,
    `softDirtyBy=${keys.setter}`,
    `softDirtyFold=${keys.fold}`,
    ...(beside === true ? ["softDirtyBeside=true"] : []),
    ...(folio === "64k" ? ["thp=never", "mthp=64k"] : []),
  ];
  const machine = { arch, kernel: words.join(":"), memory: LEAST_BYTES };
  return { keys, machine: { ...machine, ...(layout && { layout: layout() }) }, values: keys };
}

/** Why a write may be lost, where the layout or the setter is to blame. */
function lossOf({ story, setter, layout }: StudyPoint["values"]): string | undefined {
  if (setter === "nobody") return "neither pte_mkdirty nor a write fault sets the bit";
  if (story === "collapse" && setter === "faults") {
    return "collapse_huge_page drops the bits of base pages, and relies on pmd_mkdirty";
  }
  const { proposal } = CANDIDATES.get(String(layout)) ?? {};
  if (story !== "swap" || proposal === undefined) return undefined;
  const works = proposal.absent !== undefined && !collides(String(layout));
  return works ? undefined : "swap entries keep no such bit";
}

/** Under the newest kernel. */
function collides(layout: string): boolean {
  const candidate = CANDIDATES.get(layout);
  return candidate !== undefined && collisionsOf(candidate).at(-1)?.collides === true;
}

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  const story = STORIES.get(String(values.story));
  if (story === undefined) throw new MmulateError("INTERNAL", `no story ${values.story}`);
  const write = lossOf(values);
  const blindTo = write === undefined ? softDirty.blindTo : { ...softDirty.blindTo, write };
  const tracker: Tracker = { ...softDirty, ...(blindTo && { blindTo }) };
  try {
    return playStory(on.boot(), tracker, story);
  } catch (error) {
    // What a kernel has not is an answer, too.
    if (!(error instanceof MmulateError) || error.code !== "CONFIG") throw error;
    return { metrics: {}, checks: [], found: { refused: error.message } };
  }
}

export const softDirtyBits: Study = {
  summary: "where a soft-dirty bit could stand, and what becomes of it there",
  about: [
    "Each layout is held against the bits of every kernel of its architecture (`mmulate arch check`), and run: a heap of 2,048 pages, watched by clear_refs and pagemap, in small stories. An oracle says which pages changed.",
    "`agree`: groups of contiguous entries fold only if their bits agree. `or`: folding gives all entries the bit that one has. `apart`: the bit does not matter to folding, as where it stands in a table beside the page table (`-beside`), a bit for each entry that goes with it into swap: 64 bytes for a table of 512 entries. What looking there costs is counted: an atomic operation for each bit that a fault sets, and the cache lines that a call goes through (`costs.beside_set`, `costs.beside_line`, which are chosen: nobody has built it).",
    "`mkdirty`: pte_mkdirty sets the bit, and so does whoever makes an entry dirty for reasons of its own. `faults`: write faults alone set it. `nobody`: neither does.",
  ],
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
