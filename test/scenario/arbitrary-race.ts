// Random scripts in which another CPU comes in the middle of calls: what it does changes no contents that the plain
// memory model would have to order.

import fc from "fast-check";
import { scripts } from "./arbitrary-script.js";

/** Who may be interrupted, where, and by what; R is a part of memory that the call is about. */
const CALLS: readonly (readonly [RegExp, readonly string[], readonly string[]])[] = [
  [
    /^fork/,
    ["fork-batch", "fork-tested", "fork-read"],
    ["pin R read", "pin R", "migrate R", "madvise R pageout", "ksm", "reclaim 4", "read R"],
  ],
  [
    /^migrate R/,
    ["migrate-table", "share-tested"],
    ["pin R read", "pin R", "write R", "mprotect R r", "munmap R", "madvise R pageout", "ksm"],
  ],
  [
    /^madvise R pageout|^reclaim|^ksm/,
    ["share-tested"],
    ["pin R read", "pin R", "write R", "mprotect R r", "migrate R", "madvise R free"],
  ],
  [
    /^pin R/,
    ["pin-looked"],
    ["migrate R", "madvise R pageout", "ksm", "write R", "mprotect R r", "reclaim 4", "pin R"],
  ],
];

/** Where and by what a call is interrupted, and whether it is at all. */
interface Coming {
  readonly step: number;
  readonly times: number;
  readonly what: number;
  readonly now: boolean;
}

/** "in c0 migrate R1 2 3 hold" -> who, what, and of which memory. */
const LINE = /^(?<who>in \w+ )?(?<verb>[\w-]+)(?: (?<range>R?\w* \d+ \d+))?(?<rest>.*)$/;

function before(line: string, { step, times, what, now }: Coming): string[] {
  const { who = "", verb = "", range, rest = "" } = LINE.exec(line)?.groups ?? {};
  const call = `${verb}${range === undefined ? "" : " R"}${rest}`;
  const found = CALLS.find(([pattern]) => pattern.test(call));
  if (!now || found === undefined) return [];
  const [, steps, acts] = found;
  const act = (acts[what % acts.length] ?? "").replace("R", range ?? "A 0 8");
  return [`meanwhile ${steps[step % steps.length]} ${1 + (times % 3)} cpu 1 ${who}${act}`];
}

const number = fc.nat({ max: 60 });
const coming = fc.record({ step: number, times: number, what: number, now: fc.boolean() });

/** Scripts of up to `length` operations, and what comes between. */
export function races(length: number): fc.Arbitrary<string> {
  return fc
    .tuple(scripts(length, "all"), fc.array(coming, { minLength: length, maxLength: 2 * length }))
    .map(([text, all]) =>
      text
        .trimEnd()
        .split("\n")
        .flatMap((line, i) => [...before(line, all[i % all.length] as Coming), line])
        .join("\n"),
    );
}
