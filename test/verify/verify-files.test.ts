import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { Core } from "../../src/core/core.js";
import { MmulateError } from "../../src/errors.js";
import { compileLayout } from "../../src/layout/compile.js";
import { compileCpu } from "../../src/layout/cpu.js";
import { compilePagePolicy } from "../../src/layout/page-policy.js";
import { cpuNamed, parseSelector } from "../../src/runner/plan.js";
import { MAX_FAILURES, type VerifyResult } from "../../src/stats/verify-result.js";
import { findVector } from "../../src/verify/find-vector.js";
import { verifyFiles } from "../../src/verify/verify-files.js";
import { errorOf, inputFolder } from "../trace/support.js";
import { ARCHITECTURE_NAMES, hugeLine, line, MIXED_FILE, newCore, vectorFile } from "./support.js";

const folder = inputFolder();
let core: Core;
beforeAll(async () => {
  core = await newCore();
});

/** Verifies one file of these lines. */
function verify(...lines: string[]): Promise<VerifyResult> {
  return verifyFiles(core, [folder.write("lines.jsonl", `${lines.join("\n")}\n`)]);
}

describe("the hand-made vectors", () => {
  it("pass and fail as their ids say, and none is skipped", async () => {
    const result = await verifyFiles(core, [MIXED_FILE]);
    const file = {
      file: MIXED_FILE,
      passed: 9,
      failed: 9,
      skipped: 0,
      reasons: {
        "wrong result": 2,
        "wrong entry update": 2,
        "missing entry update": 1,
        "unknown architecture": 1,
        "unknown configuration": 3,
      },
    };
    expect(result).toEqual({
      passed: 9,
      failed: 9,
      skipped: 0,
      files: [file],
      failures: result.failures,
    });
    expect(result.failures.map(({ id }) => id)).toEqual([
      "wrong/address",
      "wrong/fault",
      "wrong/update-value",
      "wrong/update-too-many",
      "wrong/update-missing",
      "unknown/architecture",
      "unknown/key",
      "unknown/value",
      "unknown/type",
    ]);
  });

  it("are reported with access, expectation and outcome", async () => {
    const { failures } = await verifyFiles(core, [MIXED_FILE]);
    const of = (id: string) => failures.find((failure) => failure.id === id);
    expect(of("wrong/update-value")).toEqual({
      id: "wrong/update-value",
      op: "write 0x123 by user",
      want: {
        pa: "0x5123",
        after: [
          ["0x1000", "0x2027"],
          ["0x2000", "0x3027"],
          ["0x3000", "0x4027"],
          ["0x4000", "0x5027"],
        ],
      },
      got: {
        pa: "0x5123",
        after: [
          ["0x1000", "0x2027"],
          ["0x2000", "0x3027"],
          ["0x3000", "0x4027"],
          ["0x4000", "0x5067"],
        ],
      },
    });
    expect(of("unknown/architecture")?.got).toEqual({
      error: 'unknown architecture "sparc64"; known: x86-64, arm64, riscv64',
    });
    expect(of("unknown/value")?.got).toEqual({
      error: "x86-64: levels = 6, but 4, 5 is allowed (paging levels: 5 with CR4.LA57)",
    });
    expect(JSON.stringify(of("unknown/key")?.got)).toContain('no parameter \\"levls\\"');
  });

  it("have the same verdicts zipped, without a final line end, and beside other files", async () => {
    const text = readFileSync(MIXED_FILE, "utf8");
    const other = folder.write("mixed.gz", gzipSync(text.trimEnd()));
    const right = folder.write("right.jsonl", line());
    const told: string[] = [];
    const result = await verifyFiles(core, [right, other, MIXED_FILE], (file) => told.push(file));
    expect(told).toEqual([right, other, MIXED_FILE]);
    const [first, second, third] = result.files;
    expect(first).toEqual({ file: right, passed: 1, failed: 0, skipped: 0, reasons: {} });
    expect({ ...second, file: MIXED_FILE }).toEqual(third);
    expect(result).toMatchObject({ passed: 19, failed: 18, skipped: 0 });
  });
});

