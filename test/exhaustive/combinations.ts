// Every combination of some bits of two entries, of control state and of an access, on the core and on an
// oracle: what kvm-unit-tests' access test does for x86-64 on hardware, for any architecture.
//
// An architecture is one file of axes (what varies, each bit with its name) and one oracle, written from the
// manual over raw entries; it shares no table with `arch/` or `src/`. The harness knows neither.
//
//   for each control state                  compiled and loaded once
//     for each shape                        which level maps the page
//       for each value of the entry above
//         for each value of the leaf, for each of the six accesses
//           restore what the last access changed; touch; compare end, address and both entries
//
// The core has no TLB here (`partition` was never called), so that every access walks. One access is one
// call without a bigint, about 0.1 µs; so tens of millions of combinations take seconds.

import type { Descriptor } from "../../arch/schema.js";
import { STOP_BASE } from "../../assembly/abi/memory-map.js";
import { ACCESSES, STOP_FAULT_CODE, STOP_PA } from "../../assembly/abi/stop.js";
import type { Core } from "../../src/core/core.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledHalf, CompiledLevel } from "../../src/layout/compiled.js";
import { encodeAddress, Tables } from "../core/tables.js";

/** Control state: a value for each parameter that the axes name. */
export type Control = Readonly<Record<string, boolean | number>>;

/** A bit (or a value of several bits) that is there or not. */
export interface Axis {
  readonly name: string;
  readonly bits: bigint;
}

/** Where the leaf is, and what varies in it and in the entry above. Entries further up restrict nothing. */
export interface Shape {
  readonly name: string;
  /** Level of the leaf, counted from the last level. */
  readonly level: number;
  /** Bits that the leaf has always, beside its address. */
  readonly leafBits: bigint;
  readonly leaf: readonly Axis[];
  /** Undefined: nothing above varies. */
  readonly table?: readonly Axis[];
}

/** A 64-bit entry in two words, so that no bigint is made per combination. */
export interface Entry {
  lo: number;
  hi: number;
}

/** What became of an access, beside its fault code. */
export interface Ending {
  /** Where it went through: the physical address. */
  pa: number;
  /** Low words afterwards; no architecture here changes a high word. */
  table: number;
  leaf: number;
}

/**
 * Says what the manual makes of an access to an address whose offset in the base page is 0: returns the
 * architecture's fault code, -1 where it goes through, and fills in `ending`.
 * @param table the entry above the leaf; where the shape varies none, it restricts nothing
 * @param access `mode * 3 + type`: user before supervisor; read, write, fetch
 */
export type Oracle = (table: Entry, leaf: Entry, access: number, ending: Ending) => number;

export interface Architecture {
  readonly name: string;
  readonly descriptor: Descriptor;
  /** Values of each control parameter; all products are taken. */
  readonly controls: Readonly<Record<string, readonly (boolean | number)[]>>;
  /** Control states that make no sense are left out. */
  readonly legal?: ((control: Control) => boolean) | undefined;
  readonly shapes: (control: Control) => readonly Shape[];
  /** Bits that an entry above a leaf has beside its address where no axis is on. */
  readonly tableBits: bigint;
  /** An address that is translated in every control state. */
  readonly va: bigint;
  /** Physical address of what the leaf maps; 2 GiB unless given. */
  readonly page?: bigint;
  readonly oracle: (control: Control, shape: Shape, va: number) => Oracle;
}

export interface Outcome {
  /** How many combinations there are, and how many of them were tried. */
  readonly all: number;
  readonly tried: number;
  /** How many ended otherwise, and the first few of these with names and entries. */
  readonly failed: number;
  readonly failures: readonly string[];
}

const ACCESS_NAMES = ["user", "supervisor"].flatMap((mode) =>
  ["read", "write", "fetch"].map((type) => `${mode} ${type}`),
);
const SHOWN = 5;
/** Aligned for leaves up to 2 GiB. */
const PAGE = 0x8000_0000n;

/** All control states, in the order of a counter whose first parameter runs slowest. */
export function controlsOf({ controls, legal }: Architecture): Control[] {
  let states: Control[] = [{}];
  for (const [name, values] of Object.entries(controls)) {
    states = states.flatMap((state) => values.map((value) => ({ ...state, [name]: value })));
  }
  return legal === undefined ? states : states.filter(legal);
}

