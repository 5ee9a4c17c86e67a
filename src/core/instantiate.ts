// The WASM module: compiled once, instantiated once per worker.

import { instantiateSync } from "@assemblyscript/loader";
import type * as Bindings from "#build/release.js";
import { MmulateError } from "../errors.js";

/** What the module exports: names and types come from the compiler's own bindings. */
export type CoreExports = Awaited<ReturnType<typeof Bindings.instantiate>>;

/** Compiles the core; the result can be handed to workers. */
export function compileCore(bytes: BufferSource): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes);
}

/**
 * Makes an instance with its own memory.
 * @throws MmulateError INTERNAL from within a call, where the debug build's assertions fail
 */
export function instantiateCore(module: WebAssembly.Module): CoreExports {
  const { exports } = instantiateSync<Record<string, unknown>>(module, {
    env: {
      abort(_message: number, _file: number, line: number, column: number): void {
        throw new MmulateError("INTERNAL", `the core failed an assertion at ${line}:${column}`);
      },
    },
  });
  return exports as unknown as CoreExports;
}
