// The form of an architecture descriptor. Data only: a user's YAML or JSON file passes the same schema.
//
// Three small notations carry all rules:
//
//   bits        [hi, lo], counted from 0, as the manuals write them: [51, 12]
//   condition   "nx"  "!nx"  "granule=4"  "granule!=64"  "maxphyaddr<52"  "levels>=5"
//               names are parameters of the mode, fields of the entry, "table.FIELD" (some table entry
//               on the way restricts by FIELD), rights so far ("user.write"), or facts of a fault
//               ("fault=permission", "level=3", "access=write", "mode=user"). A list means "and"; two
//               rows mean "or".
//   number      12, or { param: "t0sz", times: -1, plus: 64 }, or { param: "levels", map: {...} }
//
// Levels are counted from the leaf (0 = last-level entries), so that a rule about 2 MiB pages has one
// number whatever the depth of the tree; `levelNumber` turns them into the architecture's own.

import { z } from "zod";

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/, "a name of letters, digits and _");

export const citeSchema = z
  .string()
  .min(5)
  .describe("manual and section, or table, or pseudocode function; a key of `sources` comes first");
export const confidenceSchema = z
  .enum(["manual", "witnessed", "knowledge"])
  .describe(
    "manual: read in it; witnessed: shown by recorded hardware vectors; left out or knowledge: cited from knowledge, not read again",
  );

const fact = { cite: citeSchema, confidence: confidenceSchema.optional() };

const conditionSchema = z
  .string()
  .regex(/^!?[A-Za-z][A-Za-z0-9_.]*$|^[A-Za-z][A-Za-z0-9_.]*(=|!=|<|>=)-?[A-Za-z0-9_.-]+$/);
const conditions = z.array(conditionSchema);
const when = { when: conditions.optional() };

export const numberSchema = z.union([
  z.int(),
  z.strictObject({
    param: name,
    times: z.int().optional(),
    plus: z.int().optional(),
    map: z.record(z.string(), z.int()).optional(),
  }),
]);
const bit = z.int().min(0).max(63);
const bits = z.tuple([bit, bit]);
const fieldValues = z.record(name, z.int().min(0));
const kindOfEntry = z.enum(["leaf", "table", "any"]);
const levels = z.array(z.int().min(0).max(5));

export const FAULTS = [
  "out-of-range",
  "not-present",
  "reserved",
  "address-size",
  "access-flag",
  "permission",
  "key",
  "dirty",
] as const;
const fault = z.enum(FAULTS);

export const RIGHTS = [
  "user.read",
  "user.write",
  "user.fetch",
  "supervisor.read",
  "supervisor.write",
  "supervisor.fetch",
] as const;
const right = z.enum(RIGHTS);

const parameter = z.strictObject({
  type: z.enum(["boolean", "integer"]),
  default: z.union([z.boolean(), z.int()]),
  allowed: z.array(z.int()).optional(),
  min: z.int().optional(),
  max: z.int().optional(),
  means: z.string(),
  ...fact,
});

const update = z.strictObject({
  field: name,
  /** The field's value once it is set. */
  value: z.int().min(0).max(1),
  /** The walker also sets it in the table entries it uses. */
  inTables: z.boolean().optional(),
  rows: z.array(z.strictObject({ ...when, by: z.enum(["hardware", "fault", "nobody"]), ...fact })),
  ...fact,
});

