// mmulate config schema | paths

import { type Command, Option } from "commander";
import { z } from "zod";
import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { runConfigSchema } from "../config/run-config.js";
import { suiteSchema } from "../config/suite.js";
import { EXIT_DONE } from "../errors.js";
import { EVENT_MEANINGS } from "../kernel/events.js";
import { toJson } from "../report/json.js";
import { KERNEL_SETTINGS } from "../runner/kernel-settings.js";
import { cpuNamed, DEFAULT_CPU } from "../runner/plan.js";
import { leavesOf, valueAt } from "../runner/profile-path.js";
import { WORKLOADS } from "../workload/index.js";
import { print } from "./output.js";

/** Forms of files, by what they are for. */
const SCHEMAS = new Map<string, z.ZodType>([
  ["run", runConfigSchema],
  ["suite", suiteSchema],
]);

/** Adds the command. `finish` receives the exit code. */
export function addConfig(program: Command, finish: (code: number) => void): void {
  const config = program
    .command("config")
    .summary("what can be set: JSON Schemas for editors, paths of --set and sweeps");
  config
    .command("schema")
    .summary("print the JSON Schema of a file of defaults, or of a suite")
    .argument("[form]", `${[...SCHEMAS.keys()].join(" or ")} (default: run)`)
    .action(async (form = "run") => {
      await print(schemaText(form, (message) => config.error(message)));
      finish(EXIT_DONE);
    });
  config
    .command("paths")
    .summary("list every path of --set, -L and -P with its value")
    .addOption(new Option("--cpu <name>", "of this CPU profile").default(DEFAULT_CPU))
    .option("--json", "print the list as JSON")
    .action(async ({ cpu, json }: { cpu: string; json?: true }) => {
      const rows = pathsOf(cpu);
      const text = rows.map(({ path, value, means }) =>
        [`${path}  ${value}`, ...(means === "" ? [] : [`    ${means}`])].join("\n"),
      );
      await print(json === true ? toJson(rows) : `${text.join("\n")}\n`);
      finish(EXIT_DONE);
    });
}

function schemaText(form: string, refuse: (message: string) => never): string {
  const schema = SCHEMAS.get(form);
  if (schema === undefined) {
    return refuse(`unknown form "${form}" (known: ${[...SCHEMAS.keys()].join(", ")})`);
  }
  return toJson(z.toJSONSchema(schema, { io: "input" }));
}

interface PathRow {
  readonly path: string;
  readonly value: string;
  readonly means: string;
}

function pathsOf(cpu: string): PathRow[] {
  const profile = cpuNamed(cpu);
  const modes = [...ARCHITECTURES].flatMap(([name, { parameters, typical }]) =>
    Object.entries(parameters).map(([key, row]) => ({
      path: `mode.${key}`,
      value: String(typical.values[key] ?? row.default),
      means: `${name}: ${row.means}`,
    })),
  );
  const meanings = new Map(EVENT_MEANINGS);
  const events = new Set([...meanings.keys(), ...Object.keys(DEFAULT_COSTS.events)]);
  const costs = [...events].map((name) => ({
    path: `costs.${name}`,
    value: String(DEFAULT_COSTS.events[name]?.cycles ?? 0),
    means: meanings.get(name) ?? "",
  }));
  const workloads = [...WORKLOADS].flatMap(([name, { parameters }]) =>
    Object.entries(parameters).map(([key, row]) => ({
      path: `workload.${key}`,
      value: String(row.default),
      means: `${name}: ${row.means}`,
    })),
  );
  const kernel = [...KERNEL_SETTINGS].map(([key, [, allowed]]) => ({
    path: `kernel.${key}`,
    value: allowed,
    means: "",
  }));
  const clock = { path: "costs.clockMHz", value: String(DEFAULT_COSTS.clockMHz), means: "" };
  const leaves = leavesOf(profile).map((path) => ({
    path: `cpu.${path}`,
    value: String(valueAt(profile, path)),
    means: "",
  }));
  return [...leaves, ...modes, ...kernel, ...costs, clock, ...workloads];
}
