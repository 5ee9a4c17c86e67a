// EPT: the second stage of x86-64 (SDM volume 3, chapter "VMX support for address translation").
//
//      63  62   52 51      M M-1                  12 11 10  9 8 7  6  5  3  2 1 0
//     +--+--------+---------+-----------------------+--+--+--+-+-+---+----+-+-+-+
//     |VE| ign.   | reserved| address               |  |XU|D |A|L|IPAT| MT |X|W|R|
//     +--+--------+---------+-----------------------+--+--+--+-+-+---+----+-+-+-+
//
// There is no valid bit: an entry is present when one of R, W, X is set (with mode-based execute control also XU,
// which no entry here has alone: such a one counts as not present). L marks a leaf above the last level. Section
// titles are cited; the text was not read again for this file.

import { define } from "../define.js";
import { oneRoot } from "../one-root.js";
import type { RightName } from "../schema.js";

const BOTH = {
  read: ["user.read", "supervisor.read"],
  write: ["user.write", "supervisor.write"],
  fetch: ["user.fetch", "supervisor.fetch"],
} as const;

const right = (field: string, rights: readonly RightName[], ...mode: readonly string[]) =>
  [`!${field}`, `table.${field}`].map((condition) => ({
    when: [...mode, condition],
    remove: [...rights],
    cite: "SDM EPT paging-structure entries: an access needs its right in every entry",
    confidence: "knowledge" as const,
  }));

/** Memory types that no entry may have (SDM EPT memory type: 0, 1, 4, 5, 6 are legal): 2 and 3, and 7. */
const NO_TYPES = [{ MT_HIGH: 1 }, { MT: 7 }];

