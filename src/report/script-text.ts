// A run of scripts as text: what every operation showed, one column a machine, and how it came about.

import Table from "cli-table3";
import type { EntryState, EntryStep, Narration, Observation } from "../stats/observation.js";
import type { CellResult, Report } from "../stats/report.js";
import { captionOf, checkLines, failureLines, PLAIN_CHARS, titlesOf } from "./table.js";

type Runs = readonly (readonly [number, unknown])[];

/** "2 x PDXE, 14 x -". */
function runs(list: Runs): string {
  return list.map(([count, value]) => `${count} x ${value}`).join(", ");
}

/** "w d y sd excl cont order 4 frame 1 refs 16 mapped 1"; a flag is its name alone. */
function stateInWords(state: EntryState): string {
  const words = Object.entries(state).map(([name, value]) =>
    FLAGS_OF_STATE.has(name) ? (FULL_NAMES.get(name) ?? name) : `${name} ${value}`,
  );
  return words.length === 0 ? "-" : words.join(" ");
}

const FLAGS_OF_STATE: ReadonlySet<string> = new Set(
  "w d y sd wp cont none x swap marker".split(" "),
);

/** "4 x d" is four times dirty, not exclusive. */
const FULL_NAMES: ReadonlyMap<string, string> = new Map([["x", "excl"]]);

const FIELDS: readonly ((shown: Observation) => string | undefined)[] = [
  ({ errno }) => (errno === 0 ? undefined : errno),
  ({ minflt }) => (minflt === 0 ? undefined : `minflt ${minflt ?? "not known"}`),
  ({ majflt }) => (majflt === undefined ? undefined : `majflt ${majflt}`),
  ({ segv }) => (segv === undefined ? undefined : `segv ${segv.join(",")}`),
  ({ killed }) => (killed === undefined ? undefined : `killed ${killed.join(",")}`),
  ({ wpfault }) => (wpfault === undefined ? undefined : `wpfault ${wpfault.join(",")}`),
  ({ waited }) => (waited === undefined ? undefined : "waited"),
  ({ data }) => (data === undefined ? undefined : `data ${runs(data)}`),
  ({ ranges }) =>
    ranges && `ranges ${ranges.map(([first, end]) => `${first}..${end - 1}`).join(",") || "none"}`,
  ({ vmas }) =>
    vmas
      ?.map(([first, end, access, flags]) => `[${first}..${end - 1} ${access} ${flags}]`)
      .join(" ") ?? undefined,
  ({ pages }) => (pages === undefined ? undefined : `pages ${runs(pages)}`),
  ({ state }) =>
    state && `state ${state.map(([count, each]) => `${count} x ${stateInWords(each)}`).join(", ")}`,
];

/** An observation in words; "ok" where there is nothing to say. */
function inWords(shown: Observation): string {
  const words = FIELDS.map((field) => field(shown)).filter((each) => each !== undefined);
  return words.length === 0 ? "ok" : words.join("  ");
}

function pagesOf({ region, first, last }: EntryStep): string {
  const pages = first === last ? `${first}` : `${first}..${last}`;
  return region === "" ? `page ${pages}` : `${region} ${pages}`;
}

/** "page #3 write dirty": the frames that the entries map now, numbered as they appear. */
function withFrames(text: string, frames: readonly number[]): string {
  const [first = 0] = frames;
  const last = frames.at(-1) ?? 0;
  const numbers = first === last ? `#${first}` : `#${first}..${last}`;
  return text.replace(/^(huge )?page/, (page) => `${page} ${numbers}`);
}

function stepLine(step: EntryStep): string {
  const { owner, before, after, frames, rule, cite } = step;
  const old = withFrames(
    before,
    frames.map(([frame]) => frame),
  );
  const now = withFrames(
    after,
    frames.map(([, frame]) => frame),
  );
  return `    ${owner}: ${pagesOf(step)}: ${old} -> ${now}   ${rule}: ${cite}`;
}

function eventLine({ events }: Narration): string {
  return `    ${Object.entries(events)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ")}`;
}

function narrationLines(narration: Narration | undefined): string[] {
  if (narration === undefined) return [];
  const events = Object.keys(narration.events).length === 0 ? [] : [eventLine(narration)];
  return [...narration.steps.map(stepLine), ...events];
}

/** One machine, each operation with what it did to entries. */
function explained(cell: CellResult): string {
  const { observations = [], narrations = [] } = cell;
  const lines = observations.flatMap((shown, i) => [
    `${i + 1}  ${shown.op}   ${inWords(shown)}`,
    ...narrationLines(narrations[i]),
  ]);
  return [captionOf([cell]), "", ...lines, ...checkLines([cell])].join("\n");
}

/** Head and rows, one an operation, of machines side by side: "=" where one shows what the first does. */
export function operationRows(cells: readonly CellResult[]): string[][] {
  const rows = cells[0]?.observations?.map((shown, i) => {
    const words = cells.map(({ observations }) => {
      const own = observations?.[i];
      return own === undefined ? "" : inWords(own);
    });
    const [base = "", ...others] = words;
    return [`${i + 1}`, shown.op, base, ...others.map((each) => (each === base ? "=" : each))];
  });
  return [["", "", ...titlesOf(cells)], ...(rows ?? [])];
}

function sideBySide(cells: readonly CellResult[]): string {
  const table = new Table({
    chars: PLAIN_CHARS,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  table.push(...operationRows(cells));
  const [head = "", ...rest] = table.toString().split("\n");
  const rule = "-".repeat(Math.max(...[head, ...rest].map((line) => line.trimEnd().length)));
  return [captionOf(cells), "", head, rule, ...rest, ...checkLines(cells)].join("\n");
}

/** The cells of each script. */
export function byScript(cells: readonly CellResult[]): CellResult[][] {
  const inputs = [...new Set(cells.map(({ labels }) => labels.input))];
  return inputs.map((input) => cells.filter(({ labels }) => labels.input === input));
}

/** The report of scripts: one table a script; with narrations, one list a cell. */
export function toScriptText({ cells, failures }: Report): string {
  const told = cells.some(({ narrations }) => narrations !== undefined);
  const parts = told ? cells.map(explained) : byScript(cells).map(sideBySide);
  const lines = [...parts.join("\n\n").split("\n"), ...failureLines(failures)];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
