import { describe, expect, it } from "vitest";
import { ALL, FETCH, lackeyRecords, READ, WRITE } from "./support.js";

describe("an access that crosses a page", () => {
  it("becomes one record at its address and one at the start of the next page", () => {
    expect(lackeyRecords(" S 1ffc,8\n")).toEqual([0x1ff8n | WRITE, 0x2000n | WRITE]);
    expect(lackeyRecords("I  1fff,2\n")).toEqual([0x1ff8n | FETCH, 0x2000n | FETCH]);
  });

  it("reads both pages before it writes them when it is a modify", () => {
    expect(lackeyRecords(" M 1ffc,8\n")).toEqual([
      0x1ff8n | READ,
      0x2000n | READ,
      0x1ff8n | WRITE,
      0x2000n | WRITE,
    ]);
  });

  it("is not split when its last byte is the last of the page", () => {
    expect(lackeyRecords(" L 1ff8,8\n L 1fff,1\n L 2000,4096\n")).toEqual([
      0x1ff8n,
      0x1ff8n,
      0x2000n,
    ]);
  });

  it("has a record for every page between", () => {
    expect(lackeyRecords(" L 1fff,4098\n")).toEqual([0x1ff8n, 0x2000n, 0x3000n]);
    expect(lackeyRecords(" L 1001,65536\n")).toHaveLength(17);
  });

  it("has no record for the page behind its last byte", () => {
    expect(lackeyRecords(" L 1ff8,4104\n")).toEqual([0x1ff8n, 0x2000n]);
  });

  it("carries into the high word of the address", () => {
    expect(lackeyRecords(" L fffffffe,4\n")).toEqual([0xfffffff8n, 0x100000000n]);
    expect(lackeyRecords(" L 7fffffff,2\n")).toEqual([0x7ffffff8n, 0x80000000n]);
  });

  it("goes on at address 0 behind the last page", () => {
    expect(lackeyRecords(" L fffffffffffffffe,4\n")).toEqual([0xfffffffffffffff8n, 0n]);
  });

  it("is one record with split off", () => {
    const options = { ...ALL, split: false };
    expect(lackeyRecords(" M 1ffc,8\n L 1fff,65536\n", options)).toEqual([
      0x1ff8n | READ,
      0x1ff8n | WRITE,
      0x1ff8n | READ,
    ]);
  });

  it("is judged by the page size given", () => {
    const options = { ...ALL, pageShift: 14 };
    expect(lackeyRecords(" L 1ffc,8\n L 3ffc,8\n", options)).toEqual([0x1ff8n, 0x3ff8n, 0x4000n]);
  });
});
