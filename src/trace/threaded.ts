// Reads traces in a thread of their own, while the caller simulates.
//
// Do the threads that Node reads files with not do? They wake for every block and sleep between, and some kernels keep
// such threads on the processor that woke them: then both take turns. A thread that works on for milliseconds is
// moved to an idle processor, and takes decompressing, unpacking, checking and parsing along (docs/adr/0014).

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { MmulateError } from "../errors.js";
import type { EventBatch } from "./batch.js";
import { looksLikeGzip } from "./open.js";
import { newRing, type Ring, RingReader } from "./ring.js";
import type { Staging } from "./staging.js";
import type { TraceOptions } from "./types.js";

/** A trace to be read. */
export interface ReadingTask {
  readonly path: string;
  readonly options: TraceOptions;
  readonly ring: Ring;
}

/** How it ended; comes after the last batch. Errors lose their class between threads, so they travel as data. */
export interface ReadingReply {
  readonly error?: { readonly code: MmulateError["code"]; readonly message: string };
}

/** The thread's program exists in the build alone: where TypeScript runs as it is, traces are read in this thread. */
const PROGRAM = import.meta.url.endsWith(".js")
  ? new URL("./reading-thread.js", import.meta.url)
  : undefined;

/** Bytes of a file from which on a thread saves more than its start of some 40 ms costs (bench/README.md). */
const WORTH_START = { plain: 512 << 20, gzip: 4 << 20 } as const;
/** The same where one is idle. */
const WORTH_HANDING = { plain: 16 << 20, gzip: 512 << 10 } as const;

/** After so long without a batch it is looked whether the thread still lives. */
const PATIENCE_MS = 100;

interface Thread {
  readonly worker: Worker;
  /** Never resolves. */
  readonly died: Promise<never>;
}

/** Threads without a task. They do not keep the process alive, and end with whatever thread started them. */
const idle: Thread[] = [];

/** Whether reading a file in a thread saves time. */
export function isWorthThread(path: string): boolean {
  if (PROGRAM === undefined || availableParallelism() === 1) return false;
  const worth = idle.length > 0 ? WORTH_HANDING : WORTH_START;
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size < worth.gzip) return false;
    return stat.size >= worth.plain || looksLikeGzip(firstBytes(path));
  } catch {
    // Reported by whoever reads it.
    return false;
  }
}

function firstBytes(path: string): Uint8Array {
  const descriptor = openSync(path, "r");
  try {
    const first = new Uint8Array(2);
    readSync(descriptor, first, 0, first.length, 0);
    return first;
  } finally {
    closeSync(descriptor);
  }
}

/** Starts a thread ahead of `readInThread`, if that is worth it and none is idle. */
export function startThreadFor(path: string): void {
  if (idle.length === 0 && isWorthThread(path)) idle.push(newThread());
}

/**
 * Reads a trace as `readTrace` does, in another thread. The batches are the same, but do not tell continuations.
 *
 * @param staging where batches are put; its memory must not be used otherwise until this ends
 * @throws MmulateError as `readTrace`
 */
export async function* readInThread(
  path: string,
  options: TraceOptions,
  staging: Staging,
): AsyncGenerator<EventBatch, void, undefined> {
  const thread = idle.pop() ?? newThread();
  const ring = newRing(staging);
  const reply = send(thread, { path, options, ring });
  // It may fail before anybody waits for it; whoever does learns of it then.
  reply.catch(() => undefined);
  const reader = new RingReader(ring);
  try {
    for (;;) {
      await something(reader, reply);
      const batch = reader.take();
      if (batch === undefined) break;
      yield batch;
      reader.release();
    }
  } finally {
    reader.leave();
    // It stops reading, and closes the file.
    await reply.catch(() => undefined);
  }
  const { error } = await reply;
  if (error !== undefined) throw new MmulateError(error.code, error.message);
}

/** Waits for a batch, or for the end. */
async function something(reader: RingReader, reply: Promise<ReadingReply>): Promise<void> {
  // Standing still is quickest, but learns nothing of a thread that died.
  while (!reader.wait(PATIENCE_MS)) await Promise.race([reply, setImmediate()]);
}

function newThread(): Thread {
  if (PROGRAM === undefined) throw new MmulateError("INTERNAL", "no thread can be started");
  const worker = new Worker(PROGRAM);
  worker.unref();
  const died = new Promise<never>((_, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => reject(new MmulateError("INTERNAL", "a reading thread ended")));
  });
  // Whoever gives it a task learns of it.
  died.catch(() => undefined);
  return { worker, died };
}

/** Gives a thread its task; it is idle again when the reply comes. @throws whatever the thread died of */
async function send({ worker, died }: Thread, task: ReadingTask): Promise<ReadingReply> {
  worker.ref();
  const reply = new Promise<ReadingReply>((resolve) => worker.once("message", resolve));
  worker.postMessage(task);
  const found = await Promise.race([reply, died]);
  worker.unref();
  idle.push({ worker, died });
  return found;
}