interface Valued extends Readonly<Entry> {
  readonly names: string;
}

/** Every combination of the axes over `base`; neighbours differ in one bit. */
function valuesOf(axes: readonly Axis[], base: bigint): Valued[] {
  return Array.from({ length: 2 ** axes.length }, (_, n) => {
    const gray = n ^ (n >> 1);
    const on = axes.filter((_, i) => ((gray >> i) & 1) === 1);
    const value = on.reduce((entry, { bits }) => entry | bits, base);
    const names = on.map(({ name }) => name).join(" ");
    return { names, lo: Number(value & 0xffff_ffffn), hi: Number(value >> 32n) };
  });
}

interface Place {
  /** Index in `memory` of the entry's low word. */
  readonly at: number;
  /** The entry where no axis is on. */
  readonly base: bigint;
}

/** The machine in one control state: tables for the address, and where their entries stand. */
class Stage {
  readonly memory: Uint32Array;
  private readonly half: CompiledHalf;
  /** By level: index in `memory` of the entry that translates the address, and what it was. */
  private readonly way: readonly Place[];

  constructor(
    core: Core,
    private readonly architecture: Architecture,
    control: Control,
  ) {
    const layout = compileLayout(architecture.descriptor, control);
    [this.half] = layout.halves;
    core.loadLayout(layout);
    core.reset(true);
    const tables = new Tables(core, layout);
    tables.activate();
    tables.entryAt(architecture.va, 0);
    const page = Number(architecture.va >> BigInt(layout.pageShift));
    this.way = this.half.levels.map((_, level) => ({
      at: core.exports.findEntry(Number(tables.root), page, level) >>> 2,
      base: core.peek(tables.entryAt(architecture.va, level)),
    }));
    this.memory = new Uint32Array(core.exports.memory.buffer);
  }

  private level(number: number): CompiledLevel {
    const level = this.half.levels[number];
    if (level === undefined) throw new Error(`there is no level ${number}`);
    return level;
  }

  /** Where the leaf of a shape stands, with its address bits. */
  leaf({ level, leafBits }: Shape): Place {
    const here = this.level(level);
    return {
      at: this.way[level]?.at ?? 0,
      base: encodeAddress(here, here.leafAddress, this.architecture.page ?? PAGE) | leafBits,
    };
  }

  /** Where the entry above it stands; above the top, a word beside the last level that no walk reads. */
  table({ level, table }: Shape): Place {
    const above = this.way[level + 1];
    if (above === undefined) return { at: (this.way[0]?.at ?? 0) + 2, base: 0n };
    if (table === undefined) return above;
    const { tableAddress, highAddress } = this.level(level + 1);
    const address = above.base & (tableAddress | highAddress);
    return { at: above.at, base: address | this.architecture.tableBits };
  }

  /** All tables as they were made. */
  restore(): void {
    for (const { at, base } of this.way)
      this.put(at, Number(base & 0xffff_ffffn), Number(base >> 32n));
  }

  put(at: number, lo: number, hi: number): void {
    this.memory[at] = lo;
    this.memory[at + 1] = hi;
  }
}

const STOP_CODE_WORD = (STOP_BASE + STOP_FAULT_CODE) >>> 2;
const STOP_PA_WORD = (STOP_BASE + STOP_PA) >>> 2;

/** What a run has seen so far. */
class Tally {
  all = 0;
  tried = 0;
  failed = 0;
  readonly failures: string[] = [];
  private until: number;

  /**
   * @param every try one combination in so many
   * @param enough failures after which there is no need to go on
   */
  constructor(
    private readonly every: number,
    private readonly enough: number,
  ) {
    this.until = every;
  }

  get done(): boolean {
    return this.failed >= this.enough;
  }

  /** Counts a combination; whether it is to be tried. */
  next(): boolean {
    this.all++;
    if (--this.until > 0) return false;
    this.until = this.every;
    this.tried++;
    return true;
  }

