import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { inputFolder, raw64Bytes } from "../trace/support.js";
import { line } from "../verify/support.js";
import { linesOf, mmulate, TINY } from "./support.js";

const folder = inputFolder();
/** File names as the rows below write them; what stands behind is in `beforeAll`. */
const at = (name: string) => `${folder.path}/${name}`;

beforeAll(() => {
  const zipped = gzipSync(TINY.repeat(2000));
  const damaged = Buffer.from(zipped);
  damaged.fill(0xff, 40, 60);
  folder.write("tiny.lackey", TINY);
  folder.write("cut.gz", zipped.subarray(0, zipped.length - 20));
  folder.write("damaged.gz", damaged);
  folder.write("empty", "");
  folder.write("foreign", "#!/bin/sh\necho\n");
  folder.write("bad-line.lackey", `${TINY} L 12\n`);
  folder.write("far.raw64", raw64Bytes([0n, 1n << 47n]));
  folder.write("gibs.raw64", raw64Bytes([0n, 1n << 30n, 2n << 30n]));
  folder.write("good.jsonl", `${line()}\n`);
  folder.write("wrong.jsonl", `${line()}\n${line({ id: "made/2", expect: { pa: "0x5124" } })}\n`);
  folder.write("damaged.jsonl", `${line()}\n{\n`);
  folder.write("empty.scn", "# nothing\n");
  folder.write("good.scn", "mmap A 4 rw private\nwrite A 0 4\n");
  folder.write("wrong.scn", "# a comment\nmmap A 4 rw private\nreed A 0 4\n");
  folder.write("late.scn", "mmap A 4 rw private\nread B 0 4\n");
  folder.write("junk", Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 167 + 255) % 256)));
  folder.write("other.json", '{ "schema": "mmulate/study@1" }');
  folder.write("list.json", "[]");
  folder.write("recording.jsonl", `${JSON.stringify({ script: ["a"], recording: [] })}\n`);
});

/** "T" stands for a good trace, "@NAME" for a file above. */
function words(command: string): string[] {
  return command
    .split(" ")
    .map((word) => (word === "T" ? at("tiny.lackey") : word.replace(/^@/, `${folder.path}/`)));
}

describe("an input that cannot be used ends with exit code 2 and one line on stderr", () => {
  it.concurrent.each([
    ["run @missing", "@missing: no such file"],
    ["run @", "@: is a directory, expected a file"],
    ["run @damaged.gz", "@damaged.gz: gzip data is damaged, noticed behind compressed byte "],
    ["run @cut.gz", "@cut.gz: gzip data ends too early, at compressed byte "],
    ["run @empty", "@empty: is empty, expected a trace"],
    ["run @foreign", '@foreign: begins with "#!/bin/sh\\x0aecho\\x0a", which is no trace format'],
    ["run @bad-line.lackey", "@bad-line.lackey: line 7: "],
    ["run T @missing", "@missing: no such file"],
    ["run @missing.scn", "@missing.scn: no such file"],
    ["run @empty.scn", "@empty.scn: holds no operation"],
    ["run @wrong.scn", '@wrong.scn:3: no operation "reed"; did you mean "read"? (there are mmap, '],
    ["run @late.scn", '@late.scn:2: process P knows no region "B" (it knows A)'],
    ["run @junk", '@junk: begins with "'],
    ["run @good.scn T", "is a script and @tiny.lackey is none: run them one after the other"],
  ])("%s", async (command, message) => {
    const { code, out, err } = await mmulate(...words(command), "--arch", "x86-64");
    expect(code).toBe(2);
    expect(out).toBe("");
    // A run may have finished a cell before it came to the one that fails.
    const told = linesOf(err).filter((text) => !/: \d+ accesses$/.test(text));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(message.replaceAll("@", `${folder.path}/`));
  });
});

