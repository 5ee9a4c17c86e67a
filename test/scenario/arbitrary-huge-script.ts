// Random scripts that are well-formed: every name they use is known to the process that uses it.

import fc from "fast-check";

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

const HUGE_WEIGHTS: readonly (readonly [string, number])[] = [
  ["mmap-huge", 3],
  ["hugepages", 1],
  ["protect-huge", 3],
  ["pin", 2],
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

/** Huge pages of a pool: their size in words, and in base pages. */
export interface HugeSize {
  readonly size: string;
  readonly pages: number;
}

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
  private pinned = false;
  /** Regions of huge pages, of any process. */
  private readonly hugeRegions = new Set<string>();

  constructor(private readonly huge: HugeSize | null) {
    if (huge !== null) {
      this.lines.push(
        `hugepages ${huge.size} 5`,
        `mmap A ${2 * huge.pages} rw private huge=${huge.size}`,
      );
      this.process.regions.set("A", 2 * huge.pages);
      this.hugeRegions.add("A");
    }
  }

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
    if (this.huge !== null && this.hugeRegions.has(name) && c % 4 !== 0) {
      const unit = this.huge.pages;
      return { name, first: unit * (b % 3), count: unit * (1 + (c % 2)), pages };
    }
    const first = b % (pages + 1);
    return { name, first, count: 1 + (c % 6), pages };
  }

  add(raw: Raw): void {
    const { kind, a, b, d } = raw;
    const { name, first, count, pages } = this.part(raw);
    const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
    const access = pick(["rw", "rw", "r", "none"], d);
    const share = pick(["private", "private", "shared"], a);
    const range = `${name} ${first} ${count}`;
    const steps: Record<string, () => void> = {
      mmap: () => this.map((to) => `mmap ${to} ${2 + (b % 9)} ${access} ${share}`, 2 + (b % 9)),
      "mmap-at": () =>
        this.map((to) => `mmap-at ${to} ${name}+${first} ${count} ${access} ${share}`, count),
      munmap: () => this.say(`munmap ${range}`),
      mprotect: () => this.say(`mprotect ${range} ${access}`),
      mremap: () => {
        const flag = d % 3 === 0 ? " dontunmap" : "";
        const align = this.hugeRegions.has(name) ? ` align=${this.huge?.pages ?? 1}` : "";
        this.map((to) => `mremap ${name} ${first} ${count} ${to}${align}${flag}`, count);
        if (align !== "") this.hugeRegions.add(`R${this.names - 1}`);
      },
      resize: () => this.say(`resize ${name} ${pages} ${1 + (b % 12)}`),
      // A few pages, also of a huge one.
      read: () => this.say(`read ${name} ${first + (b % 5)} ${1 + (count % 7)}`),
      write: () => this.say(`write ${name} ${first + (b % 5)} ${1 + (count % 7)}`),
      "mmap-huge": () => this.mapHuge(1 + (a % 2), access),
      "protect-huge": () => this.protectHuge(name, pick(MODES, d), b % 2),
      hugepages: () => this.say(`hugepages ${this.huge?.size ?? "2m"} ${2 + (b % 5)}`),
      pin: () => this.pin(`${name} ${first} ${1 + (count % 3)}`),
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
    };
    steps[kind]?.();
  }

  private map(line: (name: string) => string, pages: number): void {
    const name = this.newName();
    this.say(line(name));
    this.process.regions.set(name, pages);
  }

  private protectHuge(name: string, mode: string, at: number): void {
    const pages = this.process.regions.get(name) ?? 0;
    if (this.huge === null || !this.hugeRegions.has(name)) return;
    this.say(`uffd-register ${name} 0 ${pages} ${mode}`);
    this.say(`uffd-wp ${name} ${at * this.huge.pages} ${this.huge.pages} on`);
  }

  private mapHuge(count: number, access: string): void {
    if (this.huge === null) return;
    const { pages, size } = this.huge;
    this.hugeRegions.add(`R${this.names}`);
    this.map((to) => `mmap ${to} ${count * pages} ${access} private huge=${size}`, count * pages);
  }

  /** A fork that has to copy pinned pages fails where the pool is empty, and then there is no child: not both. */
  private pin(range: string): void {
    if (this.children > 0) return;
    this.pinned = true;
    this.say(`pin ${range}`);
  }

  private fork(): void {
    if (this.processes.length > 3 || this.pinned) return;
    const { regions } = this.process;
    const name = `c${this.children++}`;
    this.say(`fork ${name}`);
    this.processes.push({ name, regions: new Map(regions) });
  }

  private exit(): void {
    const child = this.processes.length > 1 ? this.processes.pop() : undefined;
    if (child === undefined) return;
    this.say(`exit ${child.name}`);
  }
}

/** Scripts of up to `length` operations; with `huge`, many on huge pages of a pool. */
export function scripts(length: number, huge: HugeSize | null = null): fc.Arbitrary<string> {
  const number = fc.nat({ max: 60 });
  const weights = huge === null ? WEIGHTS : [...WEIGHTS, ...HUGE_WEIGHTS];
  const raw = fc.record({
    kind: fc.oneof(...weights.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight }))),
    a: number,
    b: number,
    c: number,
    d: number,
  });
  return fc.array(raw, { maxLength: length, size: "max" }).map((raws) => {
    const writer = new Writer(huge);
    for (const each of raws) writer.add(each);
    return `${writer.lines.join("\n")}\n`;
  });
}