const invalidation = z
  .strictObject({
    /** The instruction; where it does several things, with what tells them apart. */
    name: z.string().regex(/^[A-Z][A-Za-z0-9.]*( [A-Za-z0-9.]+)*$/),
    /** Pages it names: that of an address, those that meet a range, all; "none" drops nothing. */
    addresses: z.enum(["one", "range", "all", "none"]),
    /** Lengths of a range: 1 to `counts` times 2^log2 base pages. */
    sizes: z
      .strictObject({ counts: z.int().min(1), log2: z.array(z.int().min(0).max(32)).min(1) })
      .optional(),
    /** Whose translations: of the context (PCID, ASID) that runs, of the one given, of all. */
    context: z.enum(["current", "given", "any"]),
    /** Translations of global pages go, too. */
    global: z.boolean(),
    /** Tables in walk caches: those on the way to the addresses, or all of the context. */
    tables: z.enum(["none", "address", "context"]),
    /** Every CPU performs it. */
    broadcast: z.boolean(),
    /** Of a second stage: its own cached translations of the address, which is guest-physical, or all. */
    secondStage: z.enum(["address", "all"]).optional(),
    /** Translations of the first stage, and of both, stay. */
    stageOne: z.literal(false).optional(),
    /** Whose: of the guest (VMID, VPID) that is given, of every guest; left out, of the one that runs. */
    guest: z.enum(["given", "any"]).optional(),
    ...fact,
  })
  .refine(({ context, guest }) => guest !== "given" || context !== "given", {
    error: "an operation takes a context or a guest, not both",
    path: ["guest"],
  })
  .refine(({ addresses, sizes }) => (addresses === "range") === (sizes !== undefined), {
    error: "a range has sizes, and nothing else has",
    path: ["sizes"],
  });

