/**
 * The raw numbers of a random arm64 case, and the legal configurations (Arm ARM DDI 0487 D8.1,
 * D8.2): which TnSZ each granule allows, HD only with HA, DS only with 4 KiB and 16 KiB granules.
 */
import fc from "fast-check";
import {
  accessKind,
  chance,
  type Mutation,
  mutations,
  type Recursion,
  rawBits,
  recursion,
} from "./arbitrary-common.js";
import type { Access, Arm64Config } from "./vector.js";

/** One entry's worth of raw numbers; whether it becomes a table or a leaf is the layout's choice. */
export interface EntryDraw {
  readonly frame: bigint;
  readonly ignored: bigint;
  /** AP[2:1], AF, DBM, PXN, UXN in place. */
  readonly leafBits: bigint;
  /** Bits 62:59 of a table: APTable, UXNTable, PXNTable. */
  readonly tableLimits: bigint;
}

/** A case before it is laid out. */
export interface Draw {
  readonly config: Arm64Config;
  readonly upper: boolean;
  readonly root: bigint;
  readonly rootBeyond: boolean;
  readonly va: bigint;
  readonly vaOutOfRange: boolean;
  readonly entries: readonly EntryDraw[];
  readonly leafLevel: number;
  readonly contiguous: boolean;
  readonly recursion: Recursion | null;
  readonly mutations: readonly Mutation[];
  readonly access: Omit<Access, "va">;
}

/** Type, AP, SH or OA, AF, nG, OA, GP, DBM, PXN, UXN, table limits. */
const INTERESTING = [
  ...[0, 0, 0, 1, 1, 1, 6, 7, 8, 9, 10, 10, 10, 11],
  ...[12, 15, 16, 20, 25, 30, 32, 36, 40, 42, 44, 47, 48, 49],
  ...[50, 51, 52, 53, 54, 59, 60, 61, 62, 63],
];

/** Draws all that a case depends on. */
export function drawArm64(): fc.Arbitrary<Draw> {
  return fc
    .record({
      config: config(),
      upper: chance(35),
      txsz: fc.oneof(fc.constantFrom(12, 14, 15, 16, 25), fc.integer({ min: 12, max: 48 })),
      root: rawBits(),
      rootBeyond: chance(2),
      va: rawBits(),
      vaOutOfRange: chance(2),
      entries: fc.array(entry(), { minLength: 5, maxLength: 5 }),
      leafLevel: fc.constantFrom(3, 3, 3, 2, 2, 1, 0),
      contiguous: chance(20),
      recursion: recursion(),
      mutations: mutations(INTERESTING),
      access: accessKind(),
    })
    .map(({ config, txsz, ...rest }) => {
      // 16 to 48; down to 12 with LPA2; 64 KiB granules have FEAT_LVA and one level less: 12 to 47.
      const least = config.ds || config.granule === 64 ? 12 : 16;
      const most = config.granule === 64 ? 47 : 48;
      const legal = Math.min(Math.max(txsz, least), most);
      return {
        ...rest,
        config: { ...config, ...(rest.upper ? { t1sz: legal } : { t0sz: legal }) },
      };
    });
}

function config(): fc.Arbitrary<Arm64Config> {
  return fc
    .record({
      granule: fc.constantFrom(4, 4, 16, 64),
      ha: chance(65),
      hd: chance(70),
      wxn: chance(20),
      pan: chance(25),
      hpd0: chance(20),
      hpd1: chance(20),
      ds: chance(45),
      ips: fc.constantFrom(48, 48, 48, 40, 32, 36, 42, 44, 52, 52),
    })
    .map((drawn) => ({
      ...drawn,
      hd: drawn.hd && drawn.ha,
      ds: drawn.ds && drawn.granule !== 64,
    }));
}

function entry(): fc.Arbitrary<EntryDraw> {
  const leafBits = fc
    .record({
      ap1: chance(65),
      ap2: chance(35),
      noAccessFlag: chance(25),
      dbm: chance(50),
      pxn: chance(20),
      uxn: chance(20),
    })
    .map(
      (drawn) =>
        (drawn.ap1 ? 1n << 6n : 0n) |
        (drawn.ap2 ? 1n << 7n : 0n) |
        (drawn.noAccessFlag ? 0n : 1n << 10n) |
        (drawn.dbm ? 1n << 51n : 0n) |
        (drawn.pxn ? 1n << 53n : 0n) |
        (drawn.uxn ? 1n << 54n : 0n),
    );
  const tableLimits = fc.oneof(
    { weight: 9, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 15n }) },
  );
  return fc.record({ frame: rawBits(), ignored: rawBits(), leafBits, tableLimits });
}
