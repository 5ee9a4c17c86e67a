/**
 * Translation vectors: one hardware translation each, and how an outcome is judged against one.
 *
 * One JSON object a line; see the README. Here every
 * hexadecimal string is a bigint, every plain JSON number stays a number, and every configuration
 * key that the line leaves out has its default, so that walkers never ask whether a key is there.
 */

/** One access, within one page, with a cold TLB. */
export interface Access {
  readonly va: bigint;
  readonly type: "read" | "write" | "fetch";
  readonly mode: "user" | "supervisor";
}

/** Control state of 4-level and 5-level paging: CR0.WP, EFER.NXE, CR4.SMEP, … */
export interface X8664Config {
  readonly levels: 4 | 5;
  readonly wp: boolean;
  readonly nx: boolean;
  readonly smep: boolean;
  readonly smap: boolean;
  readonly ac: boolean;
  readonly pke: boolean;
  readonly pkru: bigint;
  readonly maxphyaddr: number;
  readonly pse1g: boolean;
}

/** Control state of VMSAv8-64 stage 1, EL1&0: TCR_EL1, SCTLR_EL1.WXN, PSTATE.PAN. */
export interface Arm64Config {
  readonly granule: 4 | 16 | 64;
  readonly t0sz?: number;
  readonly t1sz?: number;
  readonly ha: boolean;
  readonly hd: boolean;
  readonly wxn: boolean;
  readonly pan: boolean;
  readonly hpd0: boolean;
  readonly hpd1: boolean;
  readonly ds: boolean;
  readonly ips: number;
  readonly root1?: bigint;
}

/** Control state of Sv39, Sv48 and Sv57: satp.MODE, sstatus, and which extensions there are. */
export interface Riscv64Config {
  readonly sv: 39 | 48 | 57;
  readonly sum: boolean;
  readonly mxr: boolean;
  readonly svadu: boolean;
  readonly svnapot: boolean;
  readonly svpbmt: boolean;
  readonly svrsw60t59b: boolean;
}

/**
 * The architectural fault: `code` is the #PF error code, `fsc` the status code in ESR_EL1, `cause` the
 * exception code in scause.
 */
export type Fault = X8664Fault | Arm64Fault | Riscv64Fault;
export interface Riscv64Fault {
  readonly kind: "page-fault";
  readonly cause: bigint;
}
export type X8664Fault =
  | { readonly kind: "page-fault"; readonly code: bigint }
  | { readonly kind: "non-canonical" };
export interface Arm64Fault {
  readonly kind: "translation" | "access-flag" | "permission" | "address-size";
  readonly level: number;
  readonly fsc: bigint;
}

/** What became of the access. */
export type Expect = { readonly pa: bigint } | { readonly fault: Fault };

/** What a walk depends on: the state before the access, and the access. */
export interface WalkCase<Config> {
  readonly config: Config;
  readonly root: bigint;
  readonly tables: readonly (readonly [address: bigint, value: bigint])[];
  readonly access: Access;
}

interface Expected {
  readonly expect: Expect;
  readonly after: ReadonlyMap<bigint, bigint>;
  readonly may: ReadonlyMap<bigint, bigint>;
  readonly note?: string;
}

/** A vector without its expectation: what an arbitrary makes and a walker takes. */
export type X8664Case = WalkCase<X8664Config> & { readonly id: string; readonly arch: "x86-64" };
export type Arm64Case = WalkCase<Arm64Config> & { readonly id: string; readonly arch: "arm64" };
export type Riscv64Case = WalkCase<Riscv64Config> & {
  readonly id: string;
  readonly arch: "riscv64";
};
export type X8664Vector = X8664Case & Expected;
export type Arm64Vector = Arm64Case & Expected;
export type Vector = X8664Vector | Arm64Vector;

/** What an emulator did: the access's end, and each entry whose value changed with its new value. */
export interface Outcome {
  readonly expect: Expect;
  readonly changed: ReadonlyMap<bigint, bigint>;
}

/** What the architecture demands: `after` must be written, `may` is left open beside a fault. */
export interface ReferenceOutcome {
  readonly expect: Expect;
  readonly after: Map<bigint, bigint>;
  readonly may: Map<bigint, bigint>;
}

