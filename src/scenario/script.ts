// Scripts: one operation a line, `#` starts a comment. Text -> operations, each with its words checked.

import { MmulateError } from "../errors.js";
import { hintFor } from "../layout/nearest.js";
import { allowedOf, fitsKind } from "./script-words.js";

/** One operation, as a script says it. */
export interface Operation {
  /** The line, without comment. */
  readonly text: string;
  /** FILE:LINE, for messages. */
  readonly where: string;
  /** "P", or who `in` names; of a thread it is not said. */
  readonly process: string;
  /** Who `on` names: a thread beside the first one of its process. */
  readonly thread?: string;
  /** Where `cpu` says that it is done; left out = where the thread runs. */
  readonly cpu?: number;
  readonly verb: string;
  readonly words: readonly string[];
  /** Of `meanwhile`: what another CPU does. */
  readonly inner?: Operation;
}

/** What the words of a verb are; `?` ends the required ones, a star takes any number. */
const FORMS: ReadonlyMap<string, string> = new Map([
  ["mmap", "region count access share ? align=N|huge=SIZE|file=F*"],
  ["mmap-at", "region place count access share ? file=F"],
  ["munmap", "region number count"],
  ["mprotect", "region number count access"],
  ["mremap", "region number number|region ? region|align=N|dontunmap*"],
  ["resize", "region number count"],
  ["read", "region number count"],
  ["write", "region number count"],
  ["madvise", "region number count advice"],
  ["clear_refs", ""],
  ["fork", "process ? fail-after=N"],
  ["exit", "process"],
  ["uffd-register", "region number count mode"],
  ["uffd-wp", "region number count on|off"],
  ["uffd-unregister", "region number count"],
  ["scan", "region number count category ? category*"],
  ["pin", "region number count ? read"],
  ["unpin", "region number count ? read"],
  ["on-segv", "unprotect|skip"],
  ["ksm", "? zero"],
  ["oom-after", "count"],
  ["clear-refs", "1|2|3|4|5"],
  ["split", "region ? number count"],
  ["force-write", "region number count"],
  ["migrate", "region number count ? hold"],
  ["migrate-end", "region number count"],
  ["stray-dirty", "region number count"],
  ["reclaim", "count"],
  ["writeback-end", ""],
  ["expect", "region number count no|yes soft-dirty|exclusive"],
  ["swapoff", ""],
  ["swapon", ""],
  ["pagemap", "region"],
  ["vmas", "region"],
  ["thread", "process"],
  ["sleep", ""],
  ["meanwhile", "step count word ? word*"],
  // Only the model knows these.
  ["state", "region"],
  ["hugepages", "size count"],
  ["khugepaged", ""],
  ["split-deferred", ""],
  ["idle", "region number count"],
  ["numa", "region number count"],
  ["writeback", "file"],
  ["fsync", "file"],
  ["msync", "region number count"],
  ["disk", "file"],
  ["drop-caches", ""],
  ["kvm", "machine region number count ? at=N|no-ad|no-touch*"],
  ["gread", "machine number count ? hold|every=N"],
  ["gwrite", "machine number count ? hold|every=N"],
  ["gend", "machine"],
  ["dirty-log", "machine ? on|buffer|ring|off|get|clear number count"],
]);

/** Verbs of the language. */
export const VERBS: readonly string[] = [...FORMS.keys()];

/**
 * Parses a script.
 * @param where name of the file, for messages
 * @throws MmulateError INPUT with file, line, reason and what is allowed
 */
export function parseScript(text: string, where: string): Operation[] {
  return text.split(/\r?\n/).flatMap((raw, i) => {
    const line = raw.replace(/#.*/, "").trim();
    return line === "" ? [] : [parseLine(line, i + 1, where)];
  });
}

/**
 * Parses one operation.
 * @throws MmulateError INPUT, as `parseScript`
 */
export function parseLine(text: string, line: number, where: string): Operation {
  const { words, who } = takePrefixes(text.split(/\s+/), where, line);
  const [verb = "", ...rest] = words;
  const form = FORMS.get(verb);
  if (form === undefined) {
    const hint = hintFor(verb, VERBS);
    throw bad(where, line, `no operation "${verb}"${hint} (there are ${VERBS.join(", ")})`);
  }
  checkWords(where, line, verb, form, rest);
  const operation = { text, where: `${where}:${line}`, process: "P", ...who, verb, words: rest };
  if (verb !== "meanwhile") return operation;
  const inner = parseLine(rest.slice(2).join(" "), line, where);
  if (inner.thread === undefined && inner.cpu === undefined) {
    throw bad(where, line, `"${inner.text}": on which CPU? ("cpu N" or "on THREAD" before it)`);
  }
  return { ...operation, inner };
}

type Who = Partial<Pick<Operation, "process" | "thread" | "cpu">>;

/** What may stand before an operation: its word, what follows it, and what that says. */
const PREFIXES: ReadonlyMap<string, readonly [string, RegExp, (word: string) => Who]> = new Map([
  ["in", ["process", /^[A-Za-z]\w*$/, (process) => ({ process })]],
  ["on", ["thread", /^[A-Za-z]\w*$/, (thread) => ({ thread })]],
  ["cpu", ["number of a CPU", /^\d{1,4}$/, (cpu) => ({ cpu: Number(cpu) })]],
]);

/** "cpu 1 in c write A 0 1": each prefix once, and a thread says its process. */
function takePrefixes(
  words: readonly string[],
  where: string,
  line: number,
): { words: readonly string[]; who: Who } {
  let who: Who = {};
  for (let at = 0; ; at += 2) {
    const [prefix = "", named = ""] = words.slice(at);
    const form = PREFIXES.get(prefix);
    if (form === undefined) return { words: words.slice(at), who };
    const [means, pattern, read] = form;
    if (!pattern.test(named) || words.length < at + 3) {
      throw bad(where, line, `"${prefix}" needs a ${means} and an operation`);
    }
    const said = read(named);
    if (Object.keys(said).some((key) => key in who) || ("thread" in said && "process" in who)) {
      throw bad(where, line, `"${prefix} ${named}": who does it, and where, is said before`);
    }
    who = { ...who, ...said };
  }
}

function bad(where: string, line: number, reason: string): MmulateError {
  return new MmulateError("INPUT", `${where}:${line}: ${reason}`);
}

function checkWords(
  where: string,
  line: number,
  verb: string,
  form: string,
  words: readonly string[],
): void {
  const [required = "", optional = ""] = form.split("?");
  const must = required.split(" ").filter((kind) => kind !== "");
  const may = optional.split(" ").filter((kind) => kind !== "");
  const usage = `${verb} ${form.replaceAll("?", "[").trim()}${optional === "" ? "" : " ]"}`.trim();
  words.forEach((word, i) => {
    const last = may.at(-1);
    const kind =
      must[i] ?? may[i - must.length] ?? (last?.endsWith("*") === true ? last : undefined);
    if (kind === undefined) throw bad(where, line, `"${word}" is too much: ${usage}`);
    if (!fitsKind(kind, word))
      throw bad(where, line, `"${word}" is no ${allowedOf(kind)}: ${usage}`);
  });
  const next = may[words.length - must.length];
  // A page number comes with how many.
  const half = next === "count" && words.length > must.length;
  if (words.length < must.length || half) throw bad(where, line, `words are missing: ${usage}`);
}
