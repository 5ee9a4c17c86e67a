// What the manuals say of second stages, in straight-line code: EPT (SDM 3C, chapter VMX support for address translation),
// arm64 stage 2 with the 4 KiB granule (Arm ARM D8), riscv64 G-stage (Privileged Architecture, Hypervisor Extension). It
// shares nothing with the core or the descriptors.

export interface Memory {
  read(pa: bigint): bigint;
}

/** Six kinds, as the core numbers them: read, write, fetch of a user, then of a supervisor. */
export interface Tried {
  readonly kind: "read" | "write" | "fetch";
  readonly supervisor: boolean;
}

export interface Outcome {
  /** What is reported of a fault on the page itself; null = it went through. */
  readonly code: number | null;
  /** Misconfigurations have an exit of their own, without a qualification. */
  readonly misconfigured?: boolean;
  readonly pa: bigint;
  readonly bytes: bigint;
  /** Entries that the hardware changed. */
  readonly written: ReadonlyMap<bigint, bigint>;
}

const bit = (value: bigint, at: number): boolean => ((value >> BigInt(at)) & 1n) === 1n;
const bits = (value: bigint, hi: number, lo: number): bigint =>
  (value >> BigInt(lo)) & ((1n << BigInt(hi - lo + 1)) - 1n);
const indexOf = (gpa: bigint, level: number, wide = 9): bigint =>
  bits(gpa, 12 + 9 * level + wide - 1, 12 + 9 * level);

interface Parts {
  code: number | null;
  misconfigured?: boolean;
  pa: bigint;
  bytes: bigint;
}
const nowhere = { pa: 0n, bytes: 0n };

export interface EptMode {
  readonly ad: boolean;
  readonly xo: boolean;
  readonly mbec: boolean;
  readonly maxphyaddr: number;
}

/** Whether an EPT entry is one that no software may write (SDM, EPT misconfigurations). */
function eptMisconfigured(
  e: bigint,
  level: number,
  leaf: boolean,
  { xo, mbec, maxphyaddr }: EptMode,
): boolean {
  if (!bit(e, 0) && bit(e, 1)) return true;
  if (!xo && !bit(e, 0) && (bit(e, 2) || (mbec && bit(e, 10)))) return true;
  if (maxphyaddr < 52 && bits(e, 51, maxphyaddr) !== 0n) return true;
  if (!leaf) return bits(e, 6, 3) !== 0n || (level >= 3 && bit(e, 7));
  if ([2n, 3n, 7n].includes(bits(e, 5, 3))) return true;
  return level > 0 && bits(e, 11 + 9 * level, 12) !== 0n;
}

export function ept(
  memory: Memory,
  root: bigint,
  gpa: bigint,
  { kind, supervisor }: Tried,
  mode: EptMode,
): Outcome {
  const written = new Map<bigint, bigint>();
  const { ad, mbec } = mode;
  const rights = { r: true, w: true, xs: true, xu: true };
  const qualification = (present: boolean): number => {
    const access = { read: 1, write: 2, fetch: 4 }[kind];
    const told = present ? rights : { r: false, w: false, xs: false, xu: false };
    const three = Number(told.r) | (Number(told.w) << 1) | (Number(told.xs) << 2);
    return access | (three << 3) | (mbec && told.xu ? 0x40 : 0) | 0x80 | 0x100;
  };
  const run = (): Parts => {
    let table = root;
    for (let level = 3; level >= 0; level--) {
      const at = table + 8n * indexOf(gpa, level);
      const e = memory.read(at);
      if ((e & 7n) === 0n) return { code: qualification(false), ...nowhere };
      const leaf = level === 0 || (level <= 2 && bit(e, 7));
      if (eptMisconfigured(e, level, leaf, mode)) {
        return { code: 0, misconfigured: true, ...nowhere };
      }
      rights.r &&= bit(e, 0);
      rights.w &&= bit(e, 1);
      rights.xs &&= bit(e, 2);
      rights.xu &&= bit(e, mbec ? 10 : 2);
      if (!leaf) {
        if (ad && !bit(e, 8)) written.set(at, e | 0x100n);
        table = bits(e, 51, 12) << 12n;
        continue;
      }
      const fetch = supervisor ? rights.xs : rights.xu;
      if (!{ read: rights.r, write: rights.w, fetch }[kind]) {
        return { code: qualification(true), ...nowhere };
      }
      const flags = ad ? 0x100n | (kind === "write" ? 0x200n : 0n) : 0n;
      if ((e | flags) !== e) written.set(at, e | flags);
      const bytes = 1n << BigInt(12 + 9 * level);
      const base = (bits(e, 51, 12) << 12n) & ~(bytes - 1n);
      return { code: null, pa: base | (gpa & (bytes - 1n)), bytes };
    }
    throw new Error("an EPT PTE is a leaf");
  };
  return { ...run(), written };
}

