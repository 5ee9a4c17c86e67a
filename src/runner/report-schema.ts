// The form of a report in JSON: what `--reporter json` writes and `mmulate compare` reads. The package ships it
// as a JSON Schema (schema/report-1.schema.json), made from here by the tests.
//
// Objects are open: a version that knows one field more writes the same schema. What is there keeps its meaning.

import { z } from "zod";
import { MmulateError } from "../errors.js";
import { type CellResult, REPORT_SCHEMA, type Report } from "../stats/report.js";

const DIGITS = /^(0|[1-9]\d*)$/;

/** Above 2^53 a string, so that no reader loses a digit. */
const integer = z
  .union([z.int().min(0), z.string().regex(DIGITS)])
  .describe("a whole number; above 2^53 as a string of digits");
const count = z.int().min(0);
const json = z.json();

const check = z
  .looseObject({
    id: z.string().describe("what must hold"),
    ok: z.boolean(),
    first: z.string().exactOptional().describe("what was seen where it does not hold"),
  })
  .describe("an identity between counters, or another condition that must hold in every run");

const cycles = z.looseObject({
  elapsed: integer.describe("time of the latest CPU"),
  work: integer.describe("sum over all CPUs, and of `by`"),
  by: z
    .record(z.string(), integer)
    .describe("cycles by cause; `kernel.EVENT` is work of the kernel"),
});

const pair = z.tuple([count, count]);
const observation = z
  .looseObject({
    op: z.string(),
    errno: z.union([z.literal(0), z.string()]),
    minflt: z.union([count, z.null()]),
    majflt: count.exactOptional(),
    waited: z.literal(true).exactOptional(),
    segv: z.array(count).exactOptional(),
    wpfault: z.array(count).exactOptional(),
    data: z.array(z.tuple([count, z.union([count, z.null()])])).exactOptional(),
    ranges: z.array(pair).exactOptional(),
    vmas: z.array(z.tuple([count, count, z.string(), z.string()])).exactOptional(),
    pages: z.array(z.tuple([count, z.string()])).exactOptional(),
  })
  .describe("what an operation of a script showed; lists are run-length: [count, value]");

const narration = z
  .looseObject({
    steps: z.array(
      z.looseObject({
        owner: z.string(),
        region: z.string(),
        first: count,
        last: count,
        before: z.string(),
        after: z.string(),
        frames: z.array(pair),
        rule: z.string(),
        cite: z.string(),
      }),
    ),
    events: z.record(z.string(), z.number()),
  })
  .describe("what an operation did to entries, and by which rule (--explain)");

const cell = z.looseObject({
  id: z.string(),
  labels: z.record(z.string(), z.string()).describe("what tells it from its neighbours"),
  config: z.record(z.string(), json).describe("all that the cell's result depends on"),
  counters: z.record(z.string(), integer).describe("`mmulate counters` says what each counts"),
  cycles,
  metrics: z.record(z.string(), z.number()),
  checks: z.array(check),
  observations: z.array(observation).exactOptional(),
  narrations: z.array(narration).exactOptional(),
  events: z
    .record(z.string(), z.number())
    .exactOptional()
    .describe("of a script: what happened in the kernel"),
  found: z.record(z.string(), json).exactOptional().describe("of a study: what no number says"),
});

const host = z
  .looseObject({
    cells: z.array(
      z.looseObject({
        id: z.string(),
        cpuSeconds: z.number(),
        wallSeconds: z.number(),
        accessesPerSecond: z.number(),
        peakBytes: count,
      }),
    ),
  })
  .describe("figures of the machine it ran on, which differ from run to run (--host)");

const failure = z
  .looseObject({
    id: z.string(),
    labels: z.record(z.string(), z.string()),
    code: z.string().describe("of mmulate's catalogue of errors"),
    message: z.string(),
  })
  .describe("a cell that did not finish, and why");

const shard = z
  .looseObject({
    index: count.describe("from 1"),
    of: count,
    cells: count.describe("of the whole run"),
  })
  .describe("which part of a run it is (--shard)");

const keys = z.record(z.string(), z.string());
const command = z.string().describe("the command that shows it");
const studyParts = {
  study: z
    .looseObject({
      name: z.string(),
      summary: z.string(),
      about: z.array(z.string()),
      command,
    })
    .exactOptional()
    .describe("of `mmulate study`: which"),
  rows: z
    .array(z.looseObject({ keys, metrics: z.record(z.string(), z.number()) }))
    .exactOptional()
    .describe("of a study: its figures"),
  verdicts: z
    .array(z.looseObject({ keys, result: z.string(), command }))
    .exactOptional()
    .describe("of a study: what it says of its points, in words"),
  claims: z
    .array(z.looseObject({ id: z.string(), text: z.string(), holds: z.boolean(), command }))
    .exactOptional()
    .describe("of a study: sentences, and whether its figures bear them out"),
};

export const reportSchema = z
  .looseObject({
    schema: z.literal(REPORT_SCHEMA),
    version: z.string().describe("of mmulate"),
    config: z.record(z.string(), json).describe("of the run"),
    shard: shard.exactOptional(),
    cells: z.array(cell),
    failures: z.array(failure).exactOptional(),
    ...studyParts,
    host: host.exactOptional(),
  })
  .meta({
    title: "mmulate report",
    description: "What `mmulate run --reporter json` writes.",
  });

/**
 * Reads a report. Written again, it is the same text to the byte.
 * @param name of the file, for messages
 * @throws MmulateError INPUT where it is none, or one of another schema; the message names both
 */
export function parseReport(text: string, name: string): Report {
  const value = jsonOf(text, name);
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== REPORT_SCHEMA) {
    const found = schema === undefined ? "no schema" : `schema ${JSON.stringify(schema)}`;
    throw new MmulateError("INPUT", `${name}: found ${found}, expected "${REPORT_SCHEMA}"`);
  }
  const { error } = reportSchema.safeParse(value);
  // What the schema returns has its order of fields; the text's own is kept.
  if (error === undefined)
    return { ...(value as Report), cells: (value as Report).cells.map(revived) };
  const [issue] = error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new MmulateError("INPUT", `${name}: not a report: ${where}: ${issue?.message}`);
}

/** JSON has its integers as numbers or strings. */
function revived(cell: CellResult): CellResult {
  const { elapsed, work, by } = cell.cycles;
  const cycles = { elapsed: BigInt(elapsed), work: BigInt(work), by: bigints(by) };
  return { ...cell, counters: bigints(cell.counters), cycles };
}

function bigints(values: Readonly<Record<string, bigint>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, BigInt(value)]));
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(text, name, error);
  }
}

function notJson(text: string, name: string, cause: unknown): MmulateError {
  const why = text.trim() === "" ? "is empty" : "is not JSON";
  return new MmulateError("INPUT", `${name}: ${why}, expected a report`, { cause });
}