export const ept = define({
  name: "x86-64-ept",
  title: "EPT, the second stage of x86-64",
  sources: {
    SDM: "Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3C (326019), chapter VMX support for address translation",
  },
  parameters: {
    levels: {
      type: "integer",
      default: 4,
      allowed: [4, 5],
      means: "levels of EPT: EPTP bits 5:3",
      cite: "SDM EPT overview; EPTP format",
    },
    ad: {
      type: "boolean",
      default: true,
      means: "EPTP bit 6: accessed and dirty flags",
      cite: "SDM Accessed and dirty flags for EPT",
    },
    xo: {
      type: "boolean",
      default: true,
      means: "execute-only translations (IA32_VMX_EPT_VPID_CAP bit 0)",
      cite: "SDM EPT misconfigurations",
    },
    mbec: {
      type: "boolean",
      default: false,
      means: "mode-based execute control: bit 2 lets a supervisor fetch, bit 10 a user",
      cite: "SDM Mode-based execute control for EPT",
    },
    maxphyaddr: {
      type: "integer",
      default: 46,
      min: 32,
      max: 52,
      means: "MAXPHYADDR: physical-address width",
      cite: "SDM EPT translation mechanism",
    },
  },
  typical: { values: {}, cite: "SDM: what processors with EPT accessed and dirty flags have" },
  addressSpace: {
    ...oneRoot("EPTP"),
    cite: "SDM EPT translation mechanism: 48 or 57 bits of the guest-physical address",
  },
  geometry: [
    {
      pageShift: 12,
      indexBits: 9,
      vaBits: { param: "levels", map: { "4": 48, "5": 57 } },
      cite: "SDM EPT translation mechanism",
    },
  ],
  levelNames: ["EPT PTE", "EPT PDE", "EPT PDPTE", "EPT PML4E", "EPT PML5E"],
  levelNumber: { first: 1, step: 1 },
  fields: [
    { name: "R", bits: [0, 0], of: "any", means: "read access", cite: "SDM format of EPT entries" },
    {
      name: "W",
      bits: [1, 1],
      of: "any",
      means: "write access",
      cite: "SDM format of EPT entries",
    },
    {
      name: "X",
      bits: [2, 2],
      of: "any",
      means: "execute access",
      cite: "SDM format of EPT entries",
    },
    { name: "MT", bits: [5, 3], of: "leaf", means: "memory type", cite: "SDM EPT memory type" },
    {
      name: "MT_HIGH",
      bits: [5, 4],
      of: "leaf",
      means: "upper bits of the memory type",
      cite: "SDM EPT memory type",
    },
    { name: "IPAT", bits: [6, 6], of: "leaf", means: "ignore PAT", cite: "SDM EPT memory type" },
    {
      name: "L",
      bits: [7, 7],
      of: "any",
      levels: [1, 2, 3, 4],
      means: "maps a page",
      cite: "SDM format of EPT entries",
    },
    {
      name: "A",
      bits: [8, 8],
      of: "any",
      means: "accessed",
      cite: "SDM Accessed and dirty flags for EPT",
    },
    {
      name: "D",
      bits: [9, 9],
      of: "leaf",
      means: "dirty",
      cite: "SDM Accessed and dirty flags for EPT",
    },
    {
      name: "XU",
      bits: [10, 10],
      of: "any",
      means: "user-mode execute access, with mode-based execute control",
      cite: "SDM format of EPT entries",
    },
    {
      name: "SVE",
      bits: [63, 63],
      of: "any",
      means: "suppress #VE",
      cite: "SDM format of EPT entries",
    },
  ],
  types: [
    {
      fields: { R: 0, W: 0, X: 0 },
      is: "not-present",
      cite: "SDM EPT translation mechanism: not present if bits 2:0 are all 0",
    },
    { levels: [0], fields: {}, is: "leaf", cite: "SDM format of an EPT PTE" },
    { levels: [1, 2], fields: { L: 1 }, is: "leaf", cite: "SDM format of EPT PDE, PDPTE" },
    { levels: [3, 4], fields: { L: 1 }, is: "reserved", cite: "SDM format of EPT PML4E, PML5E" },
    { fields: { L: 0 }, is: "table", cite: "SDM format of EPT entries" },
  ],
  address: [{ bits: [51, 12], at: 12, cite: "SDM format of EPT entries" }],
  reserved: [
    { bits: [51, "maxphyaddr"], of: "any", cite: "SDM EPT misconfigurations: reserved bits" },
    { bits: [6, 3], of: "table", cite: "SDM format of EPT entries: bits 6:3 of a table entry" },
    { bits: [20, 12], of: "leaf", levels: [1], cite: "SDM format of an EPT PDE that maps 2 MByte" },
    {
      bits: [29, 12],
      of: "leaf",
      levels: [2],
      cite: "SDM format of an EPT PDPTE that maps 1 GByte",
    },
  ],
  forbidden: [
    {
      fields: { R: 0, W: 1 },
      of: "any",
      cite: "SDM EPT misconfigurations: bit 0 clear and bit 1 set",
    },
    {
      when: ["!xo"],
      fields: { R: 0, X: 1 },
      of: "any",
      cite: "SDM EPT misconfigurations: execute-only where it is not supported",
    },
    {
      when: ["!xo", "mbec"],
      fields: { R: 0, XU: 1 },
      of: "any",
      cite: "SDM EPT misconfigurations: execute-only where it is not supported",
    },
    ...NO_TYPES.map((fields) => ({
      fields,
      of: "leaf" as const,
      cite: "SDM EPT misconfigurations: memory type 2, 3 or 7",
    })),
  ],
  permissions: {
    leaf: ["R", "W", "X", "XU"],
    table: [
      { field: "R", restricts: 0 },
      { field: "W", restricts: 0 },
      { field: "X", restricts: 0 },
      { field: "XU", restricts: 0 },
    ],
    rows: [
      ...right("R", BOTH.read),
      ...right("W", BOTH.write),
      ...right("X", BOTH.fetch, "!mbec"),
      ...right("X", ["supervisor.fetch"], "mbec"),
      ...right("XU", ["user.fetch"], "mbec"),
    ],
  },
  accessed: {
    field: "A",
    value: 1,
    inTables: true,
    rows: [
      { when: ["ad"], by: "hardware", cite: "SDM Accessed and dirty flags for EPT" },
      { by: "nobody", cite: "SDM: without EPTP bit 6 bits 8 and 9 are ignored" },
    ],
    cite: "SDM Accessed and dirty flags for EPT",
  },
  dirty: {
    field: "D",
    value: 1,
    rows: [
      { when: ["ad"], by: "hardware", cite: "SDM Accessed and dirty flags for EPT" },
      { by: "nobody", cite: "SDM: without EPTP bit 6 bits 8 and 9 are ignored" },
    ],
    cite: "SDM Accessed and dirty flags for EPT",
  },
  accessedBeforePermission: false,
  faultDropsTlb: {
    value: true,
    cite: "SDM Invalidating cached mappings: an EPT violation invalidates what would be used for the address",
  },
  invalidations: [
    {
      name: "INVEPT single",
      addresses: "all",
      context: "any",
      guest: "given",
      global: true,
      tables: "context",
      broadcast: false,
      secondStage: "all",
      cite: "SDM INVEPT, single-context: guest-physical and combined mappings of the EPTP, whatever the VPID",
    },
    {
      name: "INVEPT global",
      addresses: "all",
      context: "any",
      guest: "any",
      global: true,
      tables: "context",
      broadcast: false,
      secondStage: "all",
      cite: "SDM INVEPT, global: all mappings of all EPTPs",
    },
    {
      name: "INVVPID address",
      addresses: "one",
      context: "any",
      guest: "given",
      global: true,
      tables: "address",
      broadcast: false,
      cite: "SDM INVVPID type 0: linear and combined mappings of the address and the VPID, for all PCIDs",
    },
    {
      name: "INVVPID context",
      addresses: "all",
      context: "any",
      guest: "given",
      global: true,
      tables: "context",
      broadcast: false,
      cite: "SDM INVVPID type 1: all linear and combined mappings of the VPID",
    },
    {
      name: "INVVPID retaining globals",
      addresses: "all",
      context: "any",
      guest: "given",
      global: false,
      tables: "context",
      broadcast: false,
      cite: "SDM INVVPID type 3: those of the VPID but global translations",
    },
    {
      name: "INVVPID all",
      addresses: "all",
      context: "any",
      guest: "any",
      global: true,
      tables: "context",
      broadcast: false,
      cite: "SDM INVVPID type 2: all linear and combined mappings of all VPIDs",
    },
  ],
  secondStage: {
    tablesWritten: ["ad"],
    rightsAt: 3,
    userFetch: { when: ["mbec"], at: 6 },
    pageSets: 0x100,
    tableSets: 0x1,
    cite: "SDM exit qualification for EPT violations: bits 5:3 the rights, with mode-based execute control bit 6 that of a user to fetch, bit 8 the access was to the page itself; accesses to guest paging structures count as writes with EPT accessed and dirty flags, and set bit 0 as well",
  },
  faults: {
    report: {
      "out-of-range": { kind: "ept-violation", level: false, code: true },
      "not-present": { kind: "ept-violation", level: false, code: true },
      reserved: { kind: "ept-misconfiguration", level: false, code: false },
      "address-size": { kind: "ept-misconfiguration", level: false, code: false },
      "access-flag": { kind: "ept-violation", level: false, code: true },
      permission: { kind: "ept-violation", level: false, code: true },
      key: { kind: "ept-violation", level: false, code: true },
      dirty: { kind: "ept-violation", level: false, code: true },
    },
    codeField: "qualification",
    rows: [
      { when: ["access=read"], set: 0x1, cite: "SDM exit qualification for EPT violations, bit 0" },
      {
        when: ["access=write"],
        set: 0x2,
        cite: "SDM exit qualification for EPT violations, bit 1",
      },
      {
        when: ["access=fetch"],
        set: 0x4,
        cite: "SDM exit qualification for EPT violations, bit 2",
      },
      {
        when: ["fault!=none"],
        set: 0x80,
        cite: "SDM exit qualification for EPT violations, bit 7: the linear address is valid",
      },
    ],
  },
  templates: [
    { of: "table", when: ["mbec"], fields: { R: 1, W: 1, X: 1, XU: 1 } },
    { of: "table", fields: { R: 1, W: 1, X: 1 } },
    { of: "leaf", levels: [0], when: ["mbec"], fields: { R: 1, W: 1, X: 1, XU: 1, MT: 6 } },
    {
      of: "leaf",
      levels: [1, 2],
      when: ["mbec"],
      fields: { R: 1, W: 1, X: 1, XU: 1, MT: 6, L: 1 },
    },
    { of: "leaf", levels: [0], fields: { R: 1, W: 1, X: 1, MT: 6 } },
    { of: "leaf", levels: [1, 2], fields: { R: 1, W: 1, X: 1, MT: 6, L: 1 } },
  ],
  steps: {
    range: "SDM EPT translation mechanism",
    root: "SDM EPTP format",
    entry: "SDM EPT translation mechanism",
    table: "SDM format of EPT entries",
    leaf: "SDM format of EPT entries",
    permission: "SDM EPT violations",
    update: "SDM Accessed and dirty flags for EPT",
    fault: "SDM exit qualification for EPT violations",
  },
});
