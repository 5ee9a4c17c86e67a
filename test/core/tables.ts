// Tables by hand: the few lines with which a kernel would build them, over a compiled layout.

import type { CpuProfile } from "../../arch/cpu-schema.js";
import { plain } from "../../arch/cpus/plain.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledHalf, CompiledLayout, CompiledLevel } from "../../src/layout/compiled.js";
import { compileCpu } from "../../src/layout/cpu.js";
import type { CompiledDemand } from "../../src/layout/page-policy.js";

/** Puts an address into the address fields of an entry; `field` is that of a table or of a leaf. */
export function encodeAddress(level: CompiledLevel, field: bigint, address: bigint): bigint {
  const low = (address >> BigInt(level.addressShift)) & field;
  return low | ((address >> BigInt(level.highShift)) & level.highAddress);
}

/** A leaf; where its bits are those of a contiguous group, address bits that the hint takes are the hint's. */
export function encodeLeaf(level: CompiledLevel, address: bigint, bits: bigint): bigint {
  const { mask, value } = level.group;
  const hinted = level.groupShift > 0 && (bits & mask) === value;
  const field = encodeAddress(level, level.leafAddress, address);
  return (hinted ? field & ~mask : field) | bits;
}

/** The address of the table that an entry points to. */
function decodeTable(level: CompiledLevel, entry: bigint): bigint {
  const low = (entry & level.tableAddress) << BigInt(level.addressShift);
  return low | ((entry & level.highAddress) << BigInt(level.highShift));
}

export interface Leaf {
  readonly va: bigint;
  readonly pa: bigint;
  /** Level of the leaf, counted from the bottom; base pages unless said. */
  readonly level?: number;
  /** Bits of the leaf; those of the layout's template unless said. */
  readonly bits?: bigint;
}

/** One address space, its tables in the core's window. Needs `reset(true)` and the layout loaded. */
export class Tables {
  readonly root: bigint;
  private readonly core: Core;
  private readonly half: CompiledHalf;

  constructor(core: Core, layout: CompiledLayout) {
    this.core = core;
    [this.half] = layout.halves;
    this.root = core.exports.newTable(0, this.half.topLevel);
  }

  /** Makes it the address space of both halves. */
  activate(): void {
    this.core.exports.setRoots(this.root, this.root);
  }

  private level(number: number): CompiledLevel {
    const level = this.half.levels[number];
    if (level === undefined) throw new Error(`the layout has no level ${number}`);
    return level;
  }

  /** Physical address of the entry of `level` for an address; tables on the way are made. */
  entryAt(va: bigint, level: number): bigint {
    let table = this.root;
    for (let number = this.half.topLevel; ; number--) {
      const here = this.level(number);
      const index = (va >> BigInt(here.shift)) & (2n ** BigInt(here.indexBits) - 1n);
      const at = table + 8n * index;
      if (number === level) return at;
      table = this.tableBehind(at, here);
    }
  }

  private tableBehind(at: bigint, level: CompiledLevel): bigint {
    const entry = this.core.peek(at);
    if (entry !== 0n) return decodeTable(level, entry);
    const table = this.core.exports.newTable(0, level.level - 1);
    this.core.poke(at, encodeAddress(level, level.tableAddress, table) | this.half.tableTemplate);
    return table;
  }

  /** Maps a page. Returns the physical address of its entry. */
  map({ va, pa, level = 0, bits }: Leaf): bigint {
    const here = this.level(level);
    const at = this.entryAt(va, level);
    const attributes = bits ?? here.leafTemplate ?? 0n;
    this.core.poke(at, encodeLeaf(here, pa, attributes));
    return at;
  }

  /** Maps a contiguous group of `2^log2` pages from `va` on; returns the addresses of its entries. */
  mapGroup({ va, pa, level = 0 }: Leaf): bigint[] {
    const here = this.level(level);
    const pages = 2 ** (here.groupShift - here.shift);
    const bits = (here.leafTemplate ?? 0n) | here.group.value;
    return Array.from({ length: pages }, (_, i) => {
      const offset = BigInt(i) << BigInt(here.shift);
      return this.map({ va: va + offset, pa: pa + offset, level, bits });
    });
  }
}

export interface Setup {
  /** TLBs and walk caches; those of the profile "plain" unless said. */
  readonly cpu?: CpuProfile;
  /** The simple mapper; off unless said. */
  readonly demand?: CompiledDemand | null;
}

/** A machine as after power-on, with the window, and one empty address space that is active. */
export function begin(core: Core, layout: CompiledLayout, setup: Setup = {}): Tables {
  core.loadLayout(layout);
  core.loadCpu(compileCpu(setup.cpu ?? plain, layout));
  core.loadDemand(setup.demand ?? null);
  core.reset(true);
  const tables = new Tables(core, layout);
  tables.activate();
  return tables;
}
