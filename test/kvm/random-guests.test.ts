// Whatever a script does to the memory of a VMM, under every policy: guests read what they must, no store of theirs is
// lost, no translation outlives its page, and every page they wrote is told.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scripts } from "../scenario/arbitrary-script.js";
import { Bench, POLICIES } from "./support.js";

/** `npm run test:long` plays many more. */
const TIMES = process.env.MMULATE_LONG === undefined ? 1 : 60;

const MACHINES = [
  ["x86-64", "7.2"],
  ["x86-64", "6.12"],
  ["arm64", "7.2:mthp=64k"],
  ["riscv64", "7.2"],
] as const;

/** Two machines over the same pages, one without accessed and dirty flags, and huge pages. */
const HEAD = [
  "kvm G A 0 8",
  "mmap Z 1024 rw private align=512",
  "madvise Z 0 1024 hugepage",
  "kvm G Z 0 1024 at=512",
  "kvm H A 2 6 no-ad no-touch",
  "mmap S 8 rw shared",
  "kvm G S 0 8",
];

const PLACES = [0, 1, 2, 3, 4, 5, 6, 7, 512, 513, 700, 1023, 1024, 1535, 1536, 1540];
const HOST = [
  "madvise Z 0 1024 free",
  "madvise Z 3 40 free",
  "madvise Z 0 600 dontneed",
  "madvise A 0 8 free",
  "madvise A 0 8 pageout",
  "clear-refs 1",
  "clear_refs",
  "ksm",
  "madvise A 0 8 mergeable",
  "madvise Z 0 1024 collapse",
  "khugepaged",
  "reclaim 4",
  "migrate Z 0 20",
  "split Z 0 1",
  "write A 0 8",
  "write S 0 8",
  "uffd-register A 0 8 wp-async",
  "scan A 0 8 written wp",
  "numa A 0 8",
  "numa Z 0 1024",
  "numa Z 2 30",
];
const LOG = ["on", "buffer", "ring", "", "get", "clear 0 4", "clear 512 300", "off", ""];

interface Step {
  readonly at: number;
  readonly what: number;
  readonly place: number;
  readonly vm: number;
}

function lineOf({ what, place, vm }: Step): string {
  const name = vm % 3 === 0 ? "H" : "G";
  const gfn = PLACES[place % PLACES.length] ?? 0;
  switch (what % 8) {
    case 0:
    case 1:
      return `gread ${name} ${gfn} ${1 + (vm % 4)}`;
    case 2:
    case 3:
      return `gwrite ${name} ${gfn} ${1 + (vm % 4)}`;
    case 4:
      return `dirty-log ${name} ${LOG[place % LOG.length]}`;
    case 5:
      return vm % 2 === 0 ? `gwrite ${name} ${gfn} 1 hold` : `gread ${name} ${gfn} 1 hold`;
    case 6:
      return `gend ${name}`;
    default:
      return HOST[place % HOST.length] ?? "";
  }
}

/** Steps of guests among those of a script. */
function mixed(text: string, steps: readonly Step[]): string {
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const all = [...lines];
  for (const step of steps) all.splice(step.at % (all.length + 1), 0, lineOf(step));
  return [first, ...HEAD, ...all].join("\n");
}

const number = fc.nat({ max: 60 });
const step = fc.record({ at: number, what: number, place: number, vm: number });
const guests = fc
  .tuple(scripts(30, "all"), fc.array(step, { maxLength: 60, size: "max" }))
  .map(([text, steps]) => mixed(text, steps));

describe.each(MACHINES)("random guests on %s, Linux %s", (arch, version) => {
  it.each(POLICIES)("policy %s", { timeout: 0 }, async (policy) => {
    const property = fc.asyncProperty(guests, async (text) => {
      const bench = await Bench.boot(policy, arch, `${version}:memory=16m`);
      bench.run(text);
      bench.finish();
      expect(bench.checker.complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 10 * TIMES, seed: 12, endOnFailure: true });
  });
});
