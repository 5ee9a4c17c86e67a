// Whatever processes and guests do to mapped files: everybody reads the last store, and behind each writeback the disk
// holds it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scripts } from "../scenario/arbitrary-script.js";
import { Bench, POLICIES } from "./support.js";

/** `npm run test:long` plays many more. */
const TIMES = process.env.MMULATE_LONG === undefined ? 1 : 60;

const MACHINES = [
  ["x86-64", "7.2"],
  ["x86-64", "6.12:memory=2m"],
  ["arm64", "7.2:hwDirty=false"],
  ["riscv64", "7.2"],
] as const;

/** Two mappings of one file, a third of its end, and a guest over two of them. */
const HEAD = [
  "mmap F 12 rw shared file=X",
  "mmap G 8 rw shared file=X+4",
  "mmap E 4 r shared file=Y+2",
  "kvm M F 0 12",
  "kvm M G 0 8",
];

const LINES = [
  "writeback X",
  "fsync X",
  "fsync X",
  "fsync X",
  "fsync Y",
  "msync F 3 6",
  "msync G 0 8",
  "drop-caches",
  "reclaim 6",
  "madvise F 0 12 pageout",
  "madvise F 2 6 dontneed",
  "madvise G 0 8 willneed",
  "numa F 0 12",
  "madvise F 5 2 guard_install",
  "madvise F 5 2 guard_remove",
  "munmap G 2 2",
  "mmap-at G2 G+2 2 rw shared file=X+6",
  "mprotect F 0 12 r",
  "mprotect F 0 12 rw",
  "mprotect E 0 4 rw",
  "mremap F 0 4 F2",
  "clear_refs",
  "uffd-register F 0 12 wp-async",
  "uffd-register F 0 12 wp",
  "scan F 0 12 written wp",
  "uffd-unregister F 0 12",
  "migrate F 0 12 hold",
  "migrate-end F 0 12",
  "pin F 0 2 read",
  "unpin F 0 2 read",
  "dirty-log M on",
  "dirty-log M",
  "dirty-log M off",
];

interface Step {
  readonly at: number;
  readonly what: number;
  readonly place: number;
}

function lineOf({ what, place }: Step): string {
  const first = place % 12;
  const count = 1 + (place % 5);
  const access = ["gread M", "gwrite M", "gwrite M", "write F", "write G", "read F", "write E"][
    what % 12
  ];
  return access === undefined ? (LINES[place % LINES.length] ?? "") : `${access} ${first} ${count}`;
}

/** Steps about files among those of a script. */
function mixed(text: string, steps: readonly Step[]): string {
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const all = [...lines];
  for (const step of steps) all.splice(step.at % (all.length + 1), 0, lineOf(step));
  return [first, ...HEAD, ...all, "fsync X", "fsync Y"].join("\n");
}

const number = fc.nat({ max: 360 });
const step = fc.record({ at: number, what: number, place: number });
const files = fc
  .tuple(scripts(20, "all"), fc.array(step, { maxLength: 60, size: "max" }))
  .map(([text, steps]) => mixed(text, steps));

/** More often the one that keeps SPTEs writable behind writeback. */
const policies = fc.constantFrom(...POLICIES, "mkclean", "mkclean", "mkclean");

describe.each(MACHINES)("random files on %s, Linux %s", (arch, version) => {
  it("lose no store", { timeout: 0 }, async () => {
    const property = fc.asyncProperty(files, policies, async (text, policy) => {
      const memory = version.includes("memory") ? "" : ":memory=16m";
      const bench = await Bench.boot(policy, arch, `${version}${memory}`);
      bench.run(text);
      bench.finish();
      expect(bench.checker.complaints, text).toEqual([]);
    });
    await fc.assert(property, { numRuns: 8 * TIMES, seed: 12, endOnFailure: true });
  });
});