export interface ArmMode {
  readonly ha: boolean;
  readonly hd: boolean;
  /** Bits of an output address. */
  readonly ps: number;
}

/** 4 KiB granule, 48 bits; levels as the manual counts them, from 0 to 3. */
export function armStage2(
  memory: Memory,
  root: bigint,
  gpa: bigint,
  { kind, supervisor }: Tried,
  { ha, hd, ps }: ArmMode,
): Outcome {
  const written = new Map<bigint, bigint>();
  const iss = (status: number, level: number): Parts => ({
    code: status | level | (kind === "write" ? 0x40 : 0),
    ...nowhere,
  });
  const run = (): Parts => {
    let table = root;
    for (let level = 0; level <= 3; level++) {
      const at = table + 8n * indexOf(gpa, 3 - level);
      const e = memory.read(at);
      if (!bit(e, 0)) return iss(0b000100, level);
      const isTable = level < 3 && bit(e, 1);
      if (level === 3 && !bit(e, 1)) return iss(0b000100, level);
      if (level === 0 && !isTable) return iss(0b000100, level);
      const output = bits(e, 47, 12) << 12n;
      if (isTable) {
        if (output >> BigInt(ps) !== 0n) return iss(0b000000, level);
        table = output;
        continue;
      }
      const bytes = 1n << BigInt(12 + 9 * (3 - level));
      const base = output & ~(bytes - 1n);
      if (base >> BigInt(ps) !== 0n) return iss(0b000000, level);
      if (!bit(e, 10) && !ha) return iss(0b001000, level);
      const managed = ha && hd && bit(e, 51);
      const xn = Number(bits(e, 54, 53));
      const executable = supervisor ? xn === 0b00 || xn === 0b11 : xn === 0b00 || xn === 0b01;
      const allowed = {
        read: bit(e, 6),
        write: bit(e, 7) || managed,
        fetch: bit(e, 6) && executable,
      }[kind];
      if (!allowed) return iss(0b001100, level);
      const now = (ha ? e | 0x400n : e) | (kind === "write" && managed ? 0x80n : 0n);
      if (now !== e) written.set(at, now);
      // A contiguous group's address bits below its size come from the input.
      const group = bit(e, 52) ? bytes * 16n : bytes;
      return { code: null, pa: (base & ~(group - 1n)) | (gpa & (group - 1n)), bytes: group };
    }
    throw new Error("a level 3 descriptor is no table");
  };
  return { ...run(), written };
}

export interface GStageMode {
  readonly svadu: boolean;
  readonly mxr: boolean;
}

/** Sv48x4, without extensions that give reserved bits a meaning. */
export function gStage(
  memory: Memory,
  root: bigint,
  gpa: bigint,
  { kind }: Tried,
  { svadu, mxr }: GStageMode,
): Outcome {
  const written = new Map<bigint, bigint>();
  const fault: Parts = { code: { fetch: 20, read: 21, write: 23 }[kind], ...nowhere };
  const run = (): Parts => {
    let table = root;
    for (let i = 3; i >= 0; i--) {
      const at = table + 8n * indexOf(gpa, i, i === 3 ? 11 : 9);
      const pte = memory.read(at);
      const [v, r, w, x, u, a, d] = [0, 1, 2, 3, 4, 6, 7].map((each) => bit(pte, each));
      if (!v || (!r && w) || bits(pte, 63, 54) !== 0n) return fault;
      const ppn = bits(pte, 53, 10);
      if (!r && !x) {
        if (i === 0 || d || a || u) return fault;
        table = ppn << 12n;
        continue;
      }
      if (i > 0 && ppn % (1n << BigInt(9 * i)) !== 0n) return fault;
      if (!u) return fault;
      if (!{ read: r || (mxr && x), write: w, fetch: x }[kind]) return fault;
      const needsD = kind === "write" && !d;
      if (!a || needsD) {
        if (!svadu) return fault;
        written.set(at, pte | 0x40n | (kind === "write" ? 0x80n : 0n));
      }
      const bytes = 1n << BigInt(12 + 9 * i);
      return { code: null, pa: (ppn << 12n) | (gpa & (bytes - 1n)), bytes };
    }
    return fault;
  };
  return { ...run(), written };
}
