// Random scripts that are well-formed: every name they use is known to the process that uses it.

import fc from "fast-check";

/** What scripts are about. */
export type Kinds = "base" | "all";

/** Raw numbers, from which a step is made that fits what there is by then; shrinks well. */
interface Raw {
  readonly kind: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

const WEIGHTS: readonly (readonly [string, number])[] = [
  ["mmap", 3],
  ["mmap-at", 2],
  ["munmap", 2],
  ["mprotect", 3],
  ["mremap", 2],
  ["resize", 2],
  ["read", 6],
  ["write", 8],
  ["madvise", 4],
  ["clear_refs", 2],
  ["fork", 2],
  ["exit", 1],
  ["switch", 4],
  ["uffd-register", 2],
  ["uffd-wp", 3],
  ["uffd-unregister", 1],
  ["scan", 2],
  ["on-segv", 1],
  ["pagemap", 1],
];

/** Less often what takes pages away, so that there is something to work on. */
const FEWER: ReadonlySet<string> = new Set(["munmap", "mprotect", "mmap-at", "on-segv", "resize"]);

/** Beside those: memory that goes to swap, merges, moves, is pinned, huge, or runs out. */
const MORE: readonly (readonly [string, number])[] = [
  ["mmap-huge", 2],
  ["madvise-more", 10],
  ["fill", 14],
  ["ksm", 3],
  ["pin", 3],
  ["unpin", 1],
  ["force-write", 2],
  ["migrate", 4],
  ["migrate-end", 1],
  ["reclaim", 2],
  ["swapoff", 1],
  ["oom-after", 2],
  ["khugepaged", 1],
  ["split", 1],
  ["split-deferred", 1],
  ["idle", 1],
];

const MORE_ADVICE = [
  "pageout",
  "pageout",
  "willneed",
  "mergeable",
  "mergeable",
  "unmergeable",
  "hugepage",
  "nohugepage",
  "collapse",
  "free",
  "free",
  "dontneed",
];

const ADVICE = [
  "dontneed",
  "free",
  "dontfork",
  "dofork",
  "wipeonfork",
  "populate_read",
  "populate_write",
  "guard_install",
  "guard_remove",
];
const MODES = ["wp", "wp-async", "wp,unpopulated"];
const SCANS = ["written", "written wp", "present", "written present", "soft-dirty"];

interface Process {
  readonly name: string;
  /** Region -> pages. */
  readonly regions: Map<string, number>;
}

class Writer {
  readonly lines: string[] = ["mmap A 8 rw private"];
  private readonly processes: Process[] = [{ name: "P", regions: new Map([["A", 8]]) }];
  private current = 0;
  private names = 1;
  private children = 0;

  constructor(private readonly kinds: Kinds) {}

  private get process(): Process {
    const process = this.processes[this.current % this.processes.length];
    if (process === undefined) throw new Error("no process");
    return process;
  }

  private newName(): string {
    return `R${this.names++}`;
  }

  private say(line: string): void {
    const { name } = this.process;
    this.lines.push(name === "P" ? line : `in ${name} ${line}`);
  }

  /** A region, and a part of it that may reach a little behind it. */
  private part({ a, b, c }: Raw): { name: string; first: number; count: number; pages: number } {
    const regions = [...this.process.regions];
    const [name, pages] = regions[a % regions.length] ?? ["A", 8];
    const first = b % (pages + 1);
    return { name, first, count: 1 + (c % 6), pages };
  }

