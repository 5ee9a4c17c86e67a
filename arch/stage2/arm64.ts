// Stage 2 of arm64's EL1&0 regime (Arm ARM DDI 0487, chapter D8): VTTBR_EL2, VTCR_EL2.
//
//      63   59 58  55 54 53  52   51  50 49 48 47                 12 11 10  9 8 7   6 5   2 1 0
//     +-------+------+-----+----+---+-----+-----+---------------------+--+--+---+-----+-----+-+-+
//     | PBHA  | sw   | XN  |CONT|DBM|     |     | address             |  |AF|SH |S2AP |MemAttr|T|V|
//     +-------+------+-----+----+---+-----+-----+---------------------+--+--+---+-----+-----+-+-+
//
// Up to 16 tables stand side by side at the first level ("concatenated"), so that 40 bits need no level more than 39:
// the first level then has more index bits. Sections are cited from knowledge; the text was not read again.

import { define } from "../define.js";

const knowledge = "knowledge" as const;

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
      allowed: [40, 48],
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
      allowed: [32, 36, 40, 42, 44, 48],
      means: "VTCR_EL2.PS: output address size in bits",
      cite: "ARM D8.2.2",
    },
  },
  typical: { values: {}, cite: "LINUX arch/arm64/kvm/hyp/pgtable.c kvm_get_vtcr: HA, no HD" },
  addressSpace: {
    select: 63,
    signExtended: false,
    halves: [
      { root: "VTTBR", own: {} },
      { root: "VTTBR", own: {} },
    ],
    rangeLevel: "top",
    cite: "ARM AArch64.S2Walk: a translation fault at the first level",
  },
  geometry: [
    {
      when: ["granule=4", "ipa=40"],
      pageShift: 12,
      indexBits: [9, 9, 10],
      vaBits: { param: "ipa" },
      cite: "ARM D8.2.6: 2 concatenated tables at level 1",
    },
    {
      when: ["granule=4"],
      pageShift: 12,
      indexBits: 9,
      vaBits: { param: "ipa" },
      cite: "ARM D8.2.6",
    },
    {
      when: ["granule=16", "ipa=40"],
      pageShift: 14,
      indexBits: [11, 15],
      vaBits: { param: "ipa" },
      cite: "ARM D8.2.7: 16 concatenated tables at level 2",
    },
    {
      when: ["granule=16"],
      pageShift: 14,
      indexBits: [11, 11, 12],
      vaBits: { param: "ipa" },
      cite: "ARM D8.2.7: 2 concatenated tables at level 1",
    },
    {
      when: ["granule=64"],
      pageShift: 16,
      indexBits: 13,
      vaBits: { param: "ipa" },
      cite: "ARM D8.2.8",
    },
  ],
  levelNames: ["L3", "L2", "L1", "L0"],
  levelNumber: { first: 3, step: -1 },
  fields: [
    { name: "VALID", bits: [0, 0], of: "any", means: "descriptor is valid", cite: "ARM D8.3.1" },
    {
      name: "TYPE",
      bits: [1, 1],
      of: "any",
      means: "table, or page at level 3",
      cite: "ARM D8.3.1",
    },
    { name: "MemAttr", bits: [5, 2], of: "leaf", means: "memory attributes", cite: "ARM D8.6" },
    { name: "S2R", bits: [6, 6], of: "leaf", means: "S2AP[0]: reads allowed", cite: "ARM D8.4.2" },
    {
      name: "S2W",
      bits: [7, 7],
      of: "leaf",
      means: "S2AP[1]: writes allowed; with DBM and HD: dirty",
      cite: "ARM D8.4.2",
    },
    { name: "SH", bits: [9, 8], of: "leaf", means: "shareability", cite: "ARM D8.6.2" },
    { name: "AF", bits: [10, 10], of: "leaf", means: "access flag", cite: "ARM D8.5.1" },
    { name: "DBM", bits: [51, 51], of: "leaf", means: "dirty bit modifier", cite: "ARM D8.5.2" },
    {
      name: "CONT",
      bits: [52, 52],
      of: "leaf",
      means: "one of a contiguous group",
      cite: "ARM D8.7.1",
    },
    {
      name: "XN0",
      bits: [53, 53],
      of: "leaf",
      means: "XN[0], with FEAT_XNX",
      cite: "ARM D8.4.2, XN[1:0]",
    },
    { name: "XN1", bits: [54, 54], of: "leaf", means: "XN[1]", cite: "ARM D8.4.2, XN[1:0]" },
    { name: "SW", bits: [58, 55], of: "leaf", means: "ignored: software", cite: "ARM D8.3.1" },
  ],
  types: [
    { fields: { VALID: 0 }, is: "not-present", cite: "ARM AArch64.DecodeDescriptorType" },
    { levels: [0], fields: { VALID: 1, TYPE: 1 }, is: "leaf", cite: "ARM D8.3.1, page descriptor" },
    {
      levels: [0],
      fields: { VALID: 1, TYPE: 0 },
      is: "not-present",
      cite: "ARM AArch64.DecodeDescriptorType",
    },
    { fields: { VALID: 1, TYPE: 1 }, is: "table", cite: "ARM AArch64.DecodeDescriptorType" },
    {
      levels: [1],
      fields: { VALID: 1, TYPE: 0 },
      is: "leaf",
      cite: "ARM AArch64.BlockDescSupported",
    },
    {
      levels: [2],
      when: ["granule=4"],
      fields: { VALID: 1, TYPE: 0 },
      is: "leaf",
      cite: "ARM AArch64.BlockDescSupported: 1 GiB",
    },
    { fields: { VALID: 1, TYPE: 0 }, is: "not-present", cite: "ARM AArch64.DecodeDescriptorType" },
  ],
  address: [
    { when: ["granule=4"], bits: [47, 12], at: 12, cite: "ARM D8.3.1, 4KB granule" },
    { when: ["granule=16"], bits: [47, 14], at: 14, cite: "ARM D8.3.1, 16KB granule" },
    { when: ["granule=64"], bits: [47, 16], at: 16, cite: "ARM D8.3.1, 64KB granule" },
  ],
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
  contiguous: [
    { when: ["granule=4"], level: 0, log2: 4, fields: { CONT: 1 }, cite: "ARM D8.7.1" },
    { when: ["granule=16"], level: 0, log2: 7, fields: { CONT: 1 }, cite: "ARM D8.7.1" },
    { when: ["granule=64"], level: 0, log2: 5, fields: { CONT: 1 }, cite: "ARM D8.7.1" },
    { when: ["granule=4"], level: 1, log2: 4, fields: { CONT: 1 }, cite: "ARM D8.7.1" },
  ],
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
