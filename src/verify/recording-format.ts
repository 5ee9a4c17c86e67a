// Recordings of real kernels, one JSON object a line: from text to checked values.

import { z } from "zod";
import { MmulateError } from "../errors.js";

const count = z.int().min(0);
const run = <T extends z.ZodType>(value: T) => z.tuple([count, value]);

const headerSchema = z.object({
  kernel: z.string().regex(/^\d+\.\d+/, "a version such as 6.12.107"),
  arch: z.string(),
  page: z.int(),
  thp: z.string(),
  mthp: z.string(),
  swap: z.string(),
  soft_dirty: z.boolean(),
  hw_dirty: z.boolean().default(true),
});

const entrySchema = z.strictObject({
  op: z.string(),
  errno: z.union([z.literal(0), z.string()]),
  minflt: count.nullable(),
  majflt: count.optional(),
  segv: z.array(z.int()).optional(),
  wpfault: z.array(z.int()).optional(),
  data: z.array(run(count.nullable())).optional(),
  ranges: z.array(z.tuple([z.int(), z.int()])).optional(),
  vmas: z.array(z.tuple([z.int(), z.int(), z.string(), z.string()])).optional(),
  pages: z.array(run(z.string())).optional(),
});

const recordingSchema = z
  .object({
    name: z.string(),
    about: z.string().optional(),
    script: z.array(z.string()),
    recording: z.tuple([headerSchema], entrySchema),
  })
  .refine(({ script, recording }) => recording.length === script.length + 1, {
    error: "has a header and one entry for each operation of the script",
    path: ["recording"],
  });

/** One scenario as a real kernel played it. */
export type Recording = z.infer<typeof recordingSchema>;
export type RecordingHeader = z.infer<typeof headerSchema>;
export type RecordedEntry = z.infer<typeof entrySchema>;

/** Whether a parsed line is meant as a recording: a vector has no script. */
export function isRecording(json: unknown): boolean {
  return typeof json === "object" && json !== null && "script" in json;
}

/**
 * Checks one line of a recording.
 * @param where "FILE:LINE", for messages
 * @throws MmulateError INPUT naming what breaks the format
 */
export function checkRecording(json: unknown, where: string): Recording {
  const parsed = recordingSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MmulateError(
    "INPUT",
    `${where}: not a kernel recording: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}
