// Finds and reads a user's descriptor files (descriptor-files.ts).

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { COSTS } from "../../arch/costs/index.js";
import { CPUS } from "../../arch/cpus/index.js";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { MmulateError } from "../errors.js";
import { checkFile, type Kind, type Kinds, parseFile } from "./descriptor-files.js";

const SHIPPED: { readonly [K in Kind]: ReadonlyMap<string, Kinds[K]> } = {
  architecture: ARCHITECTURES,
  "Linux layout": LINUX_LAYOUTS,
  cpu: CPUS,
  costs: COSTS,
};

/** Whether a selector names a file: it has a folder, or ends as such files do. */
function isFile(name: string): boolean {
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
  return readOver(kind, path, []);
}

async function readOver<K extends Kind>(
  kind: K,
  path: string,
  above: readonly string[],
): Promise<Kinds[K]> {
  const parsed = parseFile(await textOf(path), path);
  const at = parsed.where(0);
  const { extends: name } = parsed;
  if (name === null) return checkFile(kind, parsed, null);
  if (!isFile(name)) return checkFile(kind, parsed, shipped(kind, name, at));
  const next = resolve(dirname(path), name);
  if (next === resolve(path) || above.includes(next)) {
    throw new MmulateError("INPUT", `${at}: extends ${name}, which extends it again`);
  }
  return checkFile(kind, parsed, await readOver(kind, next, [...above, resolve(path)]));
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
