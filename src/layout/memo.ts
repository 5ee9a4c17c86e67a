// Remembers a part of a layout by the parameters that the part depends on.
//
// Playing recorded translations compiles tens of thousands of modes, most of them different. But few
// parameters decide a given part: the classes of entries of arm64 depend on three of its twelve. So a
// part is kept under the values of exactly the names that its rows mention.

import type { Descriptor } from "../../arch/schema.js";
import { type Environment, parseCondition } from "./condition.js";

interface Row {
  readonly when?: string[] | undefined;
}

/** One part of the layouts of any descriptor; see above. */
export class PartMemo<T> {
  private readonly rowsOf: (descriptor: Descriptor) => readonly Row[];
  private readonly known = new WeakMap<Descriptor, { names: string[]; parts: Map<string, T> }>();

  /** @param rowsOf the rows whose conditions decide the part */
  constructor(rowsOf: (descriptor: Descriptor) => readonly Row[]) {
    this.rowsOf = rowsOf;
  }

  /** The part for an environment; `extra` tells apart what no condition does (a level). */
  get(descriptor: Descriptor, environment: Environment, extra: string, compute: () => T): T {
    const { names, parts } = this.entryOf(descriptor);
    const key = `${names.map((name) => String(environment[name])).join(" ")} ${extra}`;
    const found = parts.get(key);
    if (found !== undefined) return found;
    const part = compute();
    parts.set(key, part);
    return part;
  }

  private entryOf(descriptor: Descriptor): { names: string[]; parts: Map<string, T> } {
    const found = this.known.get(descriptor);
    if (found !== undefined) return found;
    const mentioned = this.rowsOf(descriptor)
      .flatMap((row) => row.when ?? [])
      .map((condition) => parseCondition(condition).name);
    const entry = { names: [...new Set(mentioned)], parts: new Map<string, T>() };
    this.known.set(descriptor, entry);
    return entry;
  }
}
