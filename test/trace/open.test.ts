import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openBytes } from "../../src/trace/open.js";
import { errorOf, inputFolder } from "./support.js";

const { path: folder, write } = inputFolder();

/** Several chunks long, compressed as well: the bytes of a linear congruential generator. */
const LONG = Buffer.alloc(3_000_000);
for (let index = 0, state = 1; index < LONG.length; index++) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  LONG[index] = state >>> 24;
}

async function bytesOf(path: string): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of openBytes(path)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe("the bytes of a file", () => {
  it.each([0, 1, 2, 3])("are its content when it has %d", async (length) => {
    const bytes = Buffer.from([0x1f, 0x8c, 0x08]).subarray(0, length);
    expect(await bytesOf(write(`short-${length}`, bytes))).toEqual(bytes);
  });

  it("are its content when it has many", async () => {
    expect((await bytesOf(write("long", LONG))).equals(LONG)).toBe(true);
  });

  it("are decompressed when they begin as gzip does, whatever the name", async () => {
    expect((await bytesOf(write("long.txt", gzipSync(LONG)))).equals(LONG)).toBe(true);
    expect(await bytesOf(write("not.gz", "plain"))).toEqual(Buffer.from("plain"));
    expect(await bytesOf(write("none.gz", gzipSync("")))).toEqual(Buffer.alloc(0));
  });

  it("are those of all members of a gzip file, wherever one ends", async () => {
    for (const length of [10, 65_000, 65_536, 70_000]) {
      const parts = [
        LONG.subarray(0, length),
        Buffer.from("second"),
        LONG.subarray(length, 200_000),
      ];
      const file = write(
        "members.gz",
        Buffer.concat(parts.map((part) => gzipSync(part, { level: 0 }))),
      );
      expect((await bytesOf(file)).equals(Buffer.concat(parts))).toBe(true);
    }
  });

  it.skipIf(process.platform === "win32")(
    "may come through a pipe, a single one first",
    async () => {
      const pipe = join(folder, "pipe");
      execFileSync("mkfifo", [pipe]);
      const file = write("piped.gz", gzipSync("through a pipe"));
      spawn("sh", ["-c", 'exec >"$1"; head -c 1 "$0"; sleep 0.1; tail -c +2 "$0"', file, pipe]);
      expect((await bytesOf(pipe)).toString()).toBe("through a pipe");
    },
  );

  it("may be padded with zeros behind gzip data", async () => {
    const file = write("padded.gz", Buffer.concat([gzipSync("x"), Buffer.alloc(512)]));
    expect((await bytesOf(file)).toString()).toBe("x");
  });

  it("need not be read to the end", async () => {
    for (const file of [write("stop", LONG), write("stop.gz", gzipSync(LONG))]) {
      for await (const chunk of openBytes(file)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
  });
});

describe("a file that cannot be read", () => {
  it("is refused when it is missing", async () => {
    const file = join(folder, "missing");
    const error = await errorOf(() => bytesOf(file));
    expect([error.code, error.message]).toEqual(["INPUT", `${file}: no such file`]);
  });

  it("is refused when its folder is a file", async () => {
    const file = join(write("file", "x"), "below");
    const error = await errorOf(() => bytesOf(file));
    expect([error.code, error.message]).toEqual([
      "INPUT",
      `${file}: no such file (a part of the path is not a directory)`,
    ]);
  });

  it("is refused when it is a directory", async () => {
    const error = await errorOf(() => bytesOf(folder));
    expect([error.code, error.message]).toEqual([
      "INPUT",
      `${folder}: is a directory, expected a file`,
    ]);
  });

  // A file without permissions is no example: root reads it all the same (open-denied.test.ts).
  it("is refused with the system's reason when its name is longer than any file's", async () => {
    const file = join(folder, "x".repeat(1000));
    const error = await errorOf(() => bytesOf(file));
    expect(error.code).toBe("INPUT");
    expect(error.message.slice(file.length)).toMatch(/^: cannot be read at byte 0 \([A-Z]+: /);
  });

  it.skipIf(!existsSync("/proc/self/mem"))(
    "is refused with the byte where reading failed",
    async () => {
      const error = await errorOf(() => bytesOf("/proc/self/mem"));
      expect(error.code).toBe("INPUT");
      expect(error.message).toMatch(/^\/proc\/self\/mem: cannot be read at byte 0 \(EIO/);
    },
  );
});

describe("a gzip file that is not whole", () => {
  const compressed = gzipSync(LONG);

  it.each([
    ["its magic bytes", 2],
    ["its header", 9],
    ["its data, in the first chunk", 1000],
    ["its data, in a later chunk", 300_000],
    ["its checksum", compressed.length - 3],
  ])("is refused when it is cut within %s", async (_, length) => {
    const file = write("cut.gz", compressed.subarray(0, length));
    const error = await errorOf(() => bytesOf(file));
    expect([error.code, error.message]).toEqual([
      "INPUT",
      `${file}: gzip data ends too early, at compressed byte ${length}; the file is truncated`,
    ]);
  });

  it.each([
    ["header", 3, "0 (unknown header flags set)"],
    ["data", 400_000, "2883584 (incorrect data check)"],
    ["checksum", compressed.length - 8, "2883584 (incorrect data check)"],
  ])("is refused when its %s is damaged", async (_, offset, expected) => {
    const damaged = Buffer.from(compressed);
    for (let byte = 0; byte < 4; byte++) damaged[offset + byte] = 0xff;
    const file = write("damaged.gz", damaged);
    const error = await errorOf(() => bytesOf(file));
    expect([error.code, error.message]).toEqual([
      "INPUT",
      `${file}: gzip data is damaged, noticed behind compressed byte ${expected}`,
    ]);
  });

  it("is refused when other data follow it", async () => {
    const file = write("more.gz", Buffer.concat([gzipSync("x"), Buffer.from("and more")]));
    const error = await errorOf(() => bytesOf(file));
    expect(error.message).toMatch(/: gzip data is damaged, .* \(incorrect header check\)$/);
  });
});
