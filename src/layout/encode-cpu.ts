// Compiled CPU -> the bytes the core reads (assembly/abi/tlb.ts).

import { TLB_BASE, TLB_REGION } from "../../assembly/abi/memory-map.js";
import * as abi from "../../assembly/abi/tlb.js";
import { MmulateError } from "../errors.js";
import type { CompiledCpu } from "./cpu.js";

/**
 * The configuration words of the TLB block: `TLB_ENTRIES` bytes. Entries follow them in memory, one
 * array behind the other.
 * @throws MmulateError CONFIG when the entries do not fit the region
 */
export function encodeCpu(cpu: CompiledCpu): Uint8Array {
  const bytes = new Uint8Array(abi.TLB_ENTRIES);
  const view = new DataView(bytes.buffer);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);

  let entries = abi.TLB_ENTRIES;
  cpu.arrays.forEach(({ sets, ways }, i) => {
    const at = abi.TLB_ARRAYS + i * abi.ARRAY_BYTES;
    u32(at + abi.ARRAY_ENTRIES, TLB_BASE + entries);
    u32(at + abi.ARRAY_SET_MASK, sets - 1);
    u32(at + abi.ARRAY_WAYS, ways);
    entries += sets * ways * abi.TLB_ENTRY_BYTES;
  });
  if (entries > TLB_REGION) {
    throw new MmulateError(
      "CONFIG",
      `the TLBs of the profile take ${entries} bytes; ${TLB_REGION} are supported`,
    );
  }
  const address = (array: number): number =>
    array < 0 ? 0 : TLB_BASE + abi.TLB_ARRAYS + array * abi.ARRAY_BYTES;

  cpu.probes.forEach((halves, structure) => {
    halves.forEach((classes, half) => {
      const list = abi.TLB_PROBES + (structure * 2 + half) * abi.PROBES_BYTES;
      classes.forEach((probe, pageClass) => {
        const at = list + abi.PROBES_FIRST + pageClass * abi.PROBE_BYTES;
        u32(at + abi.PROBE_ARRAY, address(probe.array));
        u32(at + abi.PROBE_SHIFT, probe.shift);
        u32(at + abi.PROBE_FILL_CLASS, probe.fillClass);
      });
    });
  });
  cpu.walkCaches.forEach((array, level) => {
    u32(abi.TLB_WALK_CACHES + 4 * level, address(array));
  });
  return bytes;
}
