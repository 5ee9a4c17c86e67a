// mmulate run ... --show-config: what would be run, and where each value was said.

import { DEFAULT_ARCHITECTURES } from "../../arch/index.js";
import { LISTS } from "../config/run-config.js";
import type { Selection } from "../config/selection.js";
import { toJson } from "../report/json.js";
import { DEFAULT_CPU } from "../runner/plan.js";
import { DEFAULT_KERNEL } from "../runner/plan-machine.js";
import { STALL_SECONDS } from "../runner/run-cells.js";
import { print } from "./output.js";

/** What holds where nothing is said. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  arch: DEFAULT_ARCHITECTURES,
  cpu: [DEFAULT_CPU],
  kernel: [DEFAULT_KERNEL],
  pages: ["base"],
  format: ["auto"],
  accesses: ["all"],
  split: ["true"],
  dataCache: ["false"],
  seed: ["1"],
  check: ["false"],
  explain: ["false"],
  memory: ["4g"],
  timeout: [String(STALL_SECONDS)],
  host: ["false"],
  reporter: ["table"],
};

interface Row {
  readonly path: string;
  readonly value: string | readonly string[];
  readonly from: string;
}

function rowsOf({ values, settings, axes }: Selection): Row[] {
  const names = [...new Set([...Object.keys(DEFAULTS), ...values.keys()])];
  const swept = new Set(axes.map(({ path }) => path));
  const selectors = names
    .filter((name) => !swept.has(name))
    .map((path): Row => {
      const { value, from } = values.get(path) ?? { value: DEFAULTS[path] ?? [], from: "default" };
      const several = ([...LISTS, "reporter"] as readonly string[]).includes(path);
      return { path, value: several ? value : (value[0] ?? ""), from };
    });
  return [
    ...selectors,
    ...settings.map(({ path, value, from }): Row => ({ path, value, from })),
    ...axes.map(({ path, values: list, from }): Row => ({ path, value: list, from })),
  ];
}

/** Prints it as lines, or as JSON. */
export async function showConfig(selection: Selection, json: boolean): Promise<void> {
  const rows = rowsOf(selection);
  if (json) {
    await print(toJson(rows));
    return;
  }
  const text = rows.map(({ path, value, from }): [string, string] => [
    `${path}: ${typeof value === "string" ? value : `[${value.join(", ")}]`}`,
    from,
  ]);
  const width = Math.min(60, Math.max(...text.map(([left]) => left.length)));
  await print(text.map(([left, from]) => `${left.padEnd(width)}  # ${from}\n`).join(""));
}
