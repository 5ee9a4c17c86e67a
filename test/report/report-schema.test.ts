// The JSON Schema that ships: what a run writes passes it, says nothing that it does not describe, and no part
// of it may be missing. ajv is the judge; zod, from which the schema is made, is only asked to read back.

import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { MmulateError } from "../../src/errors.js";
import { toJson } from "../../src/report/json.js";
import { toJsonLines } from "../../src/report/jsonl.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { planRun } from "../../src/runner/plan.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { parseReport, reportSchema } from "../../src/runner/report-schema.js";
import { runCells } from "../../src/runner/run-cells.js";
import { runScript } from "../../src/runner/run-script.js";
import type { Report } from "../../src/stats/report.js";
import { REPORT } from "./arbitrary-report.js";
import { BASE, LARGE, reportOf } from "./support.js";

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | boolean;
  readonly prefixItems?: Schema[];
  readonly anyOf?: Schema[];
  readonly $ref?: string;
}

const SHIPPED = "../../schema/report-1.schema.json";
const made = z.toJSONSchema(reportSchema, { io: "input" });
const schema = JSON.parse(JSON.stringify({ $id: "urn:mmulate:report:1", ...made })) as Schema;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);

function refusals(value: unknown): string[] {
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath }) => instancePath);
}

/** Paths of a value that the schema says nothing of. */
function undescribed(value: unknown, by: Schema | boolean | undefined, path = ""): string[] {
  if (typeof by !== "object") return by === false || by === undefined ? [path] : [];
  if (by.$ref !== undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((each, i) =>
      undescribed(each, by.prefixItems?.[i] ?? by.items, `${path}[]`),
    );
  }
  if (typeof value !== "object" || value === null) return [];
  const bag = typeof by.additionalProperties === "object" && by.properties === undefined;
  return Object.entries(value).flatMap(([name, each]) => {
    const own = by.properties?.[name];
    if (own === undefined && bag && Object.keys(by.additionalProperties ?? {}).length > 0) {
      return undescribed(each, by.additionalProperties, `${path}.*`);
    }
    return undescribed(each, own, `${path}.${name}`);
  });
}

let traces: Report;
let scripts: Report;
beforeAll(async () => {
  const core = await loadCoreModule();
  const input = { path: "chase:pages=64:passes=1", format: "auto", accesses: "all", split: true };
  const planned = planRun({
    inputs: [{ ...input, accesses: "all" }],
    archs: ["x86-64", "arm64:granule=16"],
    cpus: ["plain"],
    pages: [],
  });
  const outcomes = await runCells(core, planned, { workers: 0 });
  traces = {
    ...reportOf(...outcomes.map(({ result }) => result)),
    host: { cells: outcomes.map(({ host }) => host) },
  };
  const text =
    "mmap A 8 rw private\nwrite A 0 4\nread A 0 2\nfork c\nwrite A 0 2\nin c pagemap A\nvmas A\n" +
    "mprotect A 0 8 r\nwrite A 0 1\nuffd-register A 0 8 wp\nscan A 0 8 written\nexit c\n";
  const cells = planScripts({
    inputs: [{ path: "a.scn", text }],
    archs: ["x86-64", "arm64"],
    kernels: ["7.2"],
    cpus: ["plain"],
  });
  const played = cells.map((cell) => runScript(core, cell, { check: true, explain: true }));
  scripts = reportOf(...played.map(({ result }) => result));
});

describe("the report's JSON Schema", () => {
  it("is shipped as it is made", async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(SHIPPED);
  });

  it("takes what runs write, traces and scripts, whole or in lines", () => {
    for (const report of [traces, scripts, reportOf(BASE, LARGE)]) {
      expect(refusals(JSON.parse(toJson(report)))).toEqual([]);
      for (const line of toJsonLines(report).trimEnd().split("\n")) {
        expect(refusals(JSON.parse(line))).toEqual([]);
      }
    }
  });

  it("describes all that runs write", () => {
    for (const report of [traces, scripts]) {
      expect([...new Set(undescribed(JSON.parse(toJson(report)), schema))]).toEqual([]);
    }
    expect(undescribed({ ...JSON.parse(toJson(traces)), more: { x: 1 } }, schema)).toEqual([
      ".more",
    ]);
  });

  it("takes any report, and refuses one from which a required part is taken", () => {
    const parts = ["schema", "version", "config", "cells"];
    const cellParts = ["id", "labels", "config", "counters", "cycles", "metrics", "checks"];
    fc.assert(
      fc.property(REPORT, fc.nat(), (report, pick) => {
        const value = JSON.parse(toJson(report)) as Record<string, unknown>;
        expect(refusals(value)).toEqual([]);
        const [first] = value.cells as Record<string, unknown>[];
        const all: [Record<string, unknown> | undefined, string][] = [
          ...parts.map((part): [Record<string, unknown>, string] => [value, part]),
          ...cellParts.map((part): [Record<string, unknown> | undefined, string] => [first, part]),
        ];
        const [owner = {}, part = ""] = all[pick % all.length] ?? [];
        delete owner[part];
        expect(refusals(value)).not.toEqual([]);
      }),
    );
  });

  it.each([
    ["a fraction", 1.5],
    ["less than nothing", -1],
    ["a number in words", "many"],
    ["hexadecimal", "0x10"],
    ["a leading nought", "012"],
  ])("refuses a counter that is %s", (_, walks) => {
    const report = { ...reportOf({ ...BASE, counters: {} }) } as unknown as { cells: object[] };
    const cells = [
      { ...report.cells[0], cycles: { elapsed: 1, work: 1, by: {} }, counters: { walks } },
    ];
    expect(refusals({ ...report, cells })).toContain("/cells/0/counters/walks");
  });
});

describe("a report that is read back", () => {
  it("is the one that was written", () => {
    for (const report of [traces, scripts]) {
      expect(toJson(parseReport(toJson(report), "x"))).toBe(toJson(report));
      // What is undefined is not written.
      expect(parseReport(toJson(report), "x")).toEqual(
        JSON.parse(JSON.stringify(report, keep), revive),
      );
    }
    fc.assert(
      fc.property(REPORT, (report) => {
        expect(parseReport(toJson(report), "x")).toEqual(report);
        expect(toJson(parseReport(toJson(report), "x"))).toBe(toJson(report));
      }),
    );
  });

  it.each([
    ["", "x: is empty, expected a report"],
    ["{", "x: is not JSON, expected a report"],
    ["null", 'x: found no schema, expected "mmulate/report@1"'],
    ["[1]", 'x: found no schema, expected "mmulate/report@1"'],
    [
      '{ "schema": "mmulate/report@2" }',
      'x: found schema "mmulate/report@2", expected "mmulate/report@1"',
    ],
    ['{ "schema": "mmulate/report@1", "version": 1 }', "x: not a report: version: "],
  ])("is none: %s", (text, message) => {
    let thrown: unknown;
    try {
      parseReport(text, "x");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MmulateError);
    expect((thrown as MmulateError).code).toBe("INPUT");
    expect((thrown as MmulateError).message).toContain(message);
  });
});

const keep = (_: string, value: unknown) => (typeof value === "bigint" ? `bigint ${value}` : value);
const revive = (_: string, value: unknown) =>
  typeof value === "string" && value.startsWith("bigint ") ? BigInt(value.slice(7)) : value;
