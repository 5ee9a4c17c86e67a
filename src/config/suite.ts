// A regression suite: bench/NAME.yaml. Pure: text in, checked suite out.

import { z } from "zod";
import { ConfigDocument } from "./document.js";
import { selectionOf, selectorShape } from "./run-config.js";
import { type Selection, select } from "./selection.js";

const percent = z
  .string({ error: "a share is allowed, as in 2%" })
  .regex(/^\d+(\.\d+)?%$/, { error: "a share is allowed, as in 2%" });

// Scripts of a suite are always watched by the oracle.
const { check: _, ...selectors } = selectorShape;

const entrySchema = z.strictObject({
  name: z
    .string({ error: "a name is allowed" })
    .regex(/^[a-z0-9][a-z0-9-]*$/, { error: "small letters, digits and - are allowed" })
    .describe("what its cells are called in baselines"),
  input: z
    .string({ error: "a file or a workload is allowed" })
    .describe("a trace or script, relative to the suite's file, or a workload"),
  ...selectors,
});

export const suiteSchema = z.strictObject({
  $schema: z.string().describe("the JSON Schema of this file, for editors").optional(),
  title: z.string({ error: "a line of text is allowed" }).describe("what the suite is for"),
  cells: z
    .array(entrySchema, { error: "a list of cells is allowed" })
    .min(1, { error: "at least one is needed" })
    .describe("each makes a cell for every combination of its values"),
  metrics: z
    .array(
      z.strictObject({
        metric: z
          .string()
          .regex(/^(cycles|counters|metrics|events)(\.[A-Za-z0-9_]+)+$/, {
            error: "a figure is allowed, as in cycles.work, counters.walks, metrics.ns_per_access",
          })
          .describe("a figure of the report, by its path"),
        better: z
          .enum(["less", "more", "same"], { error: "less, more or same is allowed" })
          .describe("which way is better; same: every change is a regression"),
        tolerance: percent.describe("of the baseline; default 0%: exact").optional(),
      }),
    )
    .describe("what is judged; default: cycles.work, less is better, exact")
    .optional(),
  host: z
    .strictObject({
      rounds: z.int().min(1).max(50).describe("paired runs a cell; default 9").optional(),
      threshold: percent.describe("by which a cell may be slower; default 10%").optional(),
    })
    .describe("times of this host, judged only with --host")
    .optional(),
});

/** One entry of a suite. */
export interface SuiteEntry {
  readonly name: string;
  /** As written, relative to the suite's file. */
  readonly input: string;
  readonly selection: Selection;
}

export interface Suite {
  readonly file: string;
  readonly title: string;
  readonly entries: readonly SuiteEntry[];
  readonly rules: readonly {
    readonly metric: string;
    readonly better: "less" | "more" | "same";
    readonly tolerance: number;
  }[];
  readonly rounds: number;
  /** 0.1 = ten per cent. */
  readonly threshold: number;
}

const ROUNDS = 9;
const THRESHOLD = "10%";

const shareOf = (text = "0%"): number => Number(text.slice(0, -1)) / 100;

/**
 * Reads a suite.
 * @param text YAML or JSON
 * @param file as messages name it
 * @throws MmulateError CONFIG with FILE:LINE:COLUMN, what is allowed and the nearest name
 */
export function parseSuite(text: string, file: string): Suite {
  const document = new ConfigDocument(text, file);
  const { title, cells, metrics, host } = document.check(suiteSchema, "the suite");
  const entries = cells.map((entry, index): SuiteEntry => {
    const { name, input, ...chosen } = entry;
    const said = selectionOf(document, ["cells", index], chosen);
    return { name, input, selection: select(null, said) };
  });
  const rules = (metrics ?? [{ metric: "cycles.work", better: "less" as const }]).map(
    ({ metric, better, tolerance }) => ({ metric, better, tolerance: shareOf(tolerance) }),
  );
  const { rounds = ROUNDS, threshold = THRESHOLD } = host ?? {};
  return { file, title, entries, rules, rounds, threshold: shareOf(threshold) };
}
