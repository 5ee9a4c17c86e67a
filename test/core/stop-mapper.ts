// The simple mapper (assembly/demand.ts) once more, outside the core: what a kernel does that knows the
// mapper's rule, given nothing but the stop block.
//
// The rule: one entry per fault. At the policy's leaf level a page, or an aligned group of them, from the
// policy's address counter; above it an empty table. Which policy decides is a matter of the address.

import { FaultKind, Stop } from "../../assembly/abi/stop.js";
import type { Core, StopBlock } from "../../src/core/core.js";
import type { CompiledLayout, CompiledLevel } from "../../src/layout/compiled.js";
import type { CompiledDemand, CompiledPolicy } from "../../src/layout/page-policy.js";
import { encodeAddress } from "./tables.js";

/** Handles not-present faults between `run` and `resume`. */
export class StopMapper {
  /** Faults handled, by the level of the entry that was not present. */
  readonly faults: number[] = [];
  tables = 0;
  mappings = 0;
  entries = 0;
  private readonly core: Core;
  private readonly layout: CompiledLayout;
  private readonly demand: CompiledDemand;
  private readonly next: [bigint, bigint];

  constructor(core: Core, layout: CompiledLayout, demand: CompiledDemand) {
    this.core = core;
    this.layout = layout;
    this.demand = demand;
    this.next = [demand.policies[0].first, demand.policies[1].first];
  }

  /** Fills the entry that the stop block names. */
  handle(stop: StopBlock): void {
    if (stop.code !== Stop.Fault || stop.fault !== FaultKind.NotPresent) {
      throw new Error(`stop ${stop.code}, fault ${stop.fault} at 0x${stop.va.toString(16)}`);
    }
    const level = this.layout.halves[stop.half === 1 ? 1 : 0].levels[stop.level];
    if (level === undefined) throw new Error(`a fault at level ${stop.level}`);
    const which = stop.va >= this.demand.split ? 1 : 0;
    const policy = this.demand.policies[which];
    this.faults[stop.level] = (this.faults[stop.level] ?? 0) + 1;
    if (stop.level === policy.level) this.fillLeaves(stop, level, policy, which);
    else this.fillTable(stop, level);
  }

  private fillTable(stop: StopBlock, level: CompiledLevel): void {
    const table = this.core.exports.newTable(stop.half, stop.level - 1);
    const address = encodeAddress(level, level.tableAddress, table);
    this.core.poke(stop.entryPa, address | this.demand.tableBits);
    this.tables += 1;
  }

  private fillLeaves(
    stop: StopBlock,
    level: CompiledLevel,
    policy: CompiledPolicy,
    which: 0 | 1,
  ): void {
    const page = 1n << BigInt(level.shift);
    const count = 1n << BigInt(policy.group);
    const bytes = page * count;
    const base = ((this.next[which] + bytes - 1n) / bytes) * bytes;
    this.next[which] = base + bytes;

    const position = (stop.va / page) % count;
    const first = stop.entryPa - 8n * position;
    for (let i = 0n; i < count; i++) {
      const address = encodeAddress(level, level.leafAddress, base + i * page);
      this.core.poke(first + 8n * i, address | policy.leafBits);
    }
    this.mappings += 1;
    this.entries += Number(count);
  }
}
