import { describe, expect, it } from "vitest";
import { cutAt, DATA, errorOf, lackeyBatches, lackeyRecords } from "./support.js";

const FORM = '"I  ADDR,SIZE", " L ADDR,SIZE", " S ADDR,SIZE", " M ADDR,SIZE" or "==PID== message"';
const ADDRESS = "a hexadecimal address without 0x behind the access kind";
const SIZE = "a size of 1 to 65536 bytes";

const DAMAGED = [
  ["another kind", " X 1000,8", FORM],
  ["no blank before the kind", "L 1000,8", FORM],
  ["one blank behind I", "I 0401ab70,3", FORM],
  ["blanks only", "   ", FORM],
  ["one equals sign", "=84== x", FORM],
  ["a stray character", "x", FORM],
  ["no address", " L ,8", ADDRESS],
  ["no hex digits", " L zz,8", ADDRESS],
  ["nothing behind the kind", "I  ", ADDRESS],
  ["17 hex digits", " L 00000000000001000,8", "an address of at most 16 hex digits"],
  ["0x before the address", " L 0x1000,8", '"," and a size in bytes behind the address'],
  ["no comma", " L 1000", '"," and a size in bytes behind the address'],
  ["a semicolon", " L 1000;8", '"," and a size in bytes behind the address'],
  ["no size", " L 1000,", "a decimal size in bytes behind the comma"],
  ["a negative size", " L 1000,-8", "a decimal size in bytes behind the comma"],
  ["size 0", " L 1000,0", SIZE],
  ["a size above 65536", " L 1000,65537", SIZE],
  ["a huge size", ` L 1000,${"9".repeat(20)}`, SIZE],
  ["a hexadecimal size", " L 1000,8a", "the end of the line behind the size"],
  ["a blank at the end", " L 1000,8 ", "the end of the line behind the size"],
  ["a stray carriage return", " L 1000,8\r.", "the end of the line behind the size"],
] as const;

/** What the message quotes. */
const shown = (line: string) => `"${line.replace("\r", "\\x0d")}"`;

describe("a damaged lackey line", () => {
  it.each(DAMAGED)("with %s is refused with its number", async (_, line, expected) => {
    const error = await errorOf(() => lackeyRecords(`==1== x\r\n L 8,8\n${line}\r\n S 8,8\n`));
    expect(error.code).toBe("INPUT");
    expect(error.message).toBe(`t.lackey: line 3: found ${shown(line)}, expected ${expected}`);
  });

  it.each(DAMAGED)("with %s is refused alike wherever a chunk ends", async (_, line, expected) => {
    const text = Buffer.from(` L 8,8\n${line}\n`);
    for (let cut = 0; cut <= text.length; cut++) {
      const error = await errorOf(() => lackeyBatches(cutAt(text, [cut])));
      expect(error.message).toBe(`t.lackey: line 2: found ${shown(line)}, expected ${expected}`);
    }
  });

  it.each(["I  0401ab70", " L 1fff000748,", " S", " ", "="])(
    "%j at the end of the file is reported as cut off",
    async (line) => {
      const error = await errorOf(() => lackeyRecords(` L 8,8\n${line}`));
      expect(error.message).toContain(
        `t.lackey: line 2: the file ends within "${line}", expected `,
      );
    },
  );

  it("is quoted up to 40 printable characters", async () => {
    const error = await errorOf(() => lackeyRecords(`\x00\xff\t${"y".repeat(50)}\n`));
    expect(error.message).toContain(`found "\\x00\\xff\\x09${"y".repeat(28)}"…, expected`);
  });

  it("is refused before the whole of an endless line was read", async () => {
    const chunks = [Buffer.from(" L 8,8\n L "), Buffer.alloc(100, "0"), Buffer.alloc(100, "0")];
    const error = await errorOf(() => lackeyBatches(chunks));
    expect(error.message).toContain(`line 2: found " L ${"0".repeat(37)}"…, expected an address`);
  });

  it("in a later batch has the line number of the file", async () => {
    const text = `${" M 8,8\n".repeat(500)} M 8\n`;
    const error = await errorOf(() => lackeyBatches([Buffer.from(text)], DATA, 100));
    expect(error.message).toContain("t.lackey: line 501: ");
  });
});

describe("a lackey file without a wanted access", () => {
  it("is refused when it holds messages only", async () => {
    const error = await errorOf(() => lackeyRecords("==1== x\n\n"));
    expect(error.message).toBe("t.lackey: holds no access, expected lackey's memory accesses");
  });

  it("is refused when it holds fetches only and data accesses were asked for", async () => {
    const error = await errorOf(() => lackeyRecords("I  8,1\nI  9,1\n", DATA));
    expect(error.message).toBe(
      "t.lackey: holds only instruction fetches (2), expected lackey's memory accesses",
    );
  });
});
