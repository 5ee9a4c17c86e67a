// A YAML or JSON text as data whose every part knows its line and column. JSON is read as the YAML that it is.

import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import { z } from "zod";
import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";

export type Path = readonly PropertyKey[];

/** A text, read. */
export class ConfigDocument {
  private readonly lines = new LineCounter();
  private readonly document: Document;

  /**
   * @param text YAML or JSON
   * @param file as messages name it
   * @throws MmulateError CONFIG when it is neither, with FILE:LINE:COLUMN
   */
  constructor(
    text: string,
    readonly file: string,
  ) {
    this.document = parseDocument(text, {
      lineCounter: this.lines,
      intAsBigInt: false,
      prettyErrors: false,
      uniqueKeys: true,
    });
    const [error] = [...this.document.errors, ...this.document.warnings];
    if (error !== undefined) {
      const said = error.message.replaceAll(/\s+/g, " ");
      throw new MmulateError("CONFIG", `${this.placeOf(error.pos[0])}: ${said}`);
    }
  }

  /** As plain data; an empty text is an empty mapping. */
  get data(): unknown {
    return this.document.toJS({ maxAliasCount: 100 }) ?? {};
  }

  /** FILE:LINE:COLUMN of what stands at a path; of the nearest thing around it where nothing does. */
  at(path: Path): string {
    for (let length = path.length; length > 0; length--) {
      const node = this.document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return this.placeOf(node.range[0]);
    }
    return this.placeOf(this.document.contents?.range?.[0] ?? 0);
  }

  /** FILE:LINE:COLUMN of a key. */
  atKey(path: Path, key: string): string {
    const map = path.length === 0 ? this.document.contents : this.document.getIn(path, true);
    if (!isMap(map)) return this.at(path);
    const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    const start = (pair?.key as Node | undefined)?.range?.[0];
    return start === undefined ? this.at(path) : this.placeOf(start);
  }

  /** The value at a path as it is written: 6.10 stays "6.10". */
  text(path: Path): string {
    const found = this.document.getIn(path, true);
    const node = isAlias(found) ? found.resolve(this.document) : found;
    if (isCollection(node)) return "";
    if (!isScalar(node)) return String(node);
    return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  }

  /**
   * Checks it by a schema.
   * @throws MmulateError CONFIG: FILE:LINE:COLUMN, what stands there, what is allowed, the nearest name
   */
  check<T>(schema: z.ZodType<T>, means: string): T {
    const result = schema.safeParse(this.data);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    if (issue === undefined) throw new MmulateError("INTERNAL", "a refusal without an issue");
    throw new MmulateError("CONFIG", this.told(issue, schema, means));
  }

  private told(issue: z.core.$ZodIssue, schema: z.ZodType, means: string): string {
    const { path } = issue;
    const name = path.length === 0 ? means : path.map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      const [key = ""] = issue.keys;
      const known = keysAt(z.toJSONSchema(schema, { io: "input" }) as SchemaPart, path);
      const hint = hintFor(key, known);
      const allowed = known.length === 0 ? "" : ` (allowed: ${known.join(", ")})`;
      return `${this.atKey(path, key)}: unknown key "${key}" in ${name}${hint}${allowed}`;
    }
    const there = path.length === 0 || this.document.getIn(path, true) !== undefined;
    const text = there ? this.text(path).slice(0, 60) : "";
    const seen = there ? (text === "" ? "" : ` "${text}"`) : " is missing";
    return `${this.at(path)}: ${name}${seen}: ${issue.message}`;
  }

  private placeOf(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}:${line}:${col}`;
  }
}

/** The part of a JSON Schema that is needed to name keys. */
interface SchemaPart {
  readonly properties?: Readonly<Record<string, SchemaPart>>;
  readonly additionalProperties?: SchemaPart | boolean;
  readonly items?: SchemaPart;
  readonly anyOf?: readonly SchemaPart[];
}

/** Keys that the object at a path may have. */
function keysAt(part: SchemaPart | undefined, path: Path): string[] {
  if (part === undefined) return [];
  if (part.anyOf !== undefined) return part.anyOf.flatMap((branch) => keysAt(branch, path));
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(part.properties ?? {});
  if (typeof step === "number") return keysAt(part.items, rest);
  const { additionalProperties: more } = part;
  return keysAt(
    part.properties?.[String(step)] ?? (typeof more === "object" ? more : undefined),
    rest,
  );
}
