import { describe, expect, it } from "vitest";
import { DATA, FETCH, lackeyRecords, READ, WRITE } from "./support.js";

describe("a line of lackey text", () => {
  it("becomes one record for a fetch, a load and a store", () => {
    const text = "I  0401ab70,3\n L 1fff000748,8\n S 1fff000740,4\n";
    expect(lackeyRecords(text)).toEqual([
      0x401ab70n | FETCH,
      0x1fff000748n | READ,
      0x1fff000740n | WRITE,
    ]);
  });

  it("becomes a read and then a write for a modify", () => {
    expect(lackeyRecords(" M 04a18de0,4\n")).toEqual([0x4a18de0n | READ, 0x4a18de0n | WRITE]);
  });

  it("loses the three low address bits to the kind", () => {
    expect(lackeyRecords(" S 1fff00074f,1\n")).toEqual([0x1fff000748n | WRITE]);
  });

  it.each([
    ["1", 0x0n],
    ["fedcba9", 0xfedcba8n],
    ["fedcba98", 0xfedcba98n],
    ["fedcba987", 0xfedcba980n],
    ["fedcba9876543210", 0xfedcba9876543210n],
    ["FEDCBA9876543210", 0xfedcba9876543210n],
    ["ffffffffffffffff", 0xfffffffffffffff8n],
  ])("may have the address %s", (address, expected) => {
    expect(lackeyRecords(` L ${address},1\n`)).toEqual([expected]);
  });

  it("may end with \\r\\n", () => {
    expect(lackeyRecords("==1== x\r\n\r\n L 1000,8\r\n S 2000,8\r\n")).toEqual([
      0x1000n | READ,
      0x2000n | WRITE,
    ]);
  });

  it("needs no newline at the end of the file", () => {
    expect(lackeyRecords(" L 1000,8\n S 2000,8")).toEqual([0x1000n | READ, 0x2000n | WRITE]);
  });

  it("is dropped when it is a fetch and data accesses were asked for", () => {
    expect(lackeyRecords("I  1000,3\n L 2000,8\n", DATA)).toEqual([0x2000n | READ]);
  });
});

describe("valgrind's messages and blank lines", () => {
  it("are skipped at the beginning, in the middle and at the end", () => {
    const text =
      "==84== Lackey\n==84== \n\n L 1000,8\n==84== Conditional jump\n--84-- WARNING: x\n\n" +
      " S 2000,8\n==84== guest instrs:  2\n";
    expect(lackeyRecords(text)).toEqual([0x1000n | READ, 0x2000n | WRITE]);
  });

  it("may be longer than any access, and cut by the end of the file", () => {
    const command = `==84== Command: ${"x".repeat(5000)}`;
    expect(lackeyRecords(`${command}\n L 1000,8\n${command}`)).toEqual([0x1000n | READ]);
  });
});
