// x86-64: 4-level and 5-level paging (Intel SDM vol. 3A chapter 4, "Paging").
//
//      63 62   59 58  52 51       M M-1                12 11 9 8 7 6 5  4   3   2   1  0
//     +--+-------+------+----------+---------------------+----+-+--+-+-+---+---+---+--+-+
//     |XD| key   | ign. | reserved | address             |ign.|G|PS|D|A|PCD|PWT|U/S|RW|P|
//     +--+-------+------+----------+---------------------+----+-+--+-+-+---+---+---+--+-+
//
// M is MAXPHYADDR. In a PTE bit 7 is PAT; in a 2 MiB or 1 GiB leaf bit 12 is PAT and the address bits
// below the page size are reserved. Levels are counted from the leaf: PTE 0, PDE 1, PDPTE 2, PML4E 3,
// PML5E 4.

import { define } from "./define.js";

export const x8664 = define({
  name: "x86-64",
  title: "x86-64, 4-level and 5-level paging",
  sources: {
    SDM: "Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3 (325384), in the numbering where Paging is chapter 4 (newer editions: chapter 5, the rest alike); volume 1 where named",
    LINUX: "Linux kernel source, version as cited",
  },
  parameters: {
    levels: {
      type: "integer",
      default: 4,
      allowed: [4, 5],
      means: "paging levels: 5 with CR4.LA57",
      cite: "SDM 4.1.1",
    },
    wp: {
      type: "boolean",
      default: false,
      means: "CR0.WP: supervisor writes obey R/W",
      cite: "SDM 4.1.3",
    },
    nx: { type: "boolean", default: false, means: "EFER.NXE: bit 63 is XD", cite: "SDM 4.1.3" },
    smep: {
      type: "boolean",
      default: false,
      means: "CR4.SMEP: no supervisor fetch from user pages",
      cite: "SDM 4.1.3",
    },
    smap: {
      type: "boolean",
      default: false,
      means: "CR4.SMAP: no supervisor data access to user pages",
      cite: "SDM 4.1.3",
    },
    ac: {
      type: "boolean",
      default: false,
      means: "EFLAGS.AC: lifts SMAP for explicit accesses",
      cite: "SDM 4.6.1",
    },
    pge: {
      type: "boolean",
      default: false,
      means: "CR4.PGE: translations of global pages serve every PCID",
      cite: "SDM 4.10.2.4",
    },
    pke: {
      type: "boolean",
      default: false,
      means: "CR4.PKE: protection keys for user pages",
      cite: "SDM 4.6.2",
    },
    pkru: {
      type: "integer",
      default: 0,
      min: 0,
      max: 0xffffffff,
      means: "PKRU: access- and write-disable bit per key",
      cite: "SDM 4.6.2",
    },
    maxphyaddr: {
      type: "integer",
      default: 40,
      min: 32,
      max: 52,
      means: "MAXPHYADDR: physical-address width",
      cite: "SDM 4.1.4",
    },
    pse1g: {
      type: "boolean",
      default: true,
      means: "1 GiB pages (CPUID.80000001H:EDX.Page1GB)",
      cite: "SDM 4.1.4",
    },
  },
  typical: {
    values: { pge: true, wp: true, nx: true, smep: true, smap: true, maxphyaddr: 46 },
    cite: "LINUX 7.0, arch/x86: CR0.WP, EFER.NXE, CR4.PGE, SMEP and SMAP where the CPU has them",
  },
  addressSpace: {
    select: 63,
    signExtended: true,
    halves: [
      { root: "CR3", own: {} },
      { root: "CR3", own: {} },
    ],
    rangeLevel: "top",
    cite: "SDM vol. 1 3.3.7.1, canonical addressing",
  },
  geometry: [
    {
      pageShift: 12,
      indexBits: 9,
      vaBits: { param: "levels", map: { "4": 48, "5": 57 } },
      cite: "SDM 4.5.1 to 4.5.4",
    },
  ],
  levelNames: ["PTE", "PDE", "PDPTE", "PML4E", "PML5E"],
  levelNumber: { first: 1, step: 1 },
  fields: [
    { name: "P", bits: [0, 0], of: "any", means: "present", cite: "SDM 4.5.4 tables 4-15 to 4-20" },
    { name: "RW", bits: [1, 1], of: "any", means: "writes allowed", cite: "SDM 4.6" },
    { name: "US", bits: [2, 2], of: "any", means: "user-mode accesses allowed", cite: "SDM 4.6" },
    { name: "PWT", bits: [3, 3], of: "any", means: "page-level write-through", cite: "SDM 4.9.2" },
    { name: "PCD", bits: [4, 4], of: "any", means: "page-level cache disable", cite: "SDM 4.9.2" },
    { name: "A", bits: [5, 5], of: "any", means: "accessed", cite: "SDM 4.8" },
    { name: "D", bits: [6, 6], of: "leaf", means: "dirty", cite: "SDM 4.8" },
    {
      name: "PS",
      bits: [7, 7],
      of: "any",
      levels: [1, 2, 3, 4],
      means: "page size: 1 maps a page; reserved in PML4E and PML5E",
      cite: "SDM 4.5.4 tables 4-15 to 4-18",
    },
    {
      name: "PAT",
      bits: [7, 7],
      of: "leaf",
      levels: [0],
      means: "memory type",
      cite: "SDM 4.9.2",
    },
    { name: "G", bits: [8, 8], of: "leaf", means: "global", cite: "SDM 4.10.2.4" },
    {
      name: "PATL",
      bits: [12, 12],
      of: "leaf",
      levels: [1, 2],
      means: "memory type of a large page",
      cite: "SDM 4.9.2",
    },
    {
      name: "PKEY",
      bits: [62, 59],
      of: "leaf",
      means: "protection key, with CR4.PKE; else ignored",
      cite: "SDM 4.6.2",
    },
    {
      name: "XD",
      bits: [63, 63],
      of: "any",
      means: "execute disable, with EFER.NXE",
      cite: "SDM 4.6",
    },
  ],
  types: [
    { fields: { P: 0 }, is: "not-present", cite: "SDM 4.5.4: P = 0 ends the translation" },
    { levels: [0], fields: { P: 1 }, is: "leaf", cite: "SDM table 4-20" },
    { levels: [1], fields: { P: 1, PS: 1 }, is: "leaf", cite: "SDM table 4-18, 2 MiB page" },
    {
      levels: [2],
      when: ["pse1g"],
      fields: { P: 1, PS: 1 },
      is: "leaf",
      cite: "SDM table 4-16, 1 GiB page",
    },
    {
      levels: [2],
      when: ["!pse1g"],
      fields: { P: 1, PS: 1 },
      is: "reserved",
      cite: "SDM 4.5.4: PS is reserved in a PDPTE if 1-GByte pages are not supported",
      confidence: "witnessed",
    },
    {
      levels: [3, 4],
      fields: { P: 1, PS: 1 },
      is: "reserved",
      cite: "SDM tables 4-14 and 4-15: bit 7 reserved (must be 0)",
      confidence: "witnessed",
    },
    { fields: { P: 1, PS: 0 }, is: "table", cite: "SDM tables 4-15, 4-17, 4-19" },
  ],
  address: [{ bits: [51, 12], at: 12, cite: "SDM 4.5.4; bits from MAXPHYADDR up are reserved" }],
  reserved: [
    {
      bits: [51, "maxphyaddr"],
      of: "any",
      cite: "SDM 4.5.4: bits 51:MAXPHYADDR reserved (must be 0)",
      confidence: "witnessed",
    },
    {
      when: ["!nx"],
      bits: [63, 63],
      of: "any",
      cite: "SDM 4.5.4: XD is reserved (must be 0) if IA32_EFER.NXE = 0",
      confidence: "witnessed",
    },
    {
      bits: [20, 13],
      of: "leaf",
      levels: [1],
      cite: "SDM table 4-18: bits 20:13 reserved (must be 0)",
      confidence: "witnessed",
    },
    {
      bits: [29, 13],
      of: "leaf",
      levels: [2],
      cite: "SDM table 4-16: bits 29:13 reserved (must be 0)",
      confidence: "witnessed",
    },
  ],
  permissions: {
    leaf: ["RW", "US", "XD"],
    table: [
      { field: "RW", restricts: 0 },
      { field: "US", restricts: 0 },
      { field: "XD", restricts: 1 },
    ],
    rows: [
      {
        when: ["!US"],
        remove: ["user.read", "user.write", "user.fetch"],
        cite: "SDM 4.6.1, user-mode accesses: never to supervisor-mode addresses",
      },
      {
        when: ["table.US"],
        remove: ["user.read", "user.write", "user.fetch"],
        cite: "SDM 4.6: a supervisor-mode address has U/S = 0 in some entry",
      },
      {
        when: ["!RW"],
        remove: ["user.write"],
        cite: "SDM 4.6.1: writes need R/W = 1 in every entry",
      },
      { when: ["table.RW"], remove: ["user.write"], cite: "SDM 4.6.1: R/W = 1 in every entry" },
      {
        when: ["!RW", "wp"],
        remove: ["supervisor.write"],
        cite: "SDM 4.6.1: supervisor writes obey R/W if CR0.WP = 1",
      },
      {
        when: ["table.RW", "wp"],
        remove: ["supervisor.write"],
        cite: "SDM 4.6.1: supervisor writes obey R/W if CR0.WP = 1",
      },
      {
        when: ["XD", "nx"],
        remove: ["user.fetch", "supervisor.fetch"],
        cite: "SDM 4.6.1: fetches need XD = 0 in every entry",
      },
      {
        when: ["table.XD", "nx"],
        remove: ["user.fetch", "supervisor.fetch"],
        cite: "SDM 4.6.1: fetches need XD = 0 in every entry",
      },
      {
        when: ["smep", "US", "!table.US"],
        remove: ["supervisor.fetch"],
        cite: "SDM 4.6.1: CR4.SMEP, no fetch from user-mode addresses",
      },
      {
        when: ["smap", "!ac", "US", "!table.US"],
        remove: ["supervisor.read", "supervisor.write"],
        cite: "SDM 4.6.1: CR4.SMAP, explicit accesses only with EFLAGS.AC = 1",
      },
    ],
  },
  keys: {
    field: "PKEY",
    when: ["pke"],
    register: "pkru",
    bitsPerKey: 2,
    applies: ["US", "!table.US"],
    rows: [
      {
        bit: 0,
        remove: ["user.read", "user.write", "supervisor.read", "supervisor.write"],
        cite: "SDM 4.6.2: ADi prevents data accesses",
      },
      { bit: 1, remove: ["user.write"], cite: "SDM 4.6.2: WDi prevents user writes" },
      {
        bit: 1,
        when: ["wp"],
        remove: ["supervisor.write"],
        cite: "SDM 4.6.2: WDi prevents supervisor writes if CR0.WP = 1",
      },
    ],
    cite: "SDM 4.6.2",
  },
  accessed: {
    field: "A",
    value: 1,
    inTables: true,
    rows: [{ by: "hardware", cite: "SDM 4.8: set whenever the entry is used" }],
    cite: "SDM 4.8",
  },
  dirty: {
    field: "D",
    value: 1,
    rows: [{ by: "hardware", cite: "SDM 4.8: set on a write, in the entry that maps the page" }],
    cite: "SDM 4.8",
  },
  accessedBeforePermission: false,
  faultDropsTlb: {
    value: true,
    cite: "SDM 4.10.4.1: a page fault invalidates entries for the faulting address",
  },
  global: { when: ["pge"], field: "G", value: 1, cite: "SDM 4.10.2.4" },
  faults: {
    report: {
      "out-of-range": { kind: "non-canonical", level: false, code: false },
      "not-present": { kind: "page-fault", level: false, code: true },
      reserved: { kind: "page-fault", level: false, code: true },
      "address-size": { kind: "page-fault", level: false, code: true },
      "access-flag": { kind: "page-fault", level: false, code: true },
      permission: { kind: "page-fault", level: false, code: true },
      key: { kind: "page-fault", level: false, code: true },
      dirty: { kind: "page-fault", level: false, code: true },
    },
    codeField: "code",
    rows: [
      { when: ["fault=permission"], set: 0x1, cite: "SDM 4.7: P, a protection violation" },
      { when: ["fault=key"], set: 0x1, cite: "SDM 4.7: P, a protection violation" },
      {
        when: ["fault=reserved"],
        set: 0x9,
        cite: "SDM 4.7: RSVD, and P because the entry was present",
        confidence: "witnessed",
      },
      { when: ["access=write"], set: 0x2, cite: "SDM 4.7: W/R" },
      { when: ["mode=user"], set: 0x4, cite: "SDM 4.7: U/S" },
      {
        when: ["access=fetch", "nx"],
        set: 0x10,
        cite: "SDM 4.7: I/D, if EFER.NXE = 1 or CR4.SMEP = 1",
      },
      {
        when: ["access=fetch", "smep"],
        set: 0x10,
        cite: "SDM 4.7: I/D, if EFER.NXE = 1 or CR4.SMEP = 1",
      },
      { when: ["fault=key"], set: 0x20, cite: "SDM 4.7: PK" },
    ],
  },
  templates: [
    { of: "table", fields: { P: 1, RW: 1, US: 1 } },
    { of: "leaf", levels: [0], fields: { P: 1, RW: 1, US: 1 } },
    { of: "leaf", levels: [1, 2], fields: { P: 1, RW: 1, US: 1, PS: 1 } },
  ],
  steps: {
    range: "SDM vol. 1 3.3.7.1",
    root: "SDM 4.5.2, use of CR3",
    entry: "SDM 4.5.4, P flag and reserved bits",
    table: "SDM 4.5.4 and 4.8",
    leaf: "SDM 4.5.4",
    permission: "SDM 4.6",
    update: "SDM 4.8",
    fault: "SDM 4.7, page-fault exceptions",
  },
});
