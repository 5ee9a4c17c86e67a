// A module made for one layout and geometry: the core's own module, with the words of both as constants.
//
//   i32.const A    i64.load offset=O         --->   i64.const (the word at A + O)
//
// A layout and a geometry lie at fixed addresses and never change while they are loaded, so a load of one of
// their words from a constant address always gives the same. The source writes levels and classes out with
// constant numbers, which makes most of these addresses constants; the engine then folds masks, shifts and
// whole branches. Nothing else in the module is touched, and where an address is computed, the load stays:
// the words are in memory as ever.
//
// No jump can lead between the two instructions: targets of branches are ends and heads of blocks, which are
// instructions themselves.

import { type Instruction, instructionsOf, sleb, uleb, WasmReader } from "./wasm-code.js";

/** Bytes of linear memory that stay as they are. */
export interface ConstantBytes {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const CUSTOM_SECTION = 0;
const CODE_SECTION = 10;
const HEADER_BYTES = 8;
const I32_CONST = 0x41;
const I64_CONST = 0x42;

/** Loads by opcode: the constant that takes their place, and its value at an offset. */
const LOADS = new Map<number, [number, number, (view: DataView, at: number) => bigint]>([
  [0x28, [I32_CONST, 4, (view, at) => BigInt(view.getInt32(at, true))]],
  [0x29, [I64_CONST, 8, (view, at) => view.getBigInt64(at, true)]],
  [0x2d, [I32_CONST, 1, (view, at) => BigInt(view.getUint8(at))]],
  [0x2f, [I32_CONST, 2, (view, at) => BigInt(view.getUint16(at, true))]],
  [0x31, [I64_CONST, 1, (view, at) => BigInt(view.getUint8(at))]],
  [0x33, [I64_CONST, 2, (view, at) => BigInt(view.getUint16(at, true))]],
  [0x35, [I64_CONST, 4, (view, at) => BigInt(view.getUint32(at, true))]],
]);

/** A section that engines skip. */
export interface CustomSection {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * The module with loads of constant bytes replaced, and a custom section behind the others.
 * @param module a module's binary form, as the compiler wrote it
 * @throws MmulateError INTERNAL when it has an instruction that the compiler of the core does not use
 */
export function specialise(
  module: Uint8Array,
  constants: readonly ConstantBytes[],
  custom: CustomSection,
): Uint8Array<ArrayBuffer> {
  const reader = new WasmReader(module, HEADER_BYTES);
  const parts: Uint8Array[] = [module.subarray(0, HEADER_BYTES)];
  while (reader.at < module.length) {
    const start = reader.at;
    const id = reader.byte();
    const end = reader.u32() + reader.at;
    if (id === CODE_SECTION) {
      const code = codeOf(reader, constants);
      parts.push(Uint8Array.of(id, ...uleb(code.length)), code);
    } else {
      parts.push(module.subarray(start, end));
    }
    reader.at = end;
  }
  parts.push(sectionOf(custom));
  return joined(parts);
}

function sectionOf({ name, content }: CustomSection): Uint8Array {
  const label = new TextEncoder().encode(name);
  const head = Uint8Array.of(...uleb(label.length), ...label);
  const size = uleb(head.length + content.length);
  return joined([Uint8Array.of(CUSTOM_SECTION, ...size), head, content]);
}

function codeOf(reader: WasmReader, constants: readonly ConstantBytes[]): Uint8Array {
  const count = reader.u32();
  const parts: Uint8Array[] = [Uint8Array.from(uleb(count))];
  for (let i = 0; i < count; i++) {
    const end = reader.u32() + reader.at;
    const body = bodyOf(reader, end, constants);
    parts.push(Uint8Array.from(uleb(body.length)), body);
    reader.at = end;
  }
  return joined(parts);
}

/** One function: its locals, then its instructions. */
function bodyOf(reader: WasmReader, end: number, constants: readonly ConstantBytes[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let copied = reader.at;
  let before: Instruction | undefined;
  for (const instruction of instructionsOf(reader, end)) {
    const constant = before && constantOf(before, instruction, constants);
    if (before !== undefined && constant !== undefined) {
      parts.push(reader.bytes.subarray(copied, before.at), constant);
      copied = instruction.end;
    }
    before = instruction;
  }
  parts.push(reader.bytes.subarray(copied, end));
  return joined(parts);
}

function constantOf(
  address: Instruction,
  { opcode, operand }: Instruction,
  constants: readonly ConstantBytes[],
): Uint8Array | undefined {
  if (address.opcode !== I32_CONST) return undefined;
  const load = LOADS.get(opcode);
  if (load === undefined) return undefined;
  const [constant, width, read] = load;
  const from = (address.operand >>> 0) + operand;
  for (const { at, bytes } of constants) {
    if (from < at || from + width > at + bytes.length) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Uint8Array.of(constant, ...sleb(read(view, from - at)));
  }
  return undefined;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
