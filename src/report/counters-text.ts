// The list of counters as text.

import type { CounterInfo } from "../stats/counters.js";

/** Three lines per counter: name and unit, meaning, perf event. */
export function toCountersText(counters: readonly CounterInfo[]): string {
  const blocks = counters.map(({ name, unit, means, perf }) =>
    [`${name} (${unit})`, `    ${means}`, `    perf: ${perf}`].join("\n"),
  );
  return `perf events are given as Intel · Arm; "-" where machines count no such thing\n\n${blocks.join("\n")}\n`;
}
