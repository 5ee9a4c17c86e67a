/** How numbers of a layout are written in pictures and in the messages of failing tests. */
import { RIGHTS_KEYED } from "../../assembly/abi/stop.js";

/** What a mask is annotated with: a descriptor's field. */
interface Named {
  readonly name: string;
  readonly bits: readonly [number, number];
}

export function hexText(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** "[63,51:12]": the runs of set bits, highest first; "[]" for none. */
export function bitRanges(mask: bigint): string {
  const runs: string[] = [];
  for (let bit = 63; bit >= 0; bit--) {
    if (!isSet(mask, bit)) continue;
    let low = bit;
    while (low > 0 && isSet(mask, low - 1)) low--;
    runs.push(low === bit ? String(bit) : `${bit}:${low}`);
    bit = low;
  }
  return `[${runs.join(",")}]`;
}

function isSet(mask: bigint, bit: number): boolean {
  return ((mask >> BigInt(bit)) & 1n) === 1n;
}

/** "0x20 [5] A": hex, bits, and the fields that the mask touches. */
export function maskText(mask: bigint, fields: readonly Named[] = []): string {
  const names = fields.filter(({ bits: [hi, lo] }) => (mask & maskOfBits(hi, lo)) !== 0n);
  const words = [hexText(mask), bitRanges(mask), ...names.map(({ name }) => name)];
  return words.join(" ");
}

function maskOfBits(hi: number, lo: number): bigint {
  return (2n ** BigInt(hi - lo + 1) - 1n) << BigInt(lo);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "2 MiB" for 21. */
export function sizeText(shift: number): string {
  return `${2 ** (shift % 10)} ${UNITS[Math.floor(shift / 10)]}`;
}

/** "u:rw- s:rwx k" for rights, with the keyed flag. */
export function rightsText(rights: number): string {
  const letters = [..."rwxrwx"].map((letter, right) => ((rights >> right) & 1 ? letter : "-"));
  const keyed = (rights & RIGHTS_KEYED) === 0 ? "" : " k";
  return `u:${letters.slice(0, 3).join("")} s:${letters.slice(3).join("")}${keyed}`;
}
