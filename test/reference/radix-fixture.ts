/**
 * An architecture for tests in the geometry of ppc64 radix: 13 + 9 + 9 + 5 index bits over pages of 64 KiB, or
 * 13 + 9 + 9 + 9 over 4 KiB, with bits where Linux's book3s radix headers have them. A last-level table of 32
 * entries takes 256 bytes, so many lie in one page. It is no descriptor of Power hardware: the size of the next
 * table (NLS), quadrants, keys and storage attributes are left out.
 *
 *   63 62 61  ..  52..........8           11 10 9 8 7 6..4 3 2 1 0
 *   V  L  res     RPN (leaf), NLB (table)  software R C      P R W X
 */
import { define } from "../../arch/define.js";
import { defineLinuxLayout } from "../../arch/linux/index.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";

const cite = "TEST, the geometry of ppc64 radix, no real hardware";
const field = (name: string, bit: number, of: "any" | "leaf" | "table" = "leaf") => ({
  name,
  bits: [bit, bit] as [number, number],
  of,
  means: name,
  cite,
});

export const radix: Descriptor = define({
  name: "radix-fixture",
  title: "the geometry of ppc64 radix",
  sources: { TEST: "a fixture of the tests" },
  parameters: {
    page: { type: "integer", default: 64, allowed: [4, 64], means: "KiB of a page", cite },
    updates: { type: "boolean", default: true, means: "hardware sets R and C", cite },
  },
  typical: { values: {}, cite },
  addressSpace: {
    select: 63,
    signExtended: false,
    halves: [
      { root: "PTCR", own: {} },
      { root: "PTCR", own: {} },
    ],
    rangeLevel: "top",
    cite,
  },
  geometry: [
    { when: ["page=64"], pageShift: 16, indexBits: [5, 9, 9, 13], vaBits: 52, cite },
    { when: ["page=4"], pageShift: 12, indexBits: [9, 9, 9, 13], vaBits: 52, cite },
  ],
  levelNames: ["PTE", "PMD", "PUD", "PGD"],
  levelNumber: { first: 4, step: -1 },
  fields: [
    field("VALID", 63, "any"),
    field("LEAF", 62, "any"),
    field("EXEC", 0),
    field("WRITE", 1),
    field("READ", 2),
    field("PRIVILEGED", 3),
    field("C", 7),
    field("R", 8),
  ],
  types: [
    { fields: { VALID: 0 }, is: "not-present", cite },
    { levels: [0, 1, 2], fields: { VALID: 1, LEAF: 1 }, is: "leaf", cite },
    { levels: [1, 2, 3], fields: { VALID: 1, LEAF: 0 }, is: "table", cite },
    { fields: { VALID: 1 }, is: "reserved", cite },
  ],
  address: [{ bits: [52, 8], at: 8, cite }],
  permissions: {
    leaf: ["EXEC", "WRITE", "READ", "PRIVILEGED"],
    table: [],
    rows: [
      { when: ["PRIVILEGED"], remove: ["user.read", "user.write", "user.fetch"], cite },
      { when: ["!READ"], remove: ["user.read", "supervisor.read"], cite },
      { when: ["!WRITE"], remove: ["user.write", "supervisor.write"], cite },
      { when: ["!EXEC"], remove: ["user.fetch", "supervisor.fetch"], cite },
    ],
  },
  accessed: {
    field: "R",
    value: 1,
    rows: [
      { when: ["updates"], by: "hardware", cite },
      { by: "fault", cite },
    ],
    cite,
  },
  dirty: {
    field: "C",
    value: 1,
    rows: [
      { when: ["updates"], by: "hardware", cite },
      { by: "fault", cite },
    ],
    cite,
  },
  accessedBeforePermission: false,
  faultDropsTlb: { value: false, cite },
  invalidations: [
    {
      name: "TLBIE",
      addresses: "one",
      context: "given",
      global: false,
      tables: "address",
      broadcast: true,
      cite,
    },
    {
      name: "TLBIE PID",
      addresses: "all",
      context: "given",
      global: false,
      tables: "context",
      broadcast: true,
      cite,
    },
  ],
  faults: {
    report: Object.fromEntries(
      [
        "out-of-range",
        "not-present",
        "reserved",
        "address-size",
        "access-flag",
        "permission",
        "key",
        "dirty",
      ].map((name) => [name, { kind: name, level: false, code: false }]),
    ) as Descriptor["faults"]["report"],
    codeField: "code",
    rows: [],
  },
  templates: [
    { of: "table", fields: { VALID: 1 } },
    { of: "leaf", fields: { VALID: 1, LEAF: 1, READ: 1, WRITE: 1, EXEC: 1 } },
  ],
  steps: {
    range: cite,
    root: cite,
    entry: cite,
    table: cite,
    leaf: cite,
    permission: cite,
    update: cite,
    fault: cite,
  },
});

