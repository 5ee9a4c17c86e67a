/** Takes an entry apart by a compiled level, as the core does. */
import { CLASS_LEAF, CLASS_TABLE } from "../../assembly/abi/stop.js";
import { type CompiledHalf, type CompiledLevel, FAULT_NAMES } from "../../src/layout/compiled.js";

/** The level by number from the leaf. */
export function levelOf(half: CompiledHalf, level: number): CompiledLevel {
  const found = half.levels[level];
  if (found === undefined) throw new Error(`${half.root} has no level ${level}`);
  return found;
}

/** "leaf", "table" or the fault; reserved bits and forbidden forms are looked at too. */
export function classify(half: CompiledHalf, level: CompiledLevel, entry: bigint): string {
  const type = Number((entry >> BigInt(half.typeShift)) & 0xffn);
  const entryClass = level.types[type] ?? Number.NaN;
  if (entryClass !== CLASS_LEAF && entryClass !== CLASS_TABLE) {
    return FAULT_NAMES[entryClass] ?? `class ${entryClass}`;
  }
  const isLeaf = entryClass === CLASS_LEAF;
  const reserved = isLeaf ? level.leafReserved : level.tableReserved;
  const forms = isLeaf ? level.leafForbidden : level.tableForbidden;
  const forbidden = forms.some(({ mask, value }) => (entry & mask) === value);
  if ((entry & reserved) !== 0n || forbidden) return "reserved";
  return isLeaf ? "leaf" : "table";
}

/** The address in an entry that points to a table. */
export function tableAddressOf(level: CompiledLevel, entry: bigint): bigint {
  return addressOf(level, level.tableAddress, entry);
}

/** The address in a leaf. */
export function leafAddressOf(level: CompiledLevel, entry: bigint): bigint {
  return addressOf(level, level.leafAddress, entry);
}

function addressOf(level: CompiledLevel, mask: bigint, entry: bigint): bigint {
  const low = (entry & mask) << BigInt(level.addressShift);
  return low | ((entry & level.highAddress) << BigInt(level.highShift));
}