describe("a request for what does not exist ends with exit code 2 and one line on stderr", () => {
  it.concurrent.each([
    ["run T --arch mips", 'unknown architecture "mips" (known: x86-64, arm64, riscv64)'],
    [
      "run @good.scn --kernel 6.13",
      'kernel "6.13": one of 6.1, 6.8, 6.12, 6.18, 7.0, 7.2 is allowed',
    ],
    [
      "run @good.scn --kernel 7.2:x=1",
      'kernel "7.2:x=1": "x=1": softDirty, hwDirty, swap, swapDevice, bbml2, rangeFlush, vmSoftDirty, softDirtyBy, softDirtyFold, softDirtyBeside, thp, mmuPolicy, pae, without, faultAround, memory, maxMapCount, mthp are allowed',
    ],
    ["run @good.scn --kernel 6.1 --arch arm64", "no layout of Linux 6.1 on arm64 is known"],
    ["run @good.scn --arch mips", 'unknown architecture "mips" (known: x86-64, arm64, riscv64)'],
    ["run @good.scn --pages thp", "--pages is for traces and workloads: "],
    ["run T --kernel 7.2", "--kernel is for scripts (.scn)"],
    ["run T --check", "--check is for scripts (.scn)"],
    ["run T --arch arm46", 'unknown architecture "arm46"; did you mean "arm64"?'],
    ["run T --arch x86", 'unknown architecture "x86"; did you mean "x86-64"?'],
    ["run T --arch ,", "archs: none was named"],
    ["run T --arch=", "archs: none was named"],
    ["run T --cpu ,", "cpus: none was named"],
    ["run T --cpu=", "cpus: none was named"],
    ["run T --arch x86-64:toString=1", 'x86-64 has no parameter "toString" (it has levels, '],
    ["run T --arch arm64:constructor=1", 'arm64 has no parameter "constructor" (it has granule'],
    ["run T --arch arm64:ha=true:ha=true", '"arm64:ha=true:ha=true" sets ha twice'],
    ["run T --arch arm64:hd", '"hd" is not PARAMETER=VALUE (as in arm64:granule=4)'],
    ["run T --arch arm64:granule=8", "arm64: granule = 8, but 4, 16, 64 is allowed"],
    ["run T --arch x86-64:granule=4", 'x86-64 has no parameter "granule"'],
    ["run T --arch x86-64:wp", '"x86-64:wp": "wp" is not PARAMETER=VALUE'],
    ["run T --cpu pentium", 'unknown cpu "pentium" (known: plain, bare, yardstick, golden-cove, '],
    ["run T --cpu skylake", 'unknown cpu "skylake"; did you mean "skylake-sp"?'],
    ["run T --cpu yard", 'unknown cpu "yard"; did you mean "yardstick"?'],
    ["run T --cpu yardstick", "made for x86-64, not for arm64 (choose with --arch)"],
    ["run T --pages 3k", 'pages "3k": x86-64 maps base, thp, contiguous or one of 4k, 2m, 1g'],
    ["run T --pages 64k", 'pages "64k": x86-64 maps base, thp, contiguous or one of 4k, 2m, 1g'],
    ["run T --pages=", 'pages "": x86-64 maps base, thp, contiguous or one of 4k, 2m, 1g'],
    ["run T --pages base,2m@0x200000@0x400000", 'pages "base,2m@0x200000@0x400000": x86-64 maps '],
    ["run T --pages base,2m@0x200000@junk", 'pages "base,2m@0x200000@junk": x86-64 maps base'],
    ["run T --pages base,2m@0x1000", "0x1000 lies within a page; a multiple of 2m is allowed"],
    ["run T --pages contiguous,base@0x1000", "0x1000 lies within a page; a multiple of 64k is"],
    ["run T --reporter json=", 'reporter "json=" names no file behind the ='],
    ["run T --reporter xml", 'unknown reporter "xml" (known: table, json, jsonl, csv, '],
    ["run T --reporter jsn", 'unknown reporter "jsn"; did you mean "json"? (known: table, json, '],
    [
      "run T --reporter json=x --reporter csv=x",
      "two reporters write x: each needs a file of its own",
    ],
    ["run @good.scn --format raw64", "--format is for traces and workloads: "],
    ["run @good.scn --accesses data", "--accesses is for traces and workloads: "],
    ["run @good.scn --no-split", "--no-split is for traces and workloads: "],
    ["run @good.scn --kernel 6.81", '7.2 is allowed; did you mean "6.'],
    ["run T --format lacky", '; did you mean "lackey"?'],
    ["compare @missing @missing", "@missing: no such file, and no command line of run, such as"],
    ["compare @ @", "cannot read @: EISDIR"],
    ["compare @empty @empty", "@empty: is empty, expected a report"],
    ["compare @junk @junk", "@junk: is not JSON, expected a report"],
    ["compare @list.json @list.json", '@list.json: found no schema, expected "mmulate/report@1"'],
    [
      "compare @other.json @other.json",
      '@other.json: found schema "mmulate/study@1", expected "mmulate/report@1"',
    ],
    ["compare @missing @missing --json --reporter table", "--json and --reporter table: one of"],
    ["merge @junk", "@junk: is not JSON, expected a report"],
    ["verify @junk", "@junk:1: not JSON"],
    ["trace info @junk", '@junk: begins with "'],
    ["run T --format elf", 'unknown trace format "elf"; known formats: auto (by content), lackey '],
    ["run T --workers 2.5", "--workers 2.5: a number from 0 to 9999 is allowed"],
    ["run T --workers 10000", "--workers 10000: a number from 0 to 9999 is allowed"],
    ["run T --workers all", "--workers all: a number from 0 to 9999 is allowed"],
    ["run T --seed 1.5", "--seed 1.5: a whole number is allowed"],
    ["run chase --seed 4294967296", "seed 4294967296: 0 to 4294967295 are allowed"],
    [
      "run chaes:pages=3",
      'unknown workload "chaes"; did you mean "chase"? (known: chase, uniform, predump, page-costs)',
    ],
    ["run chase:pages=x", '"chase:pages=x": pages=x: whole numbers from 1 to 16777216 are allowed'],
    ["run T --nested big", 'host pages "big": a size is allowed, as in 4k, 2m'],
    ["run T --nested 4k", "cpu plain has no data caches for the host's entries to go through"],
    [
      "run T --arch x86-64 --cpu zen4 --nested 64k",
      "host pages of 64k: x86-64 has TLB entries of 4k, 2m, 1g here",
    ],
    ["walk nowhere", '"nowhere" is not FILE#ID, such as x.jsonl.gz#x86-64/000123'],
    ["walk @good.jsonl#", '@good.jsonl#" is not FILE#ID'],
    ["walk #made/1", '"#made/1" is not FILE#ID'],
    ["walk @good.jsonl#made/2", '@good.jsonl has no vector "made/2"; its ids run from made/1 to'],
    ["walk @missing#made/1", "@missing: no such file"],
  ])("%s", async (command, message) => {
    const { code, out, err } = await mmulate(...words(command));
    expect(code).toBe(2);
    expect(out).toBe("");
    const told = linesOf(err);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^mmulate: /);
    expect(told[0]).toContain(message.replaceAll(/(?<=^|[ "])@(?=[a-z]|:)/g, `${folder.path}/`));
  });
});

describe("a command line that does not parse ends with exit code 2 and one line on stderr", () => {
  it.concurrent.each([
    ["run", "missing required argument 'input'"],
    ["verify", "missing required argument 'file'"],
    ["walk", "missing required argument 'file#id'"],
    ["fly", "unknown command 'fly'"],
    ["verifi", "unknown command 'verifi' (Did you mean verify?)"],
    ["run T --fast", "unknown option '--fast' (Did you mean --host?)"],
    ["run T --arch", "option '--arch <a,b>' argument missing"],
    [
      "run T --accesses none",
      "option '--accesses <kind>' argument 'none' is invalid. Allowed choices are all, data.",
    ],
    ["counters all", "too many arguments for 'counters'. Expected 0 arguments but got 1."],
    ["walk @a#1 @b#2", "too many arguments for 'walk'. Expected 1 argument but got 2."],
    ["--fast", "unknown option '--fast'"],
    ["trace", "expected a command: one of convert, info"],
    ["trace conver", "unknown command 'conver' (Did you mean convert?)"],
    ["compare a", "missing required argument 'b'"],
    [
      "compare a b --fail-on never",
      "option '--fail-on <what>' argument 'never' is invalid. Allowed choices are worse, any.",
    ],
    ["completion", "missing required argument 'shell'"],
    [
      "completion tcsh",
      "command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.",
    ],
    ["init x", "too many arguments for 'init'. Expected 0 arguments but got 1."],
    ["run T --json=x", "unknown option '--json=x' (Did you mean --json?)"],
  ])("%s", async (command, message) => {
    expect(await mmulate(...words(command))).toEqual({
      code: 2,
      out: "",
      err: `mmulate: ${message} (see --help)\n`,
    });
  });

  it("as does none at all, with the help on stderr", async () => {
    const { code, out, err } = await mmulate();
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toBe((await mmulate("--help")).out);
  });
});

describe("verify refuses a file that is none of vectors or recordings, with exit code 2", () => {
  it.concurrent.each([
    ["@missing", "@missing: no such file"],
    ["@empty", "@empty: holds no line, expected translation vectors"],
    ["@damaged.jsonl", "@damaged.jsonl:2: not JSON, expected a translation vector"],
    ["@tiny.lackey", "@tiny.lackey:1: not JSON, expected a translation vector"],
    ["@recording.jsonl", "@recording.jsonl:1: not a kernel recording: name: "],
    ["@damaged.gz", "@damaged.gz: gzip data is damaged"],
  ])("%s", async (file, message) => {
    const { code, out, err } = await mmulate("verify", "--json", ...words(file));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    const told = linesOf(err);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`mmulate: ${message.replace(/^@/, `${folder.path}/`)}`);
  });

  it("even behind files that could be played", async () => {
    const { code, out, err } = await mmulate("verify", at("good.jsonl"), at("missing"));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toBe(`mmulate: ${at("missing")}: no such file\n`);
  });
});

describe("what ran and failed ends with exit code 1", () => {
  it("a vector that is wrong, with the result on stdout", async () => {
    const { code, out } = await mmulate("verify", at("wrong.jsonl"));
    expect(code).toBe(1);
    expect(out).toContain("made/2: read 0x123 by user\n");
    expect(linesOf(out).at(-1)).toBe("1 passed, 1 failed, 0 skipped");
  });

  it("an explanation that differs from the recording, on stdout too", async () => {
    const { code, out } = await mmulate("walk", `${at("wrong.jsonl")}#made/2`);
    expect(code).toBe(1);
    expect(out).toContain("\nNOT as recorded\n");
  });

  it("an access that cannot be translated, in one line", async () => {
    const path = at("far.raw64");
    const args = ["--format", "raw64", "--arch", "x86-64"];
    expect(await mmulate("run", path, ...args)).toEqual({
      code: 1,
      out: "",
      err:
        `mmulate: ${path}: access 2 to 0x800000000000: out-of-range under x86-64 with pages ` +
        '"base" (CR3 translates 48 bits)\n',
    });
  });

  it("simulated memory that is used up, in one line, and alike from a worker", async () => {
    const path = at("gibs.raw64");
    const archs = ["--arch", "arm64:ips=32,arm64:ips=32:ha=false"];
    for (const workers of ["0", "1", "2"]) {
      const args = ["--format", "raw64", ...archs, "--pages", "1g", "--workers", workers];
      const { code, out, err } = await mmulate("run", path, ...args);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      const told = (arch: string) =>
        `${path}: access 3 to 0x80000000: no simulated memory left under ${arch} with pages "1g"`;
      const second = "arm64:ips=32:ha=false";
      expect(linesOf(err)).toEqual([
        `mmulate: cell ${path} ${second} plain 1g failed: ${told(second)}`,
        `mmulate: ${told("arm64:ips=32")}`,
      ]);
    }
  });
});

describe("an error about a file whose name has a line end", () => {
  it("is one line all the same", async () => {
    for (const args of [
      ["run", at("a\nb")],
      ["verify", at("a\r\nb")],
    ]) {
      const { code, err } = await mmulate(...args);
      expect({ code, err }).toEqual({ code: 2, err: `mmulate: ${at("a b")}: no such file\n` });
    }
  });
});