describe("failures", () => {
  it("are told up to 20 over all files, and counted all", async () => {
    const wrong = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) =>
        line({ id: `bad/${from + i}`, expect: { pa: "0x0" } }),
      ).join("\n");
    const files = [
      folder.write("a.jsonl", wrong(1, 12)),
      folder.write("b.jsonl", `${line()}\n${wrong(13, 18)}`),
    ];
    const result = await verifyFiles(core, files);
    expect(MAX_FAILURES).toBe(20);
    expect(result.failures.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, i) => `bad/${i + 1}`),
    );
    expect(result).toMatchObject({ passed: 1, failed: 30 });
    expect(result.files.map(({ reasons }) => reasons)).toEqual([
      { "wrong result": 12 },
      { "wrong result": 18 },
    ]);
  });

  it("do not stop what follows them", async () => {
    const result = await verify(
      line({ arch: "vax" }),
      line(),
      line({ config: { levels: 7 } }),
      line({ config: { no_such: true } }),
      line(),
    );
    expect(result).toMatchObject({ passed: 2, failed: 3, skipped: 0 });
  });

  it("include a configuration that only a list of parameters together makes illegal", async () => {
    const result = await verify(line({ arch: "arm64", config: { granule: 4, t0sz: 12 } }));
    expect(result.files[0]?.reasons).toEqual({ "unknown configuration": 1 });
  });

  it.each(["toString", "constructor", "hasOwnProperty"])(
    "include the configuration key %s, which every object has",
    async (key) => {
      const { files, failures } = await verify(line({ config: { [key]: 1 } }));
      expect(files[0]?.reasons).toEqual({ "unknown configuration": 1 });
      expect(JSON.stringify(failures[0]?.got)).toContain(
        `no parameter \\"${key}\\" (it has levels`,
      );
    },
  );

  it("include root1 on an architecture with one root", async () => {
    const { files, failures } = await verify(line({ config: { root1: "0x1000" } }));
    expect(files[0]?.reasons).toEqual({ "unknown configuration": 1 });
    expect(JSON.stringify(failures[0]?.got)).toContain('x86-64 has no parameter \\"root1\\"');
  });
});

describe("a vector that cannot be played is a failure, and the others are played", () => {
  it("when its tables take too much memory", async () => {
    const result = await verify(line(), hugeLine(), line(), line({ expect: { pa: "0x0" } }));
    expect(result).toMatchObject({ passed: 2, failed: 2, skipped: 0 });
    expect(result.files[0]?.reasons).toEqual({ "too much memory": 1, "wrong result": 1 });
    expect(result.failures[0]).toMatchObject({
      id: "made/huge",
      got: { error: expect.stringMatching(/^no memory left for a table entry at 0x[0-9a-f]+$/) },
    });
  });

  // No configuration of the descriptors that ship ends so, hence the core's answer is put in here.
  it.each([
    ["DESCRIPTOR", "cannot be played"],
    ["INTERNAL", "cannot be played"],
    ["CONFIG", "unknown configuration"],
    ["MEMORY", "too much memory"],
  ] as const)("when it ends with %s: %s", async (code, reason) => {
    const refusing = await newCore();
    refusing.loadLayout = () => {
      throw new MmulateError(code, "made for the test");
    };
    const path = folder.write("refused.jsonl", `${line()}\n${line({ arch: "vax" })}\n`);
    const result = await verifyFiles(refusing, [path]);
    expect(result).toMatchObject({ passed: 0, failed: 2, skipped: 0 });
    expect(result.files[0]?.reasons).toEqual({ [reason]: 1, "unknown architecture": 1 });
    expect(result.failures[0]?.got).toEqual({ error: "made for the test" });
  });

  it("but an error that is none of ours ends it all", async () => {
    const broken = await newCore();
    broken.loadLayout = () => {
      throw new RangeError("made for the test");
    };
    const path = folder.write("broken.jsonl", line());
    await expect(verifyFiles(broken, [path])).rejects.toThrow(RangeError);
  });
});

