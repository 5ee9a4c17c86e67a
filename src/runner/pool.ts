// Cells over worker threads. A cell that crashes its worker, or is stuck in it, costs that worker and is
// reported; a new one takes its place and the rest goes on.

import { setTimeout } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { MmulateError } from "../errors.js";
import type { CellOutcome } from "./run-cell.js";
import type { Task } from "./task.js";
import type { WorkerReply, WorkerTask } from "./worker.js";

export interface PoolOptions {
  readonly threads: number;
  /** Most MiB of a worker's JavaScript heap. */
  readonly heapMiB?: number | undefined;
  /** A cell that tells no progress for so long is stuck. */
  readonly stallSeconds: number;
  /** What runs in a worker, for tests of workers that misbehave; default: worker.js. */
  readonly file?: string | undefined;
}

/** A worker in a loop ends at once, on a busy machine after seconds. */
const CLOSE_MS = 10_000;
const POLL_MS = 20;
/** `threadId` of a worker that has ended. */
const GONE = -1;
/** A worker that starts reads its modules, on a busy machine for long. */
const START_SECONDS = 120;

/** Worker threads that run one cell each at a time. */
export class Pool {
  private readonly piscina: Piscina<WorkerTask, WorkerReply>;
  /** Every worker there was: piscina forgets those whose task was given up. */
  private readonly seen = new Set<{ readonly threadId: number }>();

  constructor(private readonly options: PoolOptions) {
    const { threads, heapMiB, file = new URL("./worker.js", import.meta.url).href } = options;
    this.piscina = new Piscina<WorkerTask, WorkerReply>({
      filename: file,
      minThreads: threads,
      maxThreads: threads,
      ...(heapMiB === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
    });
    // Every failure also rejects the run of its cell, which is where it is reported.
    this.piscina.on("error", () => undefined);
  }

  /**
   * Runs a cell in the next free worker.
   * @param stop ends the run, and the worker with it
   * @throws MmulateError of the cell; STUCK; MEMORY when the worker's heap is used up; INTERNAL when the worker
   * ended otherwise
   */
  async run(
    task: Task,
    onProgress: (accesses: number) => void,
    stop?: AbortSignal,
  ): Promise<CellOutcome> {
    const { port1, port2 } = new MessageChannel();
    const watch = new StallWatch(this.options.stallSeconds);
    port1.on("message", (accesses: number) => {
      watch.progressed();
      onProgress(accesses);
    });
    const signal = stop === undefined ? watch.signal : AbortSignal.any([stop, watch.signal]);
    try {
      const transferList = [port2];
      const running = this.piscina.run({ ...task, progress: port2 }, { transferList, signal });
      for (const worker of this.piscina.threads) this.seen.add(worker);
      const reply = await running;
      if ("outcome" in reply) return reply.outcome;
      throw new MmulateError(reply.error.code, reply.error.message);
    } catch (error) {
      throw this.explained(error, watch);
    } finally {
      watch.end();
      port1.close();
    }
  }

  private explained(error: unknown, watch: StallWatch): unknown {
    if (error instanceof MmulateError) return error;
    const { stallSeconds, heapMiB } = this.options;
    if (watch.signal.aborted) {
      const told = `no progress for ${stallSeconds} s, so its worker was ended (--timeout)`;
      return new MmulateError("STUCK", told, { cause: error });
    }
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    if (code === "ERR_WORKER_OUT_OF_MEMORY") {
      const limit = heapMiB === undefined ? "its worker's heap" : `a heap of ${heapMiB} MiB`;
      return new MmulateError("MEMORY", `the cell needs more than ${limit}`);
    }
    return new MmulateError("INTERNAL", `its worker ended: ${message ?? code}`, { cause: error });
  }

  /**
   * Ends all workers.
   * @returns false when one does not end: it waits for a read of the system, which nothing ends from outside
   */
  async close(): Promise<boolean> {
    const gone = (): boolean => [...this.seen].every(({ threadId }) => threadId === GONE);
    await Promise.race([this.piscina.destroy(), setTimeout(CLOSE_MS, undefined, { ref: false })]);
    for (let waited = 0; waited < CLOSE_MS && !gone(); waited += POLL_MS) await setTimeout(POLL_MS);
    return gone();
  }
}

/** Aborts when nothing was heard for too long: of the cell, or before that of its worker's start. */
class StallWatch {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof globalThis.setTimeout>;
  private begun = false;
  readonly signal = this.controller.signal;

  constructor(private readonly seconds: number) {
    this.timer = this.limit(Math.max(seconds, START_SECONDS));
  }

  private limit(seconds: number): ReturnType<typeof globalThis.setTimeout> {
    return globalThis.setTimeout(() => this.controller.abort(), seconds * 1000);
  }

  progressed(): void {
    if (this.begun) {
      this.timer.refresh();
      return;
    }
    this.begun = true;
    this.end();
    this.timer = this.limit(this.seconds);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
