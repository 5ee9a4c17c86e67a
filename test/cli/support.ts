// Shared by the command line's tests: run the built program, look at what it wrote and how it ended.

import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "vitest";
import type * as Program from "../../src/cli/program.js";
import { raw64Bytes } from "../trace/support.js";

export const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

const PROGRAM = new URL("program.js", pathToFileURL(MAIN)).href;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const ENV = { PATH: process.env.PATH, NO_COLOR: "1" };

/** `process.execPath MAIN ARGS...`, with nothing of this process's terminal or colours. */
export function start(args: readonly string[]) {
  if (!existsSync(MAIN)) throw new Error("dist is missing: run npm run build (npm test does)");
  return spawn(process.execPath, [MAIN, ...args], { env: ENV, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs it to its end with a file as stdout. Returns exit code and stderr. */
export async function mmulateInto(file: string, ...args: string[]): Promise<Omit<Ended, "out">> {
  const out = openSync(file, "w");
  const stdio = ["ignore", out, "pipe"] as const;
  const child = spawn(process.execPath, [MAIN, ...args], { env: ENV, stdio: [...stdio] });
  closeSync(out);
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return { code, err };
}

/** Runs it to its end, in a process of its own. */
export async function spawned(...args: string[]): Promise<Ended> {
  const child = start(args);
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return { code, out, err };
}

/** Collects what is written to a stream of this process until `end`. */
function caught(stream: NodeJS.WriteStream): { readonly text: () => string; end(): void } {
  const { write } = stream;
  let text = "";
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const told = rest.at(-1);
    if (typeof told === "function") process.nextTick(told);
    return true;
  };
  return {
    text: () => text,
    end: () => {
      stream.write = write;
    },
  };
}

let before: Promise<unknown> = Promise.resolve();

async function inProcess(args: readonly string[]): Promise<Ended> {
  const { runProgram } = (await import(PROGRAM)) as typeof Program;
  const { env } = process;
  process.env = { ...ENV };
  const [out, err] = [caught(process.stdout), caught(process.stderr)];
  try {
    const code = await runProgram(args);
    return { code, out: out.text(), err: err.text() };
  } finally {
    out.end();
    err.end();
    process.env = env;
  }
}

/**
 * Runs the built command line to its end in this process, one after the other: a process of its own takes half a
 * second to load it (process.test.ts has each command in one).
 */
export function mmulate(...args: string[]): Promise<Ended> {
  const ended = before.then(() => inProcess(args));
  before = ended.catch(() => undefined);
  return ended;
}

/** Runs it, and expects that all went well. Returns stdout. */
export async function output(...args: string[]): Promise<string> {
  const { code, out, err } = await mmulate(...args);
  expect(code, err).toBe(0);
  return out;
}

/** Lines that all end. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  expect(text.endsWith("\n"), JSON.stringify(text.slice(-40))).toBe(true);
  return text.slice(0, -1).split("\n");
}

/** A lackey trace: two fetches, a read, a write to the same page, a read far away. */
export const TINY = `==1== lackey
I  00400000,4
 L 1000,8
 S 1ff8,8
I  00400004,4
 L 7f0000000000,8
`;

/** A raw64 trace: reads and writes over 100 pages. */
export function hundredPages(): Buffer {
  const at = (i: number): bigint => BigInt(0x10_0000 + ((i * 37) % 100) * 4096 + 8 * (i % 512));
  return raw64Bytes(Array.from({ length: 5000 }, (_, i) => at(i) | (i % 3 === 0 ? 1n : 0n)));
}
