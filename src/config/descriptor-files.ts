// A user's architecture, Linux layout, CPU or cost profile: text in YAML or JSON -> what the schema of
// arch/ lets through; and back. Pure: who reads files is read-descriptors.ts.
//
//   extends: arm64-7.0              one that mmulate ships, or another file: ./other.yaml
//   name: arm64-sd58
//   fields:
//     - { name: SOFT_DIRTY, bits: [58, 58] }
//
// A file without `extends` is whole. What `merge-yaml.ts` merges goes through the same schema as what is
// shipped, so nothing else in mmulate knows where a descriptor came from.

import { isMap, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { type CostProfile, costSchema } from "../../arch/costs/schema.js";
import { type CpuProfile, cpuSchema } from "../../arch/cpu-schema.js";
import { freeze } from "../../arch/define.js";
import { type LinuxLayout, linuxLayoutSchema } from "../../arch/linux/schema.js";
import { type Descriptor, descriptorSchema } from "../../arch/schema.js";
import { MmulateError } from "../errors.js";
import { type MergeContext, mergeNode, type Places } from "./merge-yaml.js";

/** What a file may hold, by the name of its kind. */
export interface Kinds {
  readonly architecture: Descriptor;
  readonly "Linux layout": LinuxLayout;
  readonly cpu: CpuProfile;
  readonly costs: CostProfile;
}
export type Kind = keyof Kinds;

const SCHEMAS: { readonly [K in Kind]: z.ZodType<Kinds[K]> } = {
  architecture: descriptorSchema,
  "Linux layout": linuxLayoutSchema,
  cpu: cpuSchema,
  costs: costSchema,
};

/** A file, parsed but not checked: what it says, and what it extends. */
export interface ParsedFile {
  /** What `extends` names; null = nothing. */
  readonly extends: string | null;
  readonly where: (offset: number) => string;
  readonly root: Node;
}

/** A position in a file, in an error message: "FILE:LINE:COLUMN". */
function positions(file: string, lines: LineCounter): (offset: number) => string {
  return (offset) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
}

/**
 * Parses a file.
 * @param file its name, for messages
 * @throws MmulateError INPUT with file, line and column where it is no YAML or JSON, or no map
 */
export function parseFile(text: string, file: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, intAsBigInt: true });
  const where = positions(file, lines);
  const [error] = document.errors;
  if (error !== undefined) {
    const [reason = ""] = error.message.split("\n");
    throw new MmulateError("INPUT", `${where(error.pos[0])}: ${reason.replace(/ at line .*/, "")}`);
  }
  const root = document.contents;
  if (!isMap(root)) {
    throw new MmulateError("INPUT", `${where(0)}: a map is needed, as in "extends: NAME"`);
  }
  const base = root.get("extends") ?? null;
  if (base !== null && typeof base !== "string") {
    const node = root.get("extends", true) as Node | undefined;
    throw new MmulateError(
      "INPUT",
      `${where(node?.range?.[0] ?? 0)}: extends: a name or a file is needed`,
    );
  }
  root.delete("extends");
  return { extends: base, where, root };
}

/** The keys that a file has itself. */
export function keysOf({ root }: ParsedFile): string[] {
  return isMap(root) ? root.items.map(({ key }) => String(key)) : [];
}

/**
 * What a file says over what it extends, checked by the schema of its kind and frozen.
 * @param base value of what it extends; null = nothing
 * @throws MmulateError INPUT with file, line and column of the value that the schema refuses
 */
export function checkFile<K extends Kind>(
  kind: K,
  { root, where }: ParsedFile,
  base: Kinds[K] | null,
): Kinds[K] {
  const places: Places = new Map();
  const fail: MergeContext["fail"] = (offset, message) =>
    new MmulateError("INPUT", `${where(offset)}: ${message}`);
  const keys: Places = new Map();
  const merged = mergeNode(base ?? undefined, root, [], { places, keys, fail });
  const parsed = SCHEMAS[kind].safeParse(merged);
  if (parsed.success) return freeze(parsed.data) as Kinds[K];
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map(String);
  const [unknown] = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const at =
    unknown === undefined
      ? offsetOf(places, path)
      : (keys.get([...path, unknown].join(".")) ?? offsetOf(places, path));
  const of = path.length === 0 ? "" : `${path.join(".")}: `;
  throw fail(at, `${of}${issue?.message ?? "refused"} (in a file for ${kind})`);
}

/** Where a place stands in the file, or what is next around it: the rest came from the base. */
function offsetOf(places: Places, path: readonly string[]): number {
  for (let length = path.length; length > 0; length--) {
    const offset = places.get(path.slice(0, length).join("."));
    if (offset !== undefined) return offset;
  }
  return 0;
}

/**
 * A descriptor, layout or profile of any kind as JSON that `parseFile` and `checkFile` turn into its equal:
 * what `arch show NAME --json` prints, and `--arch FILE` takes.
 */
export function toFile(value: Kinds[Kind]): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
