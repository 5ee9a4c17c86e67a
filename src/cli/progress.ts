// Progress on stderr: one line that is overwritten on a terminal, one line per finished cell elsewhere.

import process from "node:process";
import type { Cell } from "../runner/cell.js";
import { say } from "./output.js";

const REFRESH_MS = 100;

/** Follows the cells of a run. */
export class Progress {
  private readonly running = new Map<string, number>();
  private drawn = 0;
  private readonly terminal = process.stderr.isTTY === true;

  update(cell: Cell, accesses: number, done: boolean): void {
    const name = nameOf(cell);
    if (done) {
      this.running.delete(name);
      this.erase();
      say(`${name}: ${accesses.toLocaleString("en-US")} accesses`);
      return;
    }
    this.running.set(name, accesses);
    const now = Date.now();
    if (!this.terminal || now - this.drawn < REFRESH_MS) return;
    this.drawn = now;
    const parts = [...this.running].map(([id, count]) => `${id} ${(count / 1e6).toFixed(1)} M`);
    this.erase();
    process.stderr.write(`mmulate: ${parts.join("   ")}`.slice(0, process.stderr.columns ?? 80));
  }

  private erase(): void {
    if (this.terminal) process.stderr.write("\r\x1b[K");
  }
}

function nameOf({ labels }: Cell): string {
  return `${labels.input} ${labels.arch} ${labels.cpu} ${labels.pages}`;
}