  /** Counts combinations of which none is to be tried; false, and counts none, where one is. */
  skips(combinations: number): boolean {
    if (this.until <= combinations) return false;
    this.all += combinations;
    this.until -= combinations;
    return true;
  }

  fail(tell: () => string): void {
    this.failed++;
    if (this.failures.length < SHOWN) this.failures.push(tell());
  }
}

/**
 * Tries combinations of an architecture on a core that has no CPU, so no TLB.
 * @param every 1: all of them; else one in so many (a prime: what varies has regular periods)
 * @param enough stop after so many failures
 */
export function tryCombinations(
  core: Core,
  architecture: Architecture,
  every = 1,
  enough = Number.POSITIVE_INFINITY,
): Outcome {
  const tally = new Tally(every, enough);
  for (const control of controlsOf(architecture)) {
    if (tally.done) break;
    const stage = new Stage(core, architecture, control);
    for (const shape of architecture.shapes(control)) {
      stage.restore();
      tryShape(core, architecture, control, stage, shape, tally);
    }
  }
  return tally;
}

function tryShape(
  core: Core,
  architecture: Architecture,
  control: Control,
  stage: Stage,
  shape: Shape,
  tally: Tally,
): void {
  const { memory } = stage;
  const va = Number(architecture.va);
  const page = va / 2 ** core.pageShift;
  const oracle = architecture.oracle(control, shape, va);
  const [tableAt, leafAt] = [stage.table(shape), stage.leaf(shape)];
  const leaves = valuesOf(shape.leaf, leafAt.base);
  const want: Ending = { pa: 0, table: 0, leaf: 0 };
  for (const table of valuesOf(shape.table ?? [], tableAt.base)) {
    if (tally.done) return;
    for (const leaf of leaves) {
      if (tally.skips(ACCESSES)) continue;
      for (let access = 0; access < ACCESSES; access++) {
        if (!tally.next()) continue;
        stage.put(tableAt.at, table.lo, table.hi);
        stage.put(leafAt.at, leaf.lo, leaf.hi);
        const faulted = core.exports.touch(page, access) !== 0;
        const code = faulted ? (memory[STOP_CODE_WORD] ?? 0) : -1;
        const wanted = oracle(table, leaf, access, want);
        const right =
          code === wanted &&
          memory[tableAt.at] === want.table &&
          memory[tableAt.at + 1] === table.hi &&
          memory[leafAt.at] === want.leaf &&
          memory[leafAt.at + 1] === leaf.hi &&
          (faulted || paOf(memory) === want.pa);
        if (right) continue;
        tally.fail(() => {
          const got = {
            pa: paOf(memory),
            table: memory[tableAt.at] ?? 0,
            leaf: memory[leafAt.at] ?? 0,
          };
          return [
            `${shape.name}: ${ACCESS_NAMES[access]}; ${controlText(control)}`,
            `  table ${entryText(table)} ${table.names}`,
            `  leaf  ${entryText(leaf)} ${leaf.names}`,
            `  ends  ${endingText(code, got, table, leaf)}`,
            `  not   ${endingText(wanted, want, table, leaf)}`,
          ].join("\n");
        });
      }
    }
  }
}

function paOf(memory: Uint32Array): number {
  return (memory[STOP_PA_WORD + 1] ?? 0) * 2 ** 32 + (memory[STOP_PA_WORD] ?? 0);
}

/** Names of what is on; a number with its value. */
function controlText(control: Control): string {
  return Object.entries(control)
    .flatMap(([name, value]) => {
      if (typeof value === "number") return [`${name}=${hex(value)}`];
      return value ? [name] : [];
    })
    .join(" ");
}

function entryText({ lo, hi }: Entry): string {
  return `0x${hi.toString(16).padStart(8, "0")}${lo.toString(16).padStart(8, "0")}`;
}

function endingText(code: number, ending: Ending, table: Entry, leaf: Entry): string {
  const end = code < 0 ? `at ${hex(ending.pa)}` : `with code ${hex(code)}`;
  const after = (entry: Entry, lo: number) => entryText({ hi: entry.hi, lo: lo >>> 0 });
  return `${end}, table ${after(table, ending.table)}, leaf ${after(leaf, ending.leaf)}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