export const descriptorSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string(),
  sources: z.record(z.string(), z.string()),
  /** What configures a walk: control registers, features, granule. */
  parameters: z.record(name, parameter),
  /** Parameter values of a usual system, used where a run names none. */
  typical: z.strictObject({ values: z.record(name, z.union([z.boolean(), z.int()])), ...fact }),
  /** Ranges that depend on other parameters; the first row whose `when` holds decides. */
  limits: z
    .array(z.strictObject({ param: name, ...when, min: numberSchema, max: numberSchema, ...fact }))
    .default([]),

  addressSpace: z.strictObject({
    /** Address bit that selects the half. */
    select: bit,
    /** The top bit that is translated is repeated above (x86-64); else bits above are all equal. */
    signExtended: z.boolean(),
    /** Per half: its root register, and the parameters that have a value of their own there. */
    halves: z.tuple([
      z.strictObject({ root: z.string(), own: z.record(name, name) }),
      z.strictObject({ root: z.string(), own: z.record(name, name) }),
    ]),
    /** Level (counted from the leaf) reported for an address or root out of range. */
    rangeLevel: z.union([z.int().min(0).max(5), z.literal("top")]),
    ...fact,
  }),
  geometry: z.array(
    z.strictObject({
      ...when,
      pageShift: z.int().min(12).max(20),
      /** Address bits per level, from the leaf up; a single number serves all levels. */
      indexBits: z.union([z.int().min(1).max(17), z.array(z.int().min(1).max(17))]),
      vaBits: numberSchema,
      ...fact,
    }),
  ),
  /** Names of entries by level from the leaf, and the manual's number of a level. */
  levelNames: z.array(z.string()),
  levelNumber: z.strictObject({ first: z.int(), step: z.union([z.literal(1), z.literal(-1)]) }),

  /** Every named bit of an entry. `value` fields below refer to these names. */
  fields: z.array(
    z.strictObject({
      name,
      bits,
      of: kindOfEntry,
      levels: levels.optional(),
      ...when,
      means: z.string(),
      ...fact,
    }),
  ),
  /** What an entry is: the first row whose level, condition and field values fit decides. */
  types: z.array(
    z.strictObject({
      levels: levels.optional(),
      ...when,
      fields: fieldValues,
      is: z.union([z.enum(["leaf", "table"]), fault]),
      ...fact,
    }),
  ),
  /** Where an entry holds address bits. Bits of a leaf below its page size are left out. */
  address: z.array(z.strictObject({ ...when, bits, at: bit, ...fact })),
  addressLimit: z.strictObject({ bits: numberSchema, ...fact }).optional(),
  /** Bits that must be zero. Ends may be parameters ([51, "maxphyaddr"]); an empty range is none. */
  reserved: z
    .array(
      z.strictObject({
        ...when,
        bits: z.tuple([z.union([bit, name]), z.union([bit, name])]),
        of: kindOfEntry,
        levels: levels.optional(),
        ...fact,
      }),
    )
    .default([]),
  /** Combinations of field values that are malformed. */
  forbidden: z
    .array(
      z.strictObject({
        ...when,
        fields: fieldValues,
        of: kindOfEntry,
        levels: levels.optional(),
        ...fact,
      }),
    )
    .default([]),

  permissions: z.strictObject({
    leaf: z.array(name),
    /** Fields of table entries, and the value with which each restricts. */
    table: z.array(z.strictObject({ field: name, restricts: z.int().min(0).max(1) })),
    /** Starting from all six rights, rows take rights away, in order. */
    rows: z.array(z.strictObject({ when: conditions, remove: z.array(right), ...fact })),
  }),
  keys: z
    .strictObject({
      field: name,
      ...when,
      /** Parameter that holds the key register, and its bits per key. */
      register: name,
      bitsPerKey: z.int().min(1).max(4),
      /** Entries to which keys apply. */
      applies: conditions,
      /** A set bit of the key's bits takes rights away. */
      rows: z.array(
        z.strictObject({ bit: z.int().min(0).max(3), ...when, remove: z.array(right), ...fact }),
      ),
      ...fact,
    })
    .optional(),

  accessed: update,
  dirty: update,
  /** Whether the accessed-flag fault comes before the permission check. */
  accessedBeforePermission: z.boolean(),
  /** A fault raised by a TLB entry drops that entry. */
  faultDropsTlb: z.strictObject({ value: z.boolean(), ...fact }),
  global: z
    .strictObject({ ...when, field: name, value: z.int().min(0).max(1), ...fact })
    .optional(),

  /** Where this is the second stage of a guest: how its faults are told. */
  secondStage: z
    .strictObject({
      /** Conditions under which reads of a guest's tables count as writes; null = never. */
      tablesWritten: conditions.nullable(),
      /** Bit of the code where the rights stand that its entries left: read, write, fetch; null = nowhere. */
      rightsAt: bit.nullable(),
      /** Under these conditions the right to fetch as a user stands at a bit of its own, and that above is a supervisor's. */
      userFetch: z.strictObject({ when: conditions, at: bit }).optional(),
      /** Faults on a guest's table are told by what the guest tried; else by what the walk did to the table. */
      tellsGuestAccess: z.boolean().default(false),
      /** Bits of the code for the page itself, and for a guest's table. */
      pageSets: z.int().min(0).max(65535),
      tableSets: z.int().min(0).max(65535),
      ...fact,
    })
    .optional(),

  /** What software can make a CPU forget. */
  invalidations: z.array(invalidation).default([]),

  /** Contiguous groups: 2^log2 leaves of a level that one TLB entry may hold. */
  contiguous: z
    .array(
      z.strictObject({
        ...when,
        level: z.int().min(0).max(5),
        log2: z.int().min(1).max(12),
        fields: fieldValues,
        ...fact,
      }),
    )
    .default([]),

  faults: z.strictObject({
    /** How a fault is reported: the name of its kind, whether the level is given, the code's field. */
    report: z.record(
      fault,
      z.strictObject({ kind: z.string(), level: z.boolean(), code: z.boolean() }),
    ),
    codeField: z.string(),
    /** Rows whose conditions hold are ORed into the code. */
    rows: z.array(z.strictObject({ when: conditions, set: z.int().min(0).max(65535), ...fact })),
  }),
  /** Entries as a minimal kernel would write them for user pages: values of fields. */
  templates: z.array(
    z.strictObject({
      of: z.enum(["leaf", "table"]),
      levels: levels.optional(),
      ...when,
      fields: fieldValues,
    }),
  ),
  /** Manual sections of the steps of a walk, for explanations. */
  steps: z.record(
    z.enum(["range", "root", "entry", "table", "leaf", "permission", "update", "fault"]),
    citeSchema,
  ),
});

/** An architecture, as data. */
export type Descriptor = z.infer<typeof descriptorSchema>;
/** What a descriptor author writes; the same shape. */
export type DescriptorInput = z.input<typeof descriptorSchema>;
export type FaultName = (typeof FAULTS)[number];
export type RightName = (typeof RIGHTS)[number];
export type NumberRule = z.infer<typeof numberSchema>;
