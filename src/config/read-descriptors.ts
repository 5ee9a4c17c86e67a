// Finds and reads a user's descriptor files (descriptor-files.ts).

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { COSTS } from "../../arch/costs/index.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { MmulateError } from "../errors.js";
import {
  checkFile,
  type Kind,
  type Kinds,
  keysOf,
  type ParsedFile,
  parseFile,
} from "./descriptor-files.js";

const SHIPPED: { readonly [K in Kind]: ReadonlyMap<string, Kinds[K]> } = {
  architecture: ARCHITECTURES,
  "Linux layout": LINUX_LAYOUTS,
  cpu: CPUS,
  costs: COSTS,
};

/** Whether a selector names a file: it has a folder, or ends as such files do. */
export function isFile(name: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/i.test(name);
}

/**
 * What a name or a file's path stands for.
 * @throws MmulateError USAGE: a name that does not ship, with those that do; else INPUT with file, line and column
 */
export async function named<K extends Kind>(kind: K, nameOrPath: string): Promise<Kinds[K]> {
  if (isFile(nameOrPath)) return readKind(kind, nameOrPath);
  const value = SHIPPED[kind].get(nameOrPath);
  if (value !== undefined) return value;
  const known = [...SHIPPED[kind].keys()].join(", ");
  throw new MmulateError("USAGE", `unknown ${kind} "${nameOrPath}" (known: ${known}, or a file)`);
}

/**
 * The files among some selectors ("FILE", "FILE:PARAMETER=VALUE"), read, by their paths.
 * @throws MmulateError INPUT with file, line and column
 */
export async function filesAmong<K extends Kind>(
  kind: K,
  selectors: readonly string[],
): Promise<ReadonlyMap<string, Kinds[K]>> {
  const paths = selectors.map(pathOf).filter(isFile);
  const files = new Map<string, Kinds[K]>();
  for (const path of new Set(paths)) files.set(path, await readKind(kind, path));
  return files;
}

/** What stands before the first ":" of a selector. */
function pathOf(selector: string): string {
  const [path = ""] = selector.split(":");
  return path;
}

/**
 * Reads a file of a kind, with all that it extends.
 * @throws MmulateError USAGE when it cannot be read; INPUT with file, line and column when it says what the
 * schema refuses, or extends itself
 */
async function readKind<K extends Kind>(kind: K, path: string): Promise<Kinds[K]> {
  return heldBy(kind, await chainOf(path)).value;
}

/** What a file holds, and what it was made from: the one that ships; null where the file is whole. */
export type AnyFile = {
  [K in Kind]: { readonly kind: K; readonly value: Kinds[K]; readonly base: Kinds[K] | null };
}[Kind];

/**
 * Reads a file of whatever kind it is: that of what it extends, or the one whose keys it has.
 * @throws MmulateError as `named`; INPUT, too, where it can be none or several
 */
export async function readAny(path: string): Promise<AnyFile> {
  const chain = await chainOf(path);
  const kind = kindOf(chain);
  return { kind, ...heldBy(kind, chain) } as AnyFile;
}

/** Keys by which a kind is told from the others. */
const KEYS: Readonly<Record<Kind, readonly string[]>> = {
  architecture: ["geometry"],
  "Linux layout": ["protections"],
  cpu: ["tlb", "walkCaches", "costs", "caches", "memory", "walker"],
  costs: ["events", "overlap", "nearBytes", "measuredOn"],
};

function kindOf(chain: Chain): Kind {
  const [{ extends: name, where }] = chain;
  const kinds = Object.keys(SHIPPED) as Kind[];
  const able = name === null ? kinds : kinds.filter((kind) => SHIPPED[kind].has(name));
  const keys = new Set(chain.flatMap(keysOf));
  const [kind, ...others] =
    able.length === 1 ? able : able.filter((each) => KEYS[each].some((key) => keys.has(key)));
  if (kind !== undefined && others.length === 0) return kind;
  const what = name === null ? "" : `extends ${name}: `;
  const among = (able.length > 1 ? able : kinds).map(
    (each) => `${each} (${KEYS[each].join(", ")})`,
  );
  throw new MmulateError(
    "INPUT",
    `${where(0)}: ${what}no kind of file can be told; known by their keys: ${among.join("; ")}`,
  );
}

/** A file and those that it extends, the last one first; that extends what ships, or nothing. */
type Chain = readonly [ParsedFile, ...ParsedFile[]];

async function chainOf(path: string): Promise<Chain> {
  let chain: Chain = [parseFile(await textOf(path), path)];
  const seen = new Set<string>();
  for (let file = resolve(path); ; ) {
    seen.add(file);
    const [{ extends: name, where }] = chain;
    if (name === null || !isFile(name)) return chain;
    file = resolve(dirname(file), name);
    if (seen.has(file)) {
      throw new MmulateError("INPUT", `${where(0)}: extends ${name}, which extends it again`);
    }
    chain = [parseFile(await textOf(file), file), ...chain];
  }
}

interface Value<T> {
  readonly value: T;
  readonly base: T | null;
}

function heldBy<K extends Kind>(kind: K, [root, ...over]: Chain): Value<Kinds[K]> {
  const { extends: name, where } = root;
  const base = name === null ? null : shipped(kind, name, where(0));
  let value = checkFile(kind, root, base);
  for (const file of over) value = checkFile(kind, file, value);
  return { value, base };
}

function shipped<K extends Kind>(kind: K, name: string, where: string): Kinds[K] {
  const value = SHIPPED[kind].get(name);
  if (value !== undefined) return value;
  const known = [...SHIPPED[kind].keys()].join(", ");
  throw new MmulateError("INPUT", `${where}: extends: no ${kind} "${name}" (known: ${known})`);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
}

function unreadable(path: string, cause: NodeJS.ErrnoException): MmulateError {
  return new MmulateError("USAGE", `cannot read ${path}: ${cause.code ?? cause.message}`, {
    cause,
  });
}
