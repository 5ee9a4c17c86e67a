// A worker for tests: as dist's own, but for cells of some seeds, which crash it, fill its heap or stay in a loop.

import process from "node:process";
import work from "../../dist/src/runner/worker.js";

const UNRULY = new Map([
  [101, () => process.exit(7)],
  [
    102,
    () => {
      const hoard = [];
      for (;;) hoard.push(new Array(100_000).fill(hoard.length));
    },
  ],
  [
    103,
    () => {
      for (;;);
    },
  ],
  [
    104,
    () => {
      throw new TypeError("a bug");
    },
  ],
]);

export default function unruly(task) {
  task.progress.postMessage(0);
  UNRULY.get(task.cell.input.seed)?.();
  return work(task);
}
