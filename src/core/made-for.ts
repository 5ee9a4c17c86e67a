// Modules made for one layout and one CPU (src/core/specialise.ts), and what such a module says of itself.
//
// The constants that were written into a module stand in a custom section of it as well:
//
//   "made-for"    address u32, length u32, bytes;  again for the geometry
//
// So it can be handed to workers like any other, and whoever instantiates it sees what it may be loaded with.

import { GEOMETRY_BASE, LAYOUT_BASE } from "../../assembly/abi/memory-map.js";
import { MmulateError } from "../errors.js";
import type { CompiledLayout } from "../layout/compiled.js";
import type { CompiledCpu } from "../layout/cpu.js";
import { encodeLayout } from "../layout/encode.js";
import { encodeCpu } from "../layout/encode-cpu.js";
import { compileCore } from "./instantiate.js";
import { type ConstantBytes, specialise } from "./specialise.js";

const SECTION = "made-for";
const HEAD_BYTES = 8;

/** Modules made in this thread, the youngest last. */
const made: { readonly from: Uint8Array; readonly key: Uint8Array; module: WebAssembly.Module }[] =
  [];
/** Enough for the cells of a comparison that one thread runs in turn. */
const KEPT = 16;

/**
 * The core made for a layout and a CPU: about 1.5 times as fast on misses, and good for nothing else. It counts
 * what the core itself counts. Made once in a thread, in some 10 ms.
 * @param core the core's own module, in binary form
 */
export async function compileCoreFor(
  core: Uint8Array,
  layout: CompiledLayout,
  cpu: CompiledCpu,
): Promise<WebAssembly.Module> {
  const constants = [
    { at: LAYOUT_BASE, bytes: encodeLayout(layout) },
    { at: GEOMETRY_BASE, bytes: encodeCpu(cpu) },
  ];
  const key = written(constants);
  const found = made.find((one) => isSame(one.from, core) && isSame(one.key, key));
  if (found !== undefined) return found.module;
  const module = await compileCore(specialise(core, constants, { name: SECTION, content: key }));
  made.push({ from: core, key, module });
  if (made.length > KEPT) made.shift();
  return module;
}

/** What a module was made for; nothing for the core's own. */
export function constantsOf(module: WebAssembly.Module): ConstantBytes[] {
  return WebAssembly.Module.customSections(module, SECTION).flatMap((section) => read(section));
}

/**
 * Refuses bytes that another module than this was made for.
 * @throws MmulateError CONFIG
 */
export function checkMadeFor(made: readonly ConstantBytes[], at: number, bytes: Uint8Array): void {
  for (const constant of made) {
    if (constant.at !== at || isSame(constant.bytes, bytes)) continue;
    const what = at === LAYOUT_BASE ? "layout" : "CPU";
    throw new MmulateError(
      "CONFIG",
      `this module was made for another ${what}: load the core's own`,
    );
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

function written(constants: readonly ConstantBytes[]): Uint8Array {
  const all = new Uint8Array(
    constants.reduce((sum, { bytes }) => sum + HEAD_BYTES + bytes.length, 0),
  );
  const view = new DataView(all.buffer);
  let to = 0;
  for (const { at, bytes } of constants) {
    view.setUint32(to, at, true);
    view.setUint32(to + 4, bytes.length, true);
    all.set(bytes, to + HEAD_BYTES);
    to += HEAD_BYTES + bytes.length;
  }
  return all;
}

function read(section: ArrayBuffer): ConstantBytes[] {
  const view = new DataView(section);
  const constants: ConstantBytes[] = [];
  for (let from = 0; from < section.byteLength; ) {
    const length = view.getUint32(from + 4, true);
    const bytes = new Uint8Array(section, from + HEAD_BYTES, length);
    constants.push({ at: view.getUint32(from, true), bytes });
    from += HEAD_BYTES + length;
  }
  return constants;
}
