// Stage 2 of arm64's EL1&0 regime (Arm ARM DDI 0487, chapter D8): VTTBR_EL2, VTCR_EL2.
//
//      63   59 58  55 54 53  52   51  50 49 48 47                 12 11 10  9 8 7   6 5   2 1 0
//     +-------+------+-----+----+---+-----+-----+---------------------+--+--+---+-----+-----+-+-+
//     | PBHA  | sw   | XN  |CONT|DBM|     |     | address             |  |AF|SH |S2AP |MemAttr|T|V|
//     +-------+------+-----+----+---+-----+-----+---------------------+--+--+---+-----+-----+-+-+
//
// Up to 16 tables stand side by side at the first level ("concatenated"), so that 40 bits need no level more than 39:
// the first level then has more index bits. Sections are cited from knowledge; the text was not read again.

import { arm64 } from "../arm64.js";
import { define } from "../define.js";
import { oneRoot } from "../one-root.js";
import { sharedFields, sharedParameter } from "./shared-rows.js";

const knowledge = "knowledge" as const;

/**
 * Index bits from the leaf up, by the bits of an address. The first level has up to 4 more, of tables side by side; as
 * many levels as that leaves are used (LINUX arch/arm64/include/asm/stage2_pgtable.h stage2_pgtable_levels).
 */
const GEOMETRY = [
  {
    when: "granule=4",
    pageShift: 12,
    cite: "ARM D8.2.6 and D8.2.9, concatenated tables",
    rows: [
      { below: 35, indexBits: [9, 13] },
      { below: 44, indexBits: [9, 9, 13] },
      { indexBits: [9, 9, 9, 13] },
    ],
  },
  {
    when: "granule=16",
    pageShift: 14,
    cite: "ARM D8.2.7 and D8.2.9, concatenated tables",
    rows: [
      { below: 41, indexBits: [11, 15] },
      { below: 52, indexBits: [11, 11, 15] },
      { indexBits: [11, 11, 11, 15] },
    ],
  },
  {
    when: "granule=64",
    pageShift: 16,
    cite: "ARM D8.2.8 and D8.2.9, concatenated tables",
    rows: [{ below: 47, indexBits: [13, 17] }, { indexBits: [13, 13, 17] }],
  },
];

