// Which kinds of records there are, for formats whose records may be accesses alone.

import { EVENT_BYTES, EVENT_KIND_MASK, EventKind } from "../abi/event";

/**
 * Bits of all records' kinds, each raised so that bit 3 shows a kind beyond `Fetch`; bits 2:0 are the OR of
 * the kinds as they are.
 */
export function kindsOf(at: u32, records: u32): u32 {
  const mask = i64x2.splat(EVENT_KIND_MASK);
  const raise = i64x2.splat(EVENT_KIND_MASK - EventKind.Fetch);
  let seen = i64x2.splat(0);
  let raised = i64x2.splat(0);
  const end = at + records * EVENT_BYTES;
  for (; at + 16 <= end; at += 16) {
    const kinds = v128.and(v128.load(at), mask);
    seen = v128.or(seen, kinds);
    raised = v128.or(raised, i64x2.add(kinds, raise));
  }
  let kinds = i64x2.extract_lane(seen, 0) | i64x2.extract_lane(seen, 1);
  let beyond = i64x2.extract_lane(raised, 0) | i64x2.extract_lane(raised, 1);
  if (at < end) {
    const kind = load<u64>(at) & EVENT_KIND_MASK;
    kinds |= kind;
    beyond |= kind + (EVENT_KIND_MASK - EventKind.Fetch);
  }
  return <u32>kinds | (<u32>beyond & (EVENT_KIND_MASK + 1));
}
