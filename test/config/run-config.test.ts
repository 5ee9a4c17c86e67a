import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseRunConfig, runConfigSchema } from "../../src/config/run-config.js";
import { parseSuite, suiteSchema } from "../../src/config/suite.js";
import { MmulateError } from "../../src/errors.js";

const TEXT = `# defaults of this project
arch: [x86-64, "arm64:granule=16"]
kernel: 6.10
split: false
set:
  costs.syscall: 300
  cpu:
    memory: 4e2
sweep:
  costs.fault: 500..1500:500
  kernel.hwDirty: [true, false]
`;

function errorOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof MmulateError) {
      expect(error.exitCode).toBe(2);
      return error.message;
    }
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a file of defaults", () => {
  it("gives values as they are written, each with its place", () => {
    const { values, settings, axes } = parseRunConfig(TEXT, "m.yaml");
    expect(Object.fromEntries(values)).toEqual({
      arch: { value: ["x86-64", "arm64:granule=16"], from: "m.yaml:2:7" },
      kernel: { value: ["6.10"], from: "m.yaml:3:9" },
      split: { value: ["false"], from: "m.yaml:4:8" },
    });
    expect(settings).toEqual([
      { path: "costs.syscall", value: "300", from: "m.yaml:6:18" },
      { path: "cpu.memory", value: "4e2", from: "m.yaml:8:13" },
    ]);
    expect(axes).toEqual([
      { path: "costs.fault", values: ["500", "1000", "1500"], from: "m.yaml:10:16" },
      { path: "kernel.hwDirty", values: ["true", "false"], from: "m.yaml:11:19" },
    ]);
  });

  it("may be JSON, and may be empty", () => {
    const { values } = parseRunConfig('{\n  "cpu": "zen4"\n}\n', "m.json");
    expect(values.get("cpu")).toEqual({ value: ["zen4"], from: "m.json:2:10" });
    expect(parseRunConfig("", "m.yaml").values.size).toBe(0);
    expect(parseRunConfig("# nothing\n", "m.yaml").values.size).toBe(0);
  });
});

describe("what is wrong is told with line, column, what is allowed and the nearest name", () => {
  it.each([
    [
      "archs: x86-64",
      'm:1:1: unknown key "archs" in the configuration; did you mean "arch"? (allowed: $schema, arch, ',
    ],
    ["arch: x86-64\nset:\n  a:\n    b: [1]", "m:4:5: set.a: a value, or a mapping"],
    ["split: no way", 'm:1:8: split "no way": true or false is allowed'],
    ["seed: 1.5", 'm:1:7: seed "1.5": a whole number is allowed'],
    ["workers: -1", 'm:1:10: workers "-1": a number from 0 on is allowed'],
    ["accesses: some", 'm:1:11: accesses "some": all or data is allowed'],
    ["arch: []", "m:1:7: arch: at least one value is needed"],
    ["sweep:\n  costs.fault: 3..1", "m:2:16: 3..1: ends before it begins"],
    ["sweep:\n  costs.fault: [1, 1]", "m:2:16: costs.fault has the value 1 twice"],
    ["arch: [x86-64", "m:1:14: Flow sequence "],
    ["arch: 1\narch: 2", "m:2:1: Map keys must be unique"],
    ["- arch", "m:1:1: the configuration: "],
  ])("%j", (text, message) => {
    expect(errorOf(() => parseRunConfig(text, "m"))).toContain(message);
  });
});

describe("a suite", () => {
  const SUITE = `title: one
cells:
  - name: sort
    input: a.gz
    arch: arm64
    sweep: { costs.fault: 1..2 }
metrics:
  - { metric: cycles.work, better: less, tolerance: 2.5% }
`;

  it("has entries, what is judged and how long the host is measured", () => {
    const suite = parseSuite(SUITE, "bench/one.yaml");
    expect(suite.rules).toEqual([{ metric: "cycles.work", better: "less", tolerance: 0.025 }]);
    expect([suite.rounds, suite.threshold]).toEqual([9, 0.1]);
    const [entry] = suite.entries;
    expect(entry?.selection.values.get("arch")?.value).toEqual(["arm64"]);
    expect(entry?.selection.axes[0]?.values).toEqual(["1", "2"]);
  });

  it("judges the cycles, exactly, where it names nothing", () => {
    const { rules } = parseSuite("title: t\ncells: [{ name: a, input: chase }]", "s");
    expect(rules).toEqual([{ metric: "cycles.work", better: "less", tolerance: 0 }]);
  });

  it.each([
    ["cells: []", "s:1:1: title is missing: a line of text is allowed"],
    ["title: t\ncells: []", "s:2:8: cells: at least one is needed"],
    [
      "title: t\ncells:\n  - name: a\n    inputs: b",
      "s:3:5: cells.0.input is missing: a file or a workload",
    ],
    [
      "title: t\ncells:\n  - { name: a, input: b, tracked: c }",
      's:3:26: unknown key "tracked" in cells.0',
    ],
    ["title: t\ncells: [{ name: A, input: b }]", 's:2:17: cells.0.name "A": small letters'],
    [
      "title: t\ncells: [{ name: a, input: b }]\nmetrics: [{ metric: walks, better: less }]",
      's:3:21: metrics.0.metric "walks": a figure',
    ],
    [
      "title: t\ncells: [{ name: a, input: b }]\nhost: { threshold: 10 }",
      's:3:20: host.threshold "10": a share is allowed, as in 2%',
    ],
  ])("%j is refused", (text, message) => {
    expect(errorOf(() => parseSuite(text, "s"))).toContain(message);
  });
});

describe("the JSON Schema for editors", () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  const compiled = (schema: z.ZodType) => ajv.compile(z.toJSONSchema(schema, { io: "input" }));

  it("takes what is taken, and refuses what is refused", () => {
    const validate = compiled(runConfigSchema);
    const taken = {
      arch: ["x86-64"],
      kernel: 6.12,
      set: { costs: { fault: 3 } },
      sweep: { a: "1..2" },
    };
    expect(validate(taken)).toBe(true);
    for (const wrong of [{ archs: "x" }, { seed: 1.5 }, { split: "yes" }, { sweep: { a: [] } }]) {
      expect(validate(wrong), JSON.stringify(wrong)).toBe(false);
      expect(runConfigSchema.safeParse(wrong).success).toBe(false);
    }
  });

  it("is the same for suites", () => {
    const validate = compiled(suiteSchema);
    expect(validate({ title: "t", cells: [{ name: "a", input: "b" }] })).toBe(true);
    expect(validate({ title: "t", cells: [] })).toBe(false);
    expect(validate({ title: "t", cells: [{ name: "a" }] })).toBe(false);
  });
});
