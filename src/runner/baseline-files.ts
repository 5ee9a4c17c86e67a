// Reads and makes baselines.

import { z } from "zod";
import { readConfigText } from "../config/files.js";
import type { Suite } from "../config/suite.js";
import { MmulateError } from "../errors.js";
import { BASELINE_SCHEMA, type Baseline, keptConfig, keptFigures } from "../stats/baseline.js";
import type { CellResult } from "../stats/report.js";
import { thisMachine } from "./host-rounds.js";
import { hashOfAsked, type SuiteCell, suiteName } from "./plan-suite.js";
import { packageVersion } from "./version.js";

const json = z.json();
const baselineSchema = z.strictObject({
  schema: z.literal(BASELINE_SCHEMA),
  version: z.string(),
  suite: z.string(),
  configHash: z.string().regex(/^[0-9a-f]{64}$/),
  machine: z.record(z.string(), z.string()).exactOptional(),
  cells: z.array(
    z.strictObject({
      id: z.string(),
      asked: z.record(z.string(), json),
      config: z.record(z.string(), json),
      figures: z.record(z.string(), z.string()),
      host: z.array(z.number()).exactOptional(),
    }),
  ),
});

/**
 * Reads a baseline.
 * @throws MmulateError INPUT when it cannot be read or has another form
 */
export async function readBaseline(path: string): Promise<Baseline> {
  const data = parseJson(await readConfigText(path), path);
  const schema = (data as { schema?: unknown } | null)?.schema;
  if (schema !== BASELINE_SCHEMA) {
    const seen = JSON.stringify(schema) ?? "nothing";
    throw new MmulateError("INPUT", `${path}: its schema is ${seen}, not "${BASELINE_SCHEMA}"`);
  }
  const result = baselineSchema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MmulateError(
    "INPUT",
    `${path}: ${issue?.path.map(String).join(".")}: ${issue?.message}`,
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw noBaseline(path, cause);
  }
}

function noBaseline(path: string, cause: unknown): MmulateError {
  return new MmulateError("INPUT", `${path}: is no JSON, expected a baseline`, { cause });
}

/** The baseline that cells make which gave these results. */
export function baselineOf(
  suite: Suite,
  planned: readonly SuiteCell[],
  results: readonly CellResult[],
  samples: ReadonlyMap<string, readonly number[]>,
): Baseline {
  const byId = new Map(results.map((result) => [result.id, result]));
  return {
    schema: BASELINE_SCHEMA,
    version: packageVersion(),
    suite: suiteName(suite),
    configHash: hashOfAsked(planned),
    ...(samples.size === 0 ? {} : { machine: thisMachine() }),
    cells: planned.flatMap(({ cell: { id }, asked }) => {
      const result = byId.get(id);
      if (result === undefined) return [];
      const host = samples.get(id);
      const kept = { config: keptConfig(result), figures: keptFigures(result) };
      return [{ id, asked, ...kept, ...(host === undefined ? {} : { host }) }];
    }),
  };
}
