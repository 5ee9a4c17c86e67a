// What runs in a thread that reads traces for another one (threaded.ts): one trace at a time.

import { parentPort } from "node:worker_threads";
import { MmulateError } from "../errors.js";
import { readTrace } from "./index.js";
import { RingWriter } from "./ring.js";
import { ownStaging } from "./staging.js";
import type { ReadingReply, ReadingTask } from "./threaded.js";

const staging = ownStaging();

async function read({ path, options, ring }: ReadingTask): Promise<ReadingReply> {
  const writer = new RingWriter(ring);
  try {
    for await (const batch of readTrace(path, options, { staging, standing: true })) {
      if (!writer.put(batch)) break;
    }
    return {};
  } catch (error) {
    if (!(error instanceof MmulateError)) throw error;
    return { error: { code: error.code, message: error.message } };
  } finally {
    writer.end();
  }
}

parentPort?.on("message", (task: ReadingTask) => {
  // What else it throws ends the thread, and reaches its owner so.
  void read(task).then((reply) => parentPort?.postMessage(reply));
});
