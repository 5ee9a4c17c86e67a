// Plays files of vectors and of kernel recordings, and counts.

import { ARCHITECTURES } from "../../arch/index.js";
import type { Core } from "../core/core.js";
import { type ErrorCode, MmulateError } from "../errors.js";
import type { OwnParts } from "../scenario/machine.js";
import {
  MAX_FAILURES,
  type VerifyFailure,
  type VerifyFile,
  type VerifyResult,
} from "../stats/verify-result.js";
import { describe, describeAccess, judge } from "./judge.js";
import { byRule } from "./pae-rule.js";
import { playRecording } from "./play-recording.js";
import { playVector } from "./play-vector.js";
import { readLines } from "./read-lines.js";
import { checkRecording, isRecording, type Recording } from "./recording-format.js";
import { checkVector, parseJson, type Vector } from "./vector-format.js";

const REASONS: Partial<Record<ErrorCode, string>> = {
  CONFIG: "unknown configuration",
  MEMORY: "too much memory",
};

/** One vector's verdict: null when it passed. */
type Verdict = { readonly reason: string; readonly failure: VerifyFailure } | null;

export interface VerifyOptions {
  /** The oracle watches recordings. */
  readonly check?: boolean;
  /** In place of what ships, for what was recorded on the architecture it is for. */
  readonly own?: OwnParts;
  /** Scheme of PageAnonExclusive of recordings; left out = today's. */
  readonly pae?: string | undefined;
}

/**
 * Plays every vector and recording of some files.
 * @param core an instance; what it holds is forgotten
 * @param paths files of JSON lines, plain or gzip
 * @param onFile called before each file is read
 * @throws MmulateError INPUT when a file is missing, damaged, empty or holds something else
 */
export async function verifyFiles(
  core: Core,
  paths: readonly string[],
  onFile: (path: string) => void = () => undefined,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const files: VerifyFile[] = [];
  const failures: VerifyFailure[] = [];
  for (const path of paths) {
    onFile(path);
    files.push(await verifyFile(core, path, failures, options));
  }
  const sum = (name: "passed" | "failed" | "skipped"): number =>
    files.reduce((total, file) => total + file[name], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped"), files, failures };
}

async function verifyFile(
  core: Core,
  file: string,
  failures: VerifyFailure[],
  options: VerifyOptions,
): Promise<VerifyFile> {
  let passed = 0;
  let failed = 0;
  const reasons: Record<string, number> = {};
  for await (const { text, number } of readLines(file)) {
    const verdict = verdictOn(core, text, `${file}:${number}`, options);
    if (verdict === null) {
      passed++;
      continue;
    }
    failed++;
    reasons[verdict.reason] = (reasons[verdict.reason] ?? 0) + 1;
    if (failures.length < MAX_FAILURES) failures.push(verdict.failure);
  }
  if (passed + failed === 0) {
    throw new MmulateError(
      "INPUT",
      `${file}: holds no line, expected translation vectors or kernel recordings`,
    );
  }
  return { file, passed, failed, skipped: 0, reasons };
}

/** A line says what it is: recordings have a script. */
function verdictOn(core: Core, text: string, where: string, options: VerifyOptions): Verdict {
  const json = parseJson(text, where);
  return isRecording(json)
    ? verdictOnRecording(core, checkRecording(json, where), options)
    : verdictOnVector(core, checkVector(json, where), options);
}

function verdictOnRecording(
  core: Core,
  recording: Recording,
  { check, own, pae }: VerifyOptions,
): Verdict {
  const { name: id } = recording;
  try {
    const difference = playRecording(core, recording, check, own, pae);
    if (difference === null) return null;
    const { reason: what, op, want, got } = difference;
    const reason = pae === undefined ? what : byRule(core, recording, pae, own, difference);
    return { reason, failure: { id, op, want, got } };
  } catch (error) {
    // A kernel that the model does not know is a failure: it is not taken for the nearest one.
    if (!(error instanceof MmulateError)) throw error;
    const got = { error: error.message };
    const op = recording.script[0] ?? "";
    return {
      reason: REASONS[error.code] ?? "cannot be played",
      failure: { id, op, want: {}, got },
    };
  }
}

function verdictOnVector(core: Core, vector: Vector, { own }: VerifyOptions): Verdict {
  const { id } = vector;
  const op = describeAccess(vector);
  const want = describe(vector.expect, vector.after);
  const mine = own?.architecture;
  const descriptor = mine?.name === vector.arch ? mine : ARCHITECTURES.get(vector.arch);
  if (descriptor === undefined) {
    const known = [...ARCHITECTURES.keys()].join(", ");
    const got = { error: `unknown architecture "${vector.arch}"; known: ${known}` };
    return { reason: "unknown architecture", failure: { id, op, want, got } };
  }
  try {
    const outcome = playVector(core, descriptor, vector);
    const reason = judge(vector, outcome);
    if (reason === null) return null;
    const got = describe(outcome.expect, outcome.changed);
    return { reason, failure: { id, op, want, got } };
  } catch (error) {
    // A vector that cannot be played is one we get wrong: not one to skip, nor the end of all others.
    if (!(error instanceof MmulateError)) throw error;
    const got = { error: error.message };
    return { reason: REASONS[error.code] ?? "cannot be played", failure: { id, op, want, got } };
  }
}