const bits = (name: string, hi: number, lo: number, of: "present" | "absent" = "absent") => ({
  name,
  bits: [hi, lo] as [number, number],
  of,
  means: name,
  cite,
});
const flag = (name: string) => ({
  tests: [{ [name]: 1 }],
  set: [{ to: { [name]: 1 } }],
  clear: [{ to: { [name]: 0 } }],
  cite,
});
const protection = (READ: number, WRITE: number, EXEC: number) => ({
  rules: [{ to: { READ, WRITE, EXEC, PRIVILEGED: 0 } }],
  cite,
});

/** PROT_NONE is a valid entry without rights; there is no uffd-wp. */
export const radixLinux: LinuxLayout = defineLinuxLayout({
  name: "radix-fixture",
  title: "Linux's bits of book3s radix, for tests",
  architecture: "radix-fixture",
  sources: { TEST: "a fixture of the tests" },
  fields: [
    bits("SOFT_DIRTY", 9, 9, "present"),
    bits("SPECIAL", 10, 10, "present"),
    bits("SWP_SOFT_DIRTY", 9, 9),
    bits("SWP_EXCLUSIVE", 5, 5),
    bits("SWP_TYPE", 4, 0),
    bits("SWP_OFFSET", 52, 12),
  ],
  noneIgnores: { fields: [], cite },
  present: { tests: [{ VALID: 1 }], cite },
  flags: {
    write: flag("WRITE"),
    dirty: flag("C"),
    young: flag("R"),
    softDirty: flag("SOFT_DIRTY"),
    special: flag("SPECIAL"),
    protnone: { tests: [{ VALID: 1, READ: 0, WRITE: 0, EXEC: 0 }], cite },
  },
  dirtySetsSoftDirty: { value: true, cite },
  leaf: [{ fields: { VALID: 1, LEAF: 1, R: 1 }, cite }],
  table: { fields: { VALID: 1 }, cite },
  protections: {
    none: protection(0, 0, 0),
    r: protection(1, 0, 0),
    rw: protection(1, 1, 0),
    rx: protection(1, 0, 1),
    rwx: protection(1, 1, 1),
  },
  flush: { page: "TLBIE", space: "TLBIE PID", own: "TLBIE", cite },
  flushCeiling: { pages: 33, cite: "TEST any number" },
  shootdown: { by: "broadcast", defers: "always", cite: "TEST the fixture has one CPU" },
  pageSizes: [
    { bytes: 4096, mode: { page: 4 }, cite },
    { bytes: 65536, mode: { page: 64 }, cite },
  ],
  softwareAccess: { mode: { updates: false }, cite },
  absent: {
    type: "SWP_TYPE",
    offset: "SWP_OFFSET",
    offsetInverted: false,
    flags: { softDirty: flag("SWP_SOFT_DIRTY"), exclusive: flag("SWP_EXCLUSIVE") },
    cite,
  },
});
