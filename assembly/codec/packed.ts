// Packed records: one byte each, and a few more where the address is no guess away.
//
// Programs repeat themselves, but absolute addresses hide it. Each record is written as the difference to a guess:
//
//   fetch   the fetch before: instructions follow one another
//   others  what was accessed the last time at this place of the program. The place is the last fetch and how
//           many records follow it. From the fifth on, and so where fetches were left out, the record before
//
//           fetch F: push   place F+0   write  guess: what the write behind F accessed last
//           fetch G: movs   place G+0   read   guess: what the read behind G accessed last
//                           place G+1   write  guess: what the write behind G's read accessed last
//
// A loop over an array then has the same differences in every round, which gzip finds. Places share a table by a
// hash; a wrong guess is only longer. Addresses and differences are kept where they stand in a record, in bits 63:3;
// arithmetic is modulo 2^64. A difference is signed and in two parts:
//
//   difference   63                     6 5    3 2  0        token     7    5 4    3 2    0
//               +------------------------+------+----+              +------+------+------+
//               |        operand         | low  | 0  |              | low  | size | kind |
//               +------------------------+------+----+              +------+------+------+
//
//   size 0: no operand, the token's sign is that of the difference; 1: 1 byte, 2: 2 bytes, 3: 8 bytes
//
// Tokens stand together and operands stand together: the position of a token does not depend on the sizes before.

import { EVENT_BYTES, EVENT_KIND_MASK, EventKind } from "../abi/event";

const SLOT_BYTES: u32 = 8;
/** What each of 4096 places accessed last. */
const TABLE_BYTES: u32 = 4096 * SLOT_BYTES;
/** So many records behind a fetch have places of their own. */
const PLACES: u32 = 4;
const SIZE_SHIFT: u32 = 3;
const SIZE_MASK: u32 = 3 << SIZE_SHIFT;
/** By size, a byte each: bits of the operand's 8-byte word that are not the operand. */
const SPARE_BITS: u32 = 0x00303800;
const OPERAND_SHIFT: u64 = 6;
const LOW_MASK: u64 = 0x38;
const LOW_TO_TOKEN: u64 = 2;

/** Where the guess for a record that is no fetch stands in the table. */
class Guess {
  @inline
  static slot(fetched: u64, since: u32): u32 {
    const hash = ((<u32>fetched * 0x9e3779b1) >> 20) + since;
    return (hash * SLOT_BYTES) & (TABLE_BYTES - SLOT_BYTES);
  }
}

/**
 * Packs records.
 *
 * @param from the records
 * @param tokens room for a byte per record
 * @param operands room for 8 bytes per record
 * @param table `TABLE_BYTES` to work with
 * @returns the end of the operands
 */
export function pack(from: u32, records: u32, tokens: u32, operands: u32, table: u32): u32 {
  memory.fill(table, 0, TABLE_BYTES);
  let fetched: u64 = EventKind.Fetch;
  let last: u64 = 0;
  let since: u32 = 0;
  for (let i: u32 = 0; i < records; i++) {
    const record = load<u64>(from + i * EVENT_BYTES);
    const kind = record & EVENT_KIND_MASK;
    let difference: i64;
    if (kind == <u64>EventKind.Fetch) {
      difference = record - fetched;
      fetched = record;
      since = 0;
    } else {
      let guess = last;
      last = record - kind;
      if (since < PLACES) {
        const slot = table + Guess.slot(fetched, since);
        since++;
        guess = load<u64>(slot);
        store<u64>(slot, last);
      }
      difference = last - guess;
    }
    const operand = difference >> OPERAND_SHIFT;
    const size = sizeFor(difference, operand);
    const low = (<u64>difference & LOW_MASK) << LOW_TO_TOKEN;
    store<u8>(tokens + i, kind | (size << SIZE_SHIFT) | low);
    store<i64>(operands, operand);
    if (size != 0) operands += operandBytes(spareBits(size << SIZE_SHIFT));
  }
  return operands;
}

function sizeFor(difference: i64, operand: i64): u32 {
  if (difference >= -32 && difference < 32) return 0;
  if (operand == <i64>(<i8>operand)) return 1;
  return operand == <i64>(<i16>operand) ? 2 : 3;
}

function spareBits(shiftedSize: u32): u32 {
  return (SPARE_BITS >> shiftedSize) & 0xff;
}

function operandBytes(spare: u32): u32 {
  return 8 - (spare >> 3);
}

/**
 * Unpacks records. It reads at most 8 bytes per record from `operands` on, whatever the tokens are.
 *
 * @param out room for the records
 * @param table `TABLE_BYTES` to work with
 * @returns the end of the operands
 */
export function unpack(tokens: u32, records: u32, operands: u32, out: u32, table: u32): u32 {
  memory.fill(table, 0, TABLE_BYTES);
  let fetched: u64 = EventKind.Fetch;
  let last: u64 = 0;
  let since: u32 = 0;
  const end = tokens + records;
  for (; tokens < end; tokens++) {
    const token = <i64>load<i8>(tokens);
    let difference = (token >> LOW_TO_TOKEN) & ~EVENT_KIND_MASK;
    const size = <u32>token & SIZE_MASK;
    if (size != 0) {
      const spare = spareBits(size);
      const operand = (load<i64>(operands) << spare) >> spare;
      difference = (operand << OPERAND_SHIFT) | (difference & LOW_MASK);
      operands += operandBytes(spare);
    }
    const kind = <u64>token & EVENT_KIND_MASK;
    if (kind == <u64>EventKind.Fetch) {
      fetched += difference;
      since = 0;
      store<u64>(out, fetched);
    } else {
      if (since < PLACES) {
        const slot = table + Guess.slot(fetched, since);
        since++;
        last = load<u64>(slot) + difference;
        store<u64>(slot, last);
      } else {
        last += difference;
      }
      store<u64>(out, last | kind);
    }
    out += EVENT_BYTES;
  }
  return operands;
}