const X8664_DEFAULTS = {
  levels: 4,
  wp: false,
  nx: false,
  smep: false,
  smap: false,
  ac: false,
  pke: false,
  maxphyaddr: 40,
  pse1g: true,
} as const;

const ARM64_DEFAULTS = {
  granule: 4,
  ha: false,
  hd: false,
  wxn: false,
  pan: false,
  hpd0: false,
  hpd1: false,
  ds: false,
  ips: 48,
} as const;

type RawPair = readonly [address: string, value: string];
type RawFault = { kind: string; level?: number; fsc?: string; code?: string };
type RawExpect = { pa: string } | { fault: RawFault };
interface RawVector {
  id: string;
  root: string;
  tables: RawPair[];
  access: Omit<Access, "va"> & { va: string };
  expect: RawExpect;
  after: RawPair[];
  may?: RawPair[];
  note?: string;
}
type RawX8664Config = Partial<Omit<X8664Config, "pkru">> & { pkru?: string };
type RawArm64Config = Partial<Omit<Arm64Config, "root1">> & { root1?: string };
type RawLine =
  | (RawVector & { arch: "x86-64"; config: RawX8664Config })
  | (RawVector & { arch: "arm64"; config: RawArm64Config });

/** Reads one line of a vector file. The file is trusted: its shape isn't checked. */
export function parseVector(json: string): Vector {
  const raw = JSON.parse(json) as RawLine;
  const common = {
    id: raw.id,
    root: BigInt(raw.root),
    tables: raw.tables.map(parsePair),
    access: { ...raw.access, va: BigInt(raw.access.va) },
    expect: parseExpect(raw.expect),
    after: new Map(raw.after.map(parsePair)),
    may: new Map((raw.may ?? []).map(parsePair)),
    ...(raw.note === undefined ? {} : { note: raw.note }),
  };
  if (raw.arch === "x86-64") {
    const config = { ...X8664_DEFAULTS, ...raw.config, pkru: BigInt(raw.config.pkru ?? 0) };
    return { ...common, arch: raw.arch, config };
  }
  const { root1, ...rest } = raw.config;
  const base = root1 === undefined ? {} : { root1: BigInt(root1) };
  return { ...common, arch: raw.arch, config: { ...ARM64_DEFAULTS, ...rest, ...base } };
}

function parsePair([address, value]: RawPair): [bigint, bigint] {
  return [BigInt(address), BigInt(value)];
}

function parseExpect(raw: RawExpect): Expect {
  if ("pa" in raw) {
    return { pa: BigInt(raw.pa) };
  }
  const { fsc, code, ...rest } = raw.fault;
  const fault = {
    ...rest,
    ...(fsc === undefined ? {} : { fsc: BigInt(fsc) }),
    ...(code === undefined ? {} : { code: BigInt(code) }),
  };
  return { fault: fault as Fault };
}

/**
 * Judges an outcome by the format's rule: "`expect` must be equal; the entries it changed, less
 * those it may, must be those of `after`". Returns null, or the first reason against it in one line.
 */
export function judge(vector: Expected, outcome: Outcome): string | null {
  const wanted = describeExpect(vector.expect);
  const got = describeExpect(outcome.expect);
  if (wanted !== got) {
    return `expected ${wanted}, got ${got}`;
  }
  for (const [address, value] of outcome.changed) {
    const must = vector.after.get(address);
    if (value !== must && value !== vector.may.get(address)) {
      const allowed = must === undefined ? "its old value" : hex(must);
      return `entry ${hex(address)} became ${hex(value)}, expected ${allowed}`;
    }
  }
  for (const [address, value] of vector.after) {
    if (!outcome.changed.has(address)) {
      return `entry ${hex(address)} kept its value, expected ${hex(value)}`;
    }
  }
  return null;
}

/** Prints an end of an access on one line, each different end differently. */
export function describeExpect(expect: Expect): string {
  if ("pa" in expect) {
    return `pa ${hex(expect.pa)}`;
  }
  const { fault } = expect;
  if (fault.kind === "non-canonical") {
    return fault.kind;
  }
  if (fault.kind === "page-fault") {
    return "cause" in fault
      ? `${fault.kind} cause ${fault.cause}`
      : `${fault.kind} ${hex(fault.code)}`;
  }
  return `${fault.kind} level ${fault.level} fsc ${hex(fault.fsc)}`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