describe("what a core holds from before does not change a verdict", () => {
  /** A core that has run an x86-64 machine, with or without the simple mapper. */
  async function usedCore(mapping: boolean): Promise<Core> {
    const used = await newCore();
    const { descriptor, mode } = parseSelector("x86-64");
    const layout = compileLayout(descriptor, mode);
    used.reset(true);
    used.loadLayout(layout);
    used.loadCpu(compileCpu(cpuNamed("plain"), layout));
    used.loadDemand(mapping ? compilePagePolicy(layout, "base") : null);
    const root = used.exports.newTable(0, layout.halves[0].topLevel);
    used.exports.setRoots(root, root);
    for (const va of [0x123n, 0x5123n, 0n]) used.translate(va, 0);
    return used;
  }
  const absent = () =>
    line({
      tables: [["0x1000", "0x0"]],
      expect: { fault: { kind: "page-fault", code: "0x4" } },
      after: [],
    });

  it("when that is a CPU with its TLBs", async () => {
    const path = folder.write("used.jsonl", `${line()}\n${absent()}\n`);
    const result = await verifyFiles(await usedCore(false), [MIXED_FILE, path]);
    expect(result).toMatchObject({ passed: 11, failed: 9 });
  });

  it("when that is the simple mapper", async () => {
    const path = folder.write("mapped.jsonl", `${line()}\n${absent()}\n`);
    const result = await verifyFiles(await usedCore(true), [MIXED_FILE, path]);
    expect(result).toMatchObject({ passed: 11, failed: 9 });
  });
});

describe("a file that is no file of vectors is refused whole", () => {
  it.each([
    [
      "damaged in its second line",
      `${line()}\n{"id":`,
      ":2: not JSON, expected a translation vector",
    ],
    ["empty", "", ": holds no line, expected translation vectors"],
    ["blank", "\n \n", ": holds no line, expected translation vectors"],
    ["of another kind", '{"a":1}\n', ":1: not a translation vector: id: "],
  ])("when it is %s", async (_, text, message) => {
    const path = folder.write("foreign.jsonl", text);
    const error = await errorOf(() => verifyFiles(core, [path]));
    expect(error.code).toBe("INPUT");
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(`${path}${message}`);
  });

  it("even behind a good one", async () => {
    const good = folder.write("good.jsonl", line());
    const error = await errorOf(() => verifyFiles(core, [good, `${folder.path}/none`]));
    expect(error.message).toBe(`${folder.path}/none: no such file`);
  });
});

describe("one vector of a file", () => {
  it("is found by its id", async () => {
    const found = await findVector(MIXED_FILE, "right/arm64-read");
    expect(found).toMatchObject({ id: "right/arm64-read", arch: "arm64", expect: { pa: 0x5123n } });
  });

  it.each(ARCHITECTURE_NAMES)("is found at the end of the recorded ones of %s", async (arch) => {
    const id = `${arch}/019999`;
    expect(await findVector(vectorFile(arch), id)).toMatchObject({ id, arch });
  });

  it("is found before a damaged line", async () => {
    const path = folder.write("half.jsonl", `${line({ id: "a" })}\n{`);
    expect(await findVector(path, "a")).toMatchObject({ id: "a" });
    const error = await errorOf(() => findVector(path, "b"));
    expect(error.message).toBe(
      `${path}:2: not JSON, expected a translation vector or a kernel recording`,
    );
  });

  it("that does not exist is refused with the ids that do", async () => {
    const error = await errorOf(() => findVector(MIXED_FILE, "right/reed"));
    expect(error.code).toBe("INPUT");
    expect(error.message).toBe(
      `${MIXED_FILE} has no vector "right/reed"; its ids run from right/read to unknown/type`,
    );
    const empty = folder.write("empty.jsonl", "");
    const none = await errorOf(() => findVector(empty, "x"));
    expect(none.message).toBe(`${empty} has no vector "x"; it is empty`);
  });
});
