// Progress on stderr: one line that is overwritten on a terminal, one line per finished task elsewhere.

import process from "node:process";
import type { Cell } from "../runner/cell.js";
import { say } from "./output.js";

const REFRESH_MS = 100;

/** Follows tasks that count something. */
export class Progress {
  private readonly running = new Map<string, number>();
  private drawn = 0;
  private readonly terminal = process.stderr.isTTY === true;

  /** @param unit what is counted; tells it in the plural */
  constructor(private readonly unit: string) {}

  /** @param name of the task; it ends with `done` */
  update(name: string, count: number, done: boolean): void {
    if (done) {
      this.running.delete(name);
      this.erase();
      say(`${name}: ${count.toLocaleString("en-US")} ${this.unit}`);
      return;
    }
    this.running.set(name, count);
    const now = Date.now();
    if (!this.terminal || now - this.drawn < REFRESH_MS) return;
    this.drawn = now;
    const parts = [...this.running].map(([id, count]) => `${id} ${(count / 1e6).toFixed(1)} M`);
    this.erase();
    process.stderr.write(`mmulate: ${parts.join("   ")}`.slice(0, process.stderr.columns ?? 80));
  }

  /** Takes the line away, where one was drawn. */
  erase(): void {
    if (this.terminal) process.stderr.write("\r\x1b[K");
  }
}

/** The name of a cell's task. */
export function nameOfCell({ labels }: Cell): string {
  return `${labels.input} ${labels.arch} ${labels.cpu} ${labels.pages}`;
}
