// Constants in place of loads, in a module written by hand and in those of the core.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { specialise } from "../../src/core/specialise.js";
import { instructionsOf, sleb, uleb, WasmReader } from "../../src/core/wasm-code.js";
import { MmulateError } from "../../src/errors.js";
import { BUILDS } from "./support.js";

const NOTHING = { name: "nothing", content: new Uint8Array(0) };
const [I32, I64] = [0x7f, 0x7e];
const PAGE = 65_536;

/** What a load is called, its opcode, what it returns and how many bytes it reads. */
const LOADS: readonly [string, number, number, number][] = [
  ["i32.load", 0x28, I32, 4],
  ["i64.load", 0x29, I64, 8],
  ["i32.load8_u", 0x2d, I32, 1],
  ["i32.load16_u", 0x2f, I32, 2],
  ["i64.load8_u", 0x31, I64, 1],
  ["i64.load16_u", 0x33, I64, 2],
  ["i64.load32_u", 0x35, I64, 4],
];

const section = (id: number, ...content: number[]) => [id, ...uleb(content.length), ...content];
const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];

/** A module with a memory of one page and a function "f" of these instructions. */
function moduleOf(result: number, ...instructions: number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...instructions, 0x0b];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 1, 0x60, 0, 1, result),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(7, 2, ...name("f"), 0, 0, ...name("m"), 2, 0),
    ...section(10, 1, ...uleb(body.length), ...body),
  );
}

const constant = (value: number) => [0x41, ...sleb(BigInt(value | 0))];

function instanceOf(bytes: Uint8Array<ArrayBuffer>) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { f, m } = exports as { f: () => number | bigint; m: WebAssembly.Memory };
  return { f, memory: new Uint8Array(m.buffer) };
}

describe("a load of constant bytes", () => {
  it.each(LOADS)("%s becomes what it would load", (_, opcode, result, width) => {
    fc.assert(
      fc.property(
        fc.nat(PAGE - 100),
        fc.nat(60),
        fc.uint8Array({ minLength: width, maxLength: width }),
        (at, offset, bytes) => {
          const load = [opcode, 0, ...uleb(offset)];
          const module = moduleOf(result, ...constant(at), ...load);
          const loading = instanceOf(module);
          loading.memory.set(bytes, at + offset);
          const made = specialise(module, [{ at: at + offset, bytes }], NOTHING);
          // Its memory is all zero: the value comes from the code.
          expect(instanceOf(made).f()).toBe(loading.f());
          expect(made.join()).not.toContain([0x41, ...sleb(BigInt(at)), ...load].join());
        },
      ),
    );
  });

  it.each([
    ["begins before them", 99],
    ["ends behind them", 105],
  ])("stays where it %s", (_, at) => {
    const module = moduleOf(I32, ...constant(at), 0x28, 2, 0);
    const made = specialise(module, [{ at: 100, bytes: new Uint8Array(8).fill(255) }], NOTHING);
    expect(instanceOf(made).f()).toBe(0);
  });

  it("stays where its address is computed", () => {
    const sum = [...constant(60), ...constant(40), 0x6a];
    const module = moduleOf(I32, ...sum, 0x28, 2, 0);
    const made = specialise(module, [{ at: 100, bytes: new Uint8Array(8).fill(255) }], NOTHING);
    expect(instanceOf(made).f()).toBe(0);
  });

  it("is not looked for in the operand of another instruction", () => {
    // A vector that reads like `i32.const 0, i32.load`, and its first lane.
    const vector = [0xfd, 12, 0x41, 0, 0x28, 0, 0, ...Array<number>(11).fill(7)];
    const module = moduleOf(I64, ...vector, 0xfd, 29, 0);
    const made = specialise(module, [{ at: 0, bytes: new Uint8Array(128).fill(255) }], NOTHING);
    expect(instanceOf(made).f()).toBe(instanceOf(module).f());
  });
});

describe.each(BUILDS)("the %s build", (build) => {
  const bytes = new Uint8Array(readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url)));

  it("is the same but for the section, where nothing is constant", () => {
    const made = specialise(bytes, [], { name: "why", content: Uint8Array.of(1, 2, 3) });
    expect(made.subarray(8, bytes.length)).toEqual(bytes.subarray(8));
    const [content] = WebAssembly.Module.customSections(new WebAssembly.Module(made), "why");
    expect(new Uint8Array(content ?? new ArrayBuffer(0))).toEqual(Uint8Array.of(1, 2, 3));
  });
});

it.each([
  ["an unknown instruction", [0x0b, 0x06], "the module has an unknown instruction 6 6"],
  ["an end within one", [0x41, 0x80], "the module ends too early"],
])("%s is told", (_, code, message) => {
  const reader = new WasmReader(Uint8Array.of(0, ...code), 0);
  expect(() => [...instructionsOf(reader, code.length + 1)]).toThrow(
    new MmulateError("INTERNAL", message),
  );
});

it("numbers are read as they are written", () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (value) => {
      expect(new WasmReader(Uint8Array.from(uleb(value)), 0).u32()).toBe(value);
      const signed = sleb(BigInt(value | 0));
      expect(new WasmReader(Uint8Array.from(signed), 0).s32()).toBe(value | 0);
    }),
  );
});
