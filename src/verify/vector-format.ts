// Translation vectors, one JSON object a line: from text to checked values.

import { z } from "zod";
import type { Descriptor } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import type { ModeInput } from "../layout/mode.js";

const hex = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/, "a lower-case hex string such as 0x1f000")
  .transform(BigInt);
const pair = z.tuple([hex, hex]);
const fault = z.record(z.string(), z.union([z.string(), z.number()]));

const vectorSchema = z.object({
  id: z.string(),
  arch: z.string(),
  config: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])),
  root: hex,
  tables: z.array(pair),
  access: z.strictObject({
    va: hex,
    type: z.enum(["read", "write", "fetch"]),
    mode: z.enum(["user", "supervisor"]),
  }),
  expect: z.union([z.strictObject({ pa: hex }), z.strictObject({ fault })]),
  after: z.array(pair),
  may: z.array(pair).default([]),
});

/** One recorded translation. Addresses and entries are bigints. */
export type Vector = z.infer<typeof vectorSchema>;

/**
 * Parses one line of a file of vectors or recordings.
 * @param where "FILE:LINE", for messages
 * @throws MmulateError INPUT when it is no JSON
 */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(where, error);
  }
}

function notJson(where: string, cause: unknown): MmulateError {
  const message = `${where}: not JSON, expected a translation vector or a kernel recording`;
  return new MmulateError("INPUT", message, { cause });
}

/**
 * Checks one vector.
 * @throws MmulateError INPUT when it is none
 */
export function checkVector(json: unknown, where: string): Vector {
  const parsed = vectorSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new MmulateError(
    "INPUT",
    `${where}: not a translation vector: ${path === "" ? "" : `${path}: `}${issue?.message ?? ""}`,
  );
}

/** Parses and checks one line that must be a vector. */
export function parseVector(text: string, where: string): Vector {
  return checkVector(parseJson(text, where), where);
}

/** The key of the format that is no parameter of a walk but the second half's own root register. */
const SECOND_ROOT = "root1";

/** The mode a vector was recorded in: hex strings become numbers. */
export function modeOf(descriptor: Descriptor, vector: Vector): ModeInput {
  const [first, second] = descriptor.addressSpace.halves;
  const mode: Record<string, boolean | number | string> = {};
  for (const [key, value] of Object.entries(vector.config)) {
    if (key === SECOND_ROOT && first.root !== second.root) continue;
    mode[key] =
      typeof value === "string" && /^0x[0-9a-f]+$/.test(value) ? Number(BigInt(value)) : value;
  }
  return mode;
}