export const armStage2 = define({
  name: "arm64-stage2",
  title: "Stage 2 of arm64's EL1&0 regime",
  sources: {
    ARM: "Arm Architecture Reference Manual for A-profile, DDI 0487 L.a",
  },
  parameters: {
    granule: {
      type: "integer",
      default: 4,
      allowed: [4, 16, 64],
      means: "translation granule in KiB (VTCR_EL2.TG0)",
      cite: "ARM D8.2.1",
    },
    ipa: {
      type: "integer",
      default: 48,
      min: 32,
      max: 52,
      means: "bits of an intermediate physical address: 64 - VTCR_EL2.T0SZ",
      cite: "ARM D8.2.4",
    },
    ha: {
      type: "boolean",
      default: true,
      means: "VTCR_EL2.HA: hardware sets the access flag",
      cite: "ARM D8.5.1",
    },
    hd: {
      type: "boolean",
      default: false,
      means: "VTCR_EL2.HD: hardware manages dirty state; effective only with HA",
      cite: "ARM D8.5.2",
    },
    ps: {
      type: "integer",
      default: 48,
      allowed: [32, 36, 40, 42, 44, 48, 52],
      means: "VTCR_EL2.PS: output address size in bits",
      cite: "ARM D8.2.2",
    },
    ds: sharedParameter(arm64, "ds", {
      means: "VTCR_EL2.DS (LPA2): 52-bit addresses with 4 and 16 KiB granules",
    }),
    pamax: sharedParameter(arm64, "pamax", { default: 48 }),
  },
  limits: [
    {
      param: "ipa",
      when: ["granule!=64", "!ds"],
      min: 32,
      max: 48,
      cite: "ARM D8.2.4: more than 48 bits with FEAT_LPA2",
      confidence: knowledge,
    },
    {
      param: "ipa",
      when: ["granule=64", "pamax=48"],
      min: 32,
      max: 48,
      cite: "ARM D8.2.4: more than 48 bits with FEAT_LPA",
      confidence: knowledge,
    },
    {
      param: "ps",
      when: ["pamax=48"],
      min: 32,
      max: 48,
      cite: "ARM D8.2.2: an output size above the implemented one is not used",
      confidence: knowledge,
    },
  ],
  typical: { values: {}, cite: "LINUX arch/arm64/kvm/hyp/pgtable.c kvm_get_vtcr: HA, no HD" },
  addressSpace: {
    ...oneRoot("VTTBR"),
    cite: "ARM AArch64.S2Walk: a translation fault at the first level",
  },
  geometry: GEOMETRY.flatMap(({ rows, ...granule }) =>
    rows.map(({ below, indexBits }) => ({
      when: [granule.when, ...(below === undefined ? [] : [`ipa<${below}`])],
      pageShift: granule.pageShift,
      indexBits,
      vaBits: { param: "ipa" },
      cite: granule.cite,
    })),
  ),
  levelNames: ["L3", "L2", "L1", "L0"],
  levelNumber: { first: 3, step: -1 },
  fields: [
    ...sharedFields(arm64, ["VALID", "TYPE", "SH", "AF", "DBM", "CONT", "SW", "PBHA"]),
    { name: "MemAttr", bits: [5, 2], of: "leaf", means: "memory attributes", cite: "ARM D8.6" },
    { name: "S2R", bits: [6, 6], of: "leaf", means: "S2AP[0]: reads allowed", cite: "ARM D8.4.2" },
    {
      name: "S2W",
      bits: [7, 7],
      of: "leaf",
      means: "S2AP[1]: writes allowed; with DBM and HD: dirty",
      cite: "ARM D8.4.2",
    },
    {
      name: "XN0",
      bits: [53, 53],
      of: "leaf",
      means: "XN[0], with FEAT_XNX",
      cite: "ARM D8.4.2, XN[1:0]",
    },
    { name: "XN1", bits: [54, 54], of: "leaf", means: "XN[1]", cite: "ARM D8.4.2, XN[1:0]" },
  ],
  // Of both stages alike: what an entry is, and where its address stands.
  types: arm64.types,
  address: arm64.address,
  addressLimit: { bits: { param: "ps" }, cite: "ARM AArch64.OAOutOfRange" },
  permissions: {
    leaf: ["S2R", "S2W", "DBM", "XN0", "XN1"],
    table: [],
    rows: [
      { when: ["!S2R"], remove: ["user.read", "supervisor.read"], cite: "ARM D8.4.2, S2AP[0]" },
      {
        when: ["!S2W", "!hd"],
        remove: ["user.write", "supervisor.write"],
        cite: "ARM D8.4.2, S2AP[1]",
      },
      {
        when: ["!S2W", "!ha"],
        remove: ["user.write", "supervisor.write"],
        cite: "ARM D8.5.2: HD has no effect without HA",
      },
      {
        when: ["!S2W", "!DBM"],
        remove: ["user.write", "supervisor.write"],
        cite: "ARM D8.5.2: writable-clean needs DBM",
      },
      {
        when: ["XN1", "!XN0"],
        remove: ["user.fetch", "supervisor.fetch"],
        cite: "ARM D8.4.2: XN 10, none",
      },
      { when: ["!XN1", "XN0"], remove: ["supervisor.fetch"], cite: "ARM D8.4.2: XN 01, EL0 only" },
      { when: ["XN1", "XN0"], remove: ["user.fetch"], cite: "ARM D8.4.2: XN 11, EL1 only" },
      {
        when: ["!S2R"],
        remove: ["user.fetch", "supervisor.fetch"],
        cite: "ARM D8.4.2: what cannot be read is not executed",
        confidence: knowledge,
      },
    ],
  },
  accessed: {
    field: "AF",
    value: 1,
    rows: [
      { when: ["ha"], by: "hardware", cite: "ARM D8.5.1" },
      { by: "fault", cite: "ARM D8.5.1: an Access flag fault, stage 2" },
    ],
    cite: "ARM D8.5.1",
  },
  dirty: {
    field: "S2W",
    value: 1,
    rows: [
      { when: ["ha", "hd"], by: "hardware", cite: "ARM D8.5.2: S2AP[1] is set where DBM is" },
      { by: "nobody", cite: "ARM D8.5.2" },
    ],
    cite: "ARM D8.5.2",
  },
  accessedBeforePermission: true,
  faultDropsTlb: { value: false, cite: "ARM D8.16: entries that caused a fault may be kept" },
  contiguous: arm64.contiguous,
  invalidations: [
    {
      name: "IPAS2E1IS",
      addresses: "one",
      context: "current",
      global: false,
      tables: "none",
      broadcast: true,
      secondStage: "address",
      stageOne: false,
      cite: "ARM TLBI IPAS2E1IS: stage 2 entries of the address; combined ones stay until VMALLE1IS or VMALLS12E1IS",
    },
    {
      name: "VMALLS12E1IS",
      addresses: "all",
      context: "any",
      global: true,
      tables: "context",
      broadcast: true,
      secondStage: "all",
      cite: "ARM TLBI VMALLS12E1IS: stage 1 and 2 of the current VMID",
    },
    {
      name: "ALLE1IS",
      addresses: "all",
      context: "any",
      guest: "any",
      global: true,
      tables: "context",
      broadcast: true,
      secondStage: "all",
      cite: "ARM TLBI ALLE1IS: stage 1 and 2 of every VMID",
    },
    {
      name: "VMALLE1IS",
      addresses: "all",
      context: "any",
      global: true,
      tables: "context",
      broadcast: true,
      cite: "ARM TLBI VMALLE1IS: stage 1 of the current VMID, combined entries among them",
    },
  ],
  secondStage: {
    tablesWritten: null,
    rightsAt: null,
    pageSets: 0,
    tableSets: 0x80,
    cite: "ARM ESR_EL2, ISS of a data abort: S1PTW (bit 7) for a fault on a stage 1 walk; HPFAR_EL2 holds the IPA",
  },
  faults: {
    report: {
      "out-of-range": { kind: "translation", level: true, code: true },
      "not-present": { kind: "translation", level: true, code: true },
      reserved: { kind: "translation", level: true, code: true },
      "address-size": { kind: "address-size", level: true, code: true },
      "access-flag": { kind: "access-flag", level: true, code: true },
      permission: { kind: "permission", level: true, code: true },
      key: { kind: "permission", level: true, code: true },
      dirty: { kind: "permission", level: true, code: true },
    },
    codeField: "iss",
    rows: [
      { when: ["fault=not-present"], set: 0x04, cite: "ARM ESR_EL2, DFSC: translation fault" },
      { when: ["fault=out-of-range"], set: 0x04, cite: "ARM ESR_EL2, DFSC: translation fault" },
      { when: ["fault=access-flag"], set: 0x08, cite: "ARM ESR_EL2, DFSC: access flag fault" },
      { when: ["fault=permission"], set: 0x0c, cite: "ARM ESR_EL2, DFSC: permission fault" },
      { when: ["level=1"], set: 0x01, cite: "ARM ESR_EL2, DFSC[1:0]: the level" },
      { when: ["level=2"], set: 0x02, cite: "ARM ESR_EL2, DFSC[1:0]: the level" },
      { when: ["level=3"], set: 0x03, cite: "ARM ESR_EL2, DFSC[1:0]: the level" },
      { when: ["access=write"], set: 0x40, cite: "ARM ESR_EL2, WnR (bit 6)" },
    ],
  },
  templates: [
    { of: "table", fields: { VALID: 1, TYPE: 1 } },
    // Bits 9:8 are those of an address then.
    {
      of: "leaf",
      levels: [0],
      when: ["ds", "granule!=64"],
      fields: { VALID: 1, TYPE: 1, MemAttr: 15, S2R: 1, S2W: 1, AF: 1 },
    },
    {
      of: "leaf",
      when: ["ds", "granule!=64"],
      fields: { VALID: 1, TYPE: 0, MemAttr: 15, S2R: 1, S2W: 1, AF: 1 },
    },
    {
      of: "leaf",
      levels: [0],
      fields: { VALID: 1, TYPE: 1, MemAttr: 15, S2R: 1, S2W: 1, SH: 3, AF: 1 },
    },
    {
      of: "leaf",
      levels: [1, 2],
      fields: { VALID: 1, TYPE: 0, MemAttr: 15, S2R: 1, S2W: 1, SH: 3, AF: 1 },
    },
  ],
  steps: {
    range: "ARM AArch64.S2Walk",
    root: "ARM VTTBR_EL2",
    entry: "ARM AArch64.S2Walk",
    table: "ARM D8.3.1",
    leaf: "ARM D8.3.1",
    permission: "ARM D8.4.2",
    update: "ARM D8.5",
    fault: "ARM ESR_EL2, HPFAR_EL2",
  },
});