  add(raw: Raw): void {
    const { kind, a, b, c, d } = raw;
    const { name, first, count, pages } = this.part(raw);
    const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
    const access = pick(this.kinds === "all" ? ["rw"] : ["rw", "rw", "r", "none"], d);
    const share = pick(["private", "private", "shared"], a);
    const range = `${name} ${first} ${count}`;
    // All of a region, or a part.
    const wide = c % 2 === 0 ? range : `${name} 0 ${pages}`;
    const steps: Record<string, () => void> = {
      mmap: () => this.map((to) => `mmap ${to} ${2 + (b % 9)} ${access} ${share}`, 2 + (b % 9)),
      "mmap-at": () =>
        this.map((to) => `mmap-at ${to} ${name}+${first} ${count} ${access} ${share}`, count),
      munmap: () => this.say(`munmap ${range}`),
      mprotect: () => this.say(`mprotect ${range} ${access}`),
      mremap: () => {
        const flag = d % 3 === 0 ? " dontunmap" : "";
        this.map((to) => `mremap ${name} ${first} ${count} ${to}${flag}`, count);
      },
      resize: () => this.say(`resize ${name} ${pages} ${1 + (b % 12)}`),
      read: () => this.say(`read ${range}`),
      write: () => this.say(`write ${range}`),
      madvise: () => this.say(`madvise ${range} ${pick(ADVICE, d)}`),
      clear_refs: () => this.say("clear_refs"),
      fork: () => this.fork(),
      exit: () => this.exit(),
      switch: () => {
        this.current = d;
      },
      "uffd-register": () => this.say(`uffd-register ${range} ${pick(MODES, d)}`),
      "uffd-wp": () => this.say(`uffd-wp ${range} ${pick(["on", "on", "off"], d)}`),
      "uffd-unregister": () => this.say(`uffd-unregister ${range}`),
      scan: () => this.say(`scan ${range} ${pick(SCANS, d)}`),
      "on-segv": () => this.say(`on-segv ${pick(["unprotect", "skip"], d)}`),
      pagemap: () => this.say(`pagemap ${name}`),
      "mmap-huge": () =>
        this.map((to) => `mmap ${to} 1024 ${access} private align=512`, 1024, ["hugepage"]),
      "madvise-more": () => this.say(`madvise ${wide} ${pick(MORE_ADVICE, d)}`),
      fill: () =>
        this.say(`${pick(["write", "read", "write"], d)} ${name} 0 ${Math.min(pages, 24)}`),
      ksm: () => this.say("ksm"),
      pin: () => this.say(`pin ${range}${d % 2 === 0 ? " read" : ""}`),
      unpin: () => this.say(`unpin ${range}${d % 2 === 0 ? " read" : ""}`),
      "force-write": () => this.say(`force-write ${range}`),
      migrate: () => this.say(`migrate ${wide}${d % 2 === 0 ? " hold" : ""}`),
      "migrate-end": () => this.say(`migrate-end ${wide}`),
      reclaim: () => this.say(`reclaim ${1 + d * c}`),
      swapoff: () => {
        this.say("swapoff");
        this.say("swapon");
      },
      "oom-after": () => this.say(`oom-after ${1 + d}`),
      khugepaged: () => this.say("khugepaged"),
      split: () => this.say(`split ${wide}`),
      "split-deferred": () => this.say("split-deferred"),
      idle: () => this.say(`idle ${wide}`),
    };
    steps[kind]?.();
  }

  private map(line: (name: string) => string, pages: number, advice: readonly string[] = []): void {
    const name = this.newName();
    this.say(line(name));
    this.process.regions.set(name, pages);
    for (const each of advice) this.say(`madvise ${name} 0 ${pages} ${each}`);
  }

  private fork(): void {
    if (this.processes.length > 3) return;
    const { regions } = this.process;
    const name = `c${this.children++}`;
    // Without a child, what it would do could not be played.
    if (this.kinds === "all") this.say("oom-after 0");
    this.say(`fork ${name}`);
    this.processes.push({ name, regions: new Map(regions) });
  }

  private exit(): void {
    const child = this.processes.length > 1 ? this.processes.pop() : undefined;
    if (child === undefined) return;
    this.say(`exit ${child.name}`);
  }
}

/** Scripts of up to `length` operations. */
export function scripts(length: number, kinds: Kinds = "base"): fc.Arbitrary<string> {
  const rarer = WEIGHTS.map(([kind, weight]): [string, number] => [
    kind,
    FEWER.has(kind) ? 1 : weight,
  ]);
  const weights = kinds === "base" ? WEIGHTS : [...rarer, ...MORE];
  const number = fc.nat({ max: 60 });
  const raw = fc.record({
    kind: fc.oneof(...weights.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight }))),
    a: number,
    b: number,
    c: number,
    d: number,
  });
  return fc.array(raw, { maxLength: length, size: "max" }).map((raws) => {
    const writer = new Writer(kinds);
    for (const each of raws) writer.add(each);
    return `${writer.lines.join("\n")}\n`;
  });
}
