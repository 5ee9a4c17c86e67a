// The words of scripts: what each kind of them may be.

import { STEP_NAMES } from "../kernel/steps.js";

/** What madvise may be told. */
export const ADVICE = [
  "dontneed",
  "free",
  "hugepage",
  "nohugepage",
  "collapse",
  "pageout",
  "willneed",
  "mergeable",
  "unmergeable",
  "dontfork",
  "dofork",
  "wipeonfork",
  "populate_write",
  "populate_read",
  "guard_install",
  "guard_remove",
];

/** What a word may be, where its name does not say it. */
const ALLOWED: ReadonlyMap<string, string> = new Map([
  ["region", "letters, digits and _, a letter first"],
  ["place", "REGION+PAGES, such as A+16"],
  ["number", "a page number"],
  ["count", "a number of pages"],
  ["access", "r, rw or none"],
  ["share", "private or shared"],
  ["process", "letters, digits and _, a letter first"],
  ["machine", "letters, digits and _, a letter first"],
  ["file", "letters, digits and _, a letter first"],
  ["file=F", "a name, and +PAGES where it does not begin at the file's first page"],
  ["advice", ADVICE.join(", ")],
  ["mode", "wp or wp-async, with ,unpopulated or without"],
  ["step", STEP_NAMES.join(", ")],
  ["size", "bytes with a unit, such as 2m or 1g"],
  ["category", "written, soft-dirty, present; wp and check"],
]);

const KINDS: ReadonlyMap<string, RegExp> = new Map([
  ["region", /^[A-Za-z][A-Za-z0-9_]*$/],
  ["place", /^[A-Za-z][A-Za-z0-9_]*\+\d+$/],
  ["number", /^\d{1,10}$/],
  ["count", /^\d{1,10}$/],
  ["access", /^(r|rw|none)$/],
  ["share", /^(private|shared)$/],
  ["process", /^[A-Za-z][A-Za-z0-9_]*$/],
  ["advice", new RegExp(`^(${ADVICE.join("|")})$`)],
  ["mode", /^wp(-async)?(,unpopulated)?$/],
  [
    "category",
    /^(wp|check|max=\d{1,9}|((not|any)=)?(written|soft-dirty|present|wpallowed|file|swapped|pfnzero|huge))$/,
  ],
  ["step", new RegExp(`^(${STEP_NAMES.join("|")})$`)],
  ["word", /^\S+$/],
  ["file", /^[A-Za-z][A-Za-z0-9_]*$/],
  ["file=F", /^file=[A-Za-z][A-Za-z0-9_]*(\+\d{1,10})?$/],
  ["machine", /^[A-Za-z][A-Za-z0-9_]*$/],
  ["every=N", /^every=[1-9]\d{0,5}$/],
  ["at=N", /^at=\d{1,10}$/],
  ["align=N", /^align=\d{1,10}$/],
  ["size", /^\d{1,6}[kmg]$/],
  ["huge=SIZE", /^huge=\d{1,6}[kmg]$/],
  ["fail-after=N", /^fail-after=\d{1,9}$/],
]);

/** Whether a word is of a kind; "a|b*": of one of several, any number. */
export function fitsKind(kind: string, word: string): boolean {
  const options = kind.replace(/\*$/, "").split("|");
  return options.some((option) => KINDS.get(option)?.test(word) ?? option === word);
}

/** What a kind allows, for messages: "access (r, rw or none)". */
export function allowedOf(kind: string): string {
  const options = kind.replace(/\*$/, "").split("|");
  const [only = ""] = options;
  const allowed = options.length === 1 ? ALLOWED.get(only) : undefined;
  return options.join(" or ") + (allowed === undefined ? "" : ` (${allowed})`);
}
