// Progress on stderr: one line that is overwritten on a terminal, one line per finished task elsewhere.

import process from "node:process";
import type { Runnable } from "../runner/task.js";
import { labelLine } from "../stats/labels.js";
import type { CellFailure } from "../stats/report.js";
import { say } from "./output.js";

const REFRESH_MS = 100;
/** Elsewhere than on a terminal, how often the whole is told. */
const PLAIN_MS = 10_000;

/** Follows tasks that count something. */
export class Progress {
  private readonly running = new Map<string, number>();
  private readonly begun = Date.now();
  private drawn = 0;
  private told = Date.now();
  private ended = 0;
  private readonly terminal = process.stderr.isTTY === true;

  /**
   * @param unit what is counted; tells it in the plural
   * @param total of tasks; where there are several, how far they are is told, too
   * @param lines whether a line tells of each that ended well
   */
  constructor(
    private readonly unit: string,
    private readonly total = 1,
    private readonly lines = true,
  ) {}

  /** @param name of the task; it ends with `done` */
  update(name: string, count: number, done: boolean): void {
    if (done) {
      this.end(name, this.lines ? `${name}: ${count.toLocaleString("en-US")} ${this.unit}` : null);
      return;
    }
    this.running.set(name, count);
    const now = Date.now();
    if (!this.terminal || now - this.drawn < REFRESH_MS) return;
    this.drawn = now;
    const parts = [...this.running].map(([id, count]) => `${id} ${(count / 1e6).toFixed(1)} M`);
    const whole = this.total > 1 ? `${this.whole(now)}   ` : "";
    this.erase();
    const line = `mmulate: ${whole}${parts.join("   ")}`;
    process.stderr.write(line.slice(0, process.stderr.columns ?? 80));
  }

  /** A cell ran on, ended or failed. */
  updateCell(cell: Runnable, count: number, done: boolean, failure?: CellFailure): void {
    const name = nameOfCell(cell);
    if (failure === undefined) this.update(name, count, done);
    else this.end(name, toldFailure(failure));
  }

  /** Takes the line away, where one was drawn. */
  erase(): void {
    if (this.terminal) process.stderr.write("\r\x1b[K");
  }

  private end(name: string, line: string | null): void {
    this.running.delete(name);
    this.ended++;
    this.erase();
    if (line !== null) say(line);
    const now = Date.now();
    if (this.terminal || this.total === 1 || now - this.told < PLAIN_MS) return;
    this.told = now;
    say(this.whole(now));
  }

  private whole(now: number): string {
    const left = timeLeft(this.ended, this.total, now - this.begun);
    return `${this.ended} of ${this.total} cells${left === null ? "" : `, about ${left} left`}`;
  }
}

/**
 * How long the rest takes if it goes on as it went: "1:05:09", "4:30"; null where nothing can be said.
 * @param elapsed milliseconds since the first began
 */
export function timeLeft(done: number, total: number, elapsed: number): string | null {
  if (done === 0 || done >= total) return null;
  const seconds = Math.ceil(((elapsed / done) * (total - done)) / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** The name of a cell's task: its labels. */
function nameOfCell({ labels }: Pick<Runnable, "labels">): string {
  return labelLine(labels);
}

/** One line for a cell that failed. Most messages begin with its input already. */
export function toldFailure({ labels, message }: CellFailure): string {
  return `cell ${labelLine(labels)} failed: ${message}`;
}
