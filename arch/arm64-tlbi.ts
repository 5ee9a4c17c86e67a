// TLB maintenance instructions of arm64 for the EL1&0 regime: TLBI (Arm ARM C5.5, D8.17).
//
//   V  A  A  L  E1  IS        R: a range of addresses      A: every ASID
//   |  |  |  |  |   |         L: last level only, so walk caches stay
//   VA, all ASIDs, ...        IS: every CPU of the inner shareable domain, here all there are
//
// "Global" leaves go with those of an address whatever the ASID; tables on the way belong to an ASID. The
// TTL hint, which promises a level, the nXS forms, which wait for less, and the outer shareable forms drop
// nothing else and are left out.

import type { DescriptorInput } from "./schema.js";

type Row = NonNullable<DescriptorInput["invalidations"]>[number];

/** NUM and SCALE: (NUM + 1) * 2^(5 * SCALE + 1) granules, NUM 0 to 31, SCALE 0 to 3. */
const sizes = { counts: 32, log2: [1, 6, 11, 16] };

/** Those whose description was read; the others are cited from knowledge. */
const READ = ["VMALLE1", "ASIDE1", "VALE1", "VAALE1", "RVALE1", "RVAAE1", "RVAALE1"];
const READ_OF_ALL_CPUS = ["ASIDE1IS", "VAALE1IS"];

function factOf(name: string): Pick<Row, "cite" | "confidence"> {
  const read = READ.includes(name) || READ_OF_ALL_CPUS.includes(name);
  return { cite: `SYSINST TLBI ${name}, purpose`, confidence: read ? "manual" : "knowledge" };
}

/** The form that one CPU performs, and the form that all do. */
function both(name: string, what: Omit<Row, "name" | "broadcast" | "cite">): Row[] {
  const everywhere = `${name}IS`;
  return [
    { name, ...what, broadcast: false, ...factOf(name) },
    { name: everywhere, ...what, broadcast: true, ...factOf(everywhere) },
  ];
}

const given = { context: "given", global: true } as const;
const any = { context: "any", global: true } as const;

export const TLBI: Row[] = [
  ...both("VMALLE1", { addresses: "all", ...any, tables: "context" }),
  ...both("ASIDE1", { addresses: "all", context: "given", global: false, tables: "context" }),
  ...both("VAE1", { addresses: "one", ...given, tables: "address" }),
  ...both("VALE1", { addresses: "one", ...given, tables: "none" }),
  ...both("VAAE1", { addresses: "one", ...any, tables: "address" }),
  ...both("VAALE1", { addresses: "one", ...any, tables: "none" }),
  ...both("RVAE1", { addresses: "range", sizes, ...given, tables: "address" }),
  ...both("RVALE1", { addresses: "range", sizes, ...given, tables: "none" }),
  ...both("RVAAE1", { addresses: "range", sizes, ...any, tables: "address" }),
  ...both("RVAALE1", { addresses: "range", sizes, ...any, tables: "none" }),
];
