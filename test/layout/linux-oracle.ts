// What Linux's helpers do to an entry, bit by bit, straight from the kernel's own words: an oracle that knows
// nothing of the layouts in arch/linux. One object an architecture; a helper takes and returns a u64.

const bit = (n: number): bigint => 1n << BigInt(n);
const has = (entry: bigint, mask: bigint): boolean => (entry & mask) !== 0n;
const without = (entry: bigint, mask: bigint): bigint => entry & ~mask;

export type Prot = "none" | "r" | "rw" | "rx" | "rwx";
export const PROTS: readonly Prot[] = ["none", "r", "rw", "rx", "rwx"];

export interface Helpers {
  /** Entries as the kernel makes them: every combination of what its helpers keep apart. */
  legal(): bigint[];
  present(entry: bigint): boolean;
  none(entry: bigint): boolean;
  pfn(entry: bigint): bigint;
  readonly test: Readonly<Record<string, (entry: bigint) => boolean>>;
  readonly set: Readonly<Record<string, (entry: bigint) => bigint>>;
  readonly clear: Readonly<Record<string, (entry: bigint) => bigint>>;
  modify(entry: bigint, prot: Prot): bigint;
  /** mk_pte for a frame. */
  leaf(pfn: bigint, prot: Prot): bigint;
  swap(type: number, offset: bigint): bigint;
  readonly swapFlags: Readonly<Record<string, bigint>>;
}

/** Every sum of a choice from each list. */
function combinations(...lists: (readonly bigint[])[]): bigint[] {
  return lists.reduce<bigint[]>(
    (sums, list) => sums.flatMap((sum) => list.map((each) => sum | each)),
    [0n],
  );
}

const plain = (mask: bigint) => ({
  test: (entry: bigint) => has(entry, mask),
  set: (entry: bigint) => entry | mask,
  clear: (entry: bigint) => without(entry, mask),
});

// --- x86-64: arch/x86/include/asm/pgtable.h -------------------------------------------------------

const X = {
  P: bit(0),
  RW: bit(1),
  US: bit(2),
  A: bit(5),
  D: bit(6),
  PROTNONE: bit(8),
  SPECIAL: bit(9),
  UFFD_WP: bit(10),
  SOFT_DIRTY: bit(11),
  SAVED: bit(58),
  NX: bit(63),
};
/** PTE_PFN_MASK: __PHYSICAL_MASK_SHIFT is 52 (asm/page_64_types.h). */
const X_PFN = bit(52) - bit(12);

/** @param saved the layout has SAVED_DIRTY */
function x86Helpers(saved: boolean): Helpers {
  const protnone = (entry: bigint) => !has(entry, X.P) && has(entry, X.PROTNONE);
  const present = (entry: bigint) => has(entry, X.P) || has(entry, X.PROTNONE);
  const toSaved = (entry: bigint) =>
    saved && has(entry, X.D) && !has(entry, X.RW) ? without(entry, X.D) | X.SAVED : entry;
  const fromSaved = (entry: bigint) =>
    saved && has(entry, X.SAVED) && has(entry, X.RW) ? without(entry, X.SAVED) | X.D : entry;
  const invert = (entry: bigint) => (has(entry, X.P) || entry === 0n ? entry : entry ^ X_PFN);
  const bits: Record<Prot, bigint> = {
    none: X.PROTNONE,
    r: X.P | X.US | X.NX,
    rw: X.P | X.RW | X.US | X.NX,
    rx: X.P | X.US,
    rwx: X.P | X.RW | X.US,
  };
  const allProt = X.P | X.RW | X.US | X.PROTNONE | X.NX;
  const young = plain(X.A);
  const special = plain(X.SPECIAL);
  const softDirty = plain(X.SOFT_DIRTY);
  const uffdWp = plain(X.UFFD_WP);
  return {
    legal: () => {
      const dirty = saved ? [0n, X.RW, X.RW | X.D, X.SAVED] : [0n, X.RW, X.RW | X.D, X.D];
      const rest = combinations(
        dirty,
        [0n, X.A],
        [0n, X.SPECIAL],
        [0n, X.UFFD_WP],
        [0n, X.SOFT_DIRTY],
        [0n, X.NX],
        [bit(12), X_PFN & (0x12345n << 12n)],
      );
      return rest.flatMap((each) => {
        const mapped = each | X.P | X.US;
        return has(each, X.RW) ? [mapped] : [mapped, (each ^ X_PFN) | X.PROTNONE];
      });
    },
    present,
    none: (entry) => without(entry, X.A | X.D) === 0n,
    pfn: (entry) => (invert(entry) & X_PFN) >> 12n,
    test: {
      write: (entry) => has(entry, X.RW),
      dirty: (entry) => has(entry, X.D) || (saved && has(entry, X.SAVED)),
      young: young.test,
      special: special.test,
      softDirty: softDirty.test,
      uffdWp: uffdWp.test,
      protnone,
    },
    set: {
      write: (entry) => fromSaved(entry | X.RW),
      dirty: (entry) => toSaved(entry | X.D),
      young: young.set,
      special: special.set,
      softDirty: softDirty.set,
      uffdWp: uffdWp.set,
    },
    clear: {
      write: (entry) => toSaved(without(entry, X.RW)),
      dirty: (entry) => without(entry, X.D | (saved ? X.SAVED : 0n)),
      young: young.clear,
      special: special.clear,
      softDirty: softDirty.clear,
      uffdWp: uffdWp.clear,
    },
    modify: (entry, prot) => {
      const upright = without(invert(entry), allProt) | bits[prot];
      const moved = has(entry, X.RW) ? toSaved(upright) : fromSaved(upright);
      return invert(moved);
    },
    leaf: (pfn, prot) => invert((pfn << 12n) | X.A | bits[prot]),
    swap: (type, offset) => (BigInt(type) << 59n) | ((~offset & (bit(50) - 1n)) << 9n),
    swapFlags: { softDirty: bit(1), uffdWp: bit(2), exclusive: bit(3) },
  };
}

// --- arm64: arch/arm64/include/asm/pgtable.h ------------------------------------------------------

const A = {
  VALID: bit(0),
  TYPE: bit(1),
  USER: bit(6),
  RDONLY: bit(7),
  AF: bit(10),
  NG: bit(11),
  WRITE: bit(51),
  CONT: bit(52),
  PXN: bit(53),
  UXN: bit(54),
  DIRTY: bit(55),
  SPECIAL: bit(56),
  BIT58: bit(58),
};
const A_PFN = bit(48) - bit(12);
const A_COMMON = A.TYPE | (3n << 8n) | A.NG;

/** @param old Linux 6.8: PROT_NONE is bit 58, and there is no uffd-wp */
function arm64Helpers(old: boolean): Helpers {
  const NONE_MARK = old ? A.BIT58 : A.NG;
  const hwDirty = (entry: bigint) => has(entry, A.WRITE) && !has(entry, A.RDONLY);
  const mkdirty = (entry: bigint) =>
    has(entry, A.WRITE) ? without(entry | A.DIRTY, A.RDONLY) : entry | A.DIRTY;
  const young = plain(A.AF);
  const special = plain(A.SPECIAL);
  const contiguous = plain(A.CONT);
  const uffdWp = plain(A.BIT58);
  const shared: Record<Prot, bigint> = {
    none: A.RDONLY | A.PXN | A.UXN,
    r: A.VALID | A.USER | A.RDONLY | A.PXN | A.UXN,
    rw: A.VALID | A.USER | A.RDONLY | A.PXN | A.UXN | A.WRITE,
    rx: A.VALID | A.USER | A.RDONLY | A.PXN,
    rwx: A.VALID | A.USER | A.RDONLY | A.PXN | A.WRITE,
  };
  const protOf = (prot: Prot) => shared[prot] | A.NG | (prot === "none" ? NONE_MARK : 0n);
  const mask = A.VALID | A.USER | A.RDONLY | A.PXN | A.UXN | A.WRITE | (old ? A.BIT58 : A.NG);
  const protnone = (entry: bigint) =>
    !has(entry, A.VALID) &&
    has(entry, NONE_MARK) &&
    (old || (!has(entry, A.USER) && has(entry, A.UXN)));
  const flags = old ? {} : { uffdWp };
  return {
    legal: () => {
      const dirty = [A.RDONLY, A.RDONLY | A.WRITE, A.RDONLY | A.DIRTY, A.WRITE, A.WRITE | A.DIRTY];
      const rest = combinations(
        dirty,
        [0n, A.AF],
        [0n, A.SPECIAL],
        old ? [0n] : [0n, A.BIT58],
        [0n, A.CONT],
        [0n, A.UXN],
        [bit(12), A_PFN & (0x12345n << 12n)],
      );
      return rest.flatMap((each) => {
        const mapped = each | A_COMMON | A.VALID | A.USER | A.PXN;
        if (has(each, A.WRITE)) return [mapped];
        const hidden = without(mapped, A.VALID | A.USER) | A.UXN | NONE_MARK;
        return [mapped, hidden];
      });
    },
    present: (entry) => has(entry, A.VALID) || has(entry, NONE_MARK),
    none: (entry) => entry === 0n,
    pfn: (entry) => (entry & A_PFN) >> 12n,
    test: {
      write: (entry) => has(entry, A.WRITE),
      dirty: (entry) => has(entry, A.DIRTY) || hwDirty(entry),
      young: young.test,
      special: special.test,
      contiguous: contiguous.test,
      protnone,
      ...Object.fromEntries(Object.entries(flags).map(([name, { test }]) => [name, test])),
    },
    set: {
      write: (entry) => {
        const writable = entry | A.WRITE;
        return has(entry, A.DIRTY) ? without(writable, A.RDONLY) : writable;
      },
      dirty: mkdirty,
      young: young.set,
      special: special.set,
      contiguous: contiguous.set,
      ...Object.fromEntries(Object.entries(flags).map(([name, { set }]) => [name, set])),
    },
    clear: {
      write: (entry) => {
        const saved = hwDirty(entry) ? entry | A.DIRTY : entry;
        return without(saved, A.WRITE) | A.RDONLY;
      },
      dirty: (entry) => without(entry, A.DIRTY) | A.RDONLY,
      young: young.clear,
      special: special.clear,
      contiguous: contiguous.clear,
      ...Object.fromEntries(Object.entries(flags).map(([name, { clear }]) => [name, clear])),
    },
    modify: (entry, prot) => {
      const saved = hwDirty(entry) ? entry | A.DIRTY : entry;
      const changed = without(saved, mask) | (protOf(prot) & mask);
      return has(changed, A.DIRTY) ? mkdirty(changed) : changed;
    },
    leaf: (pfn, prot) => (pfn << 12n) | A_COMMON | A.AF | protOf(prot),
    swap: (type, offset) =>
      old ? (BigInt(type) << 3n) | (offset << 8n) : (BigInt(type) << 6n) | (offset << 12n),
    swapFlags: old ? { exclusive: bit(2) } : { uffdWp: bit(3), exclusive: bit(2) },
  };
}

// --- riscv64: arch/riscv/include/asm/pgtable.h ----------------------------------------------------

const V = {
  PRESENT: bit(0),
  READ: bit(1),
  WRITE: bit(2),
  EXEC: bit(3),
  USER: bit(4),
  GLOBAL: bit(5),
  ACCESSED: bit(6),
  DIRTY: bit(7),
  SPECIAL: bit(8),
  SOFT_DIRTY: bit(59),
  UFFD_WP: bit(60),
};
const V_PFN = bit(54) - bit(10);
const V_PROT_NONE = V.GLOBAL;

/**
 * @param tracks Linux 6.19 and later on hardware with Svrsw60t59b
 * @param exclusive 6.3 and later
 */
function riscvHelpers(tracks: boolean, exclusive: boolean): Helpers {
  const base = V.PRESENT | V.ACCESSED | V.USER;
  const bits: Record<Prot, bigint> = {
    none: V_PROT_NONE | V.READ,
    r: base | V.READ,
    rw: base | V.READ | V.WRITE,
    rx: base | V.READ | V.EXEC,
    rwx: base | V.READ | V.WRITE | V.EXEC,
  };
  const replaced = V.PRESENT | V.READ | V.WRITE | V.EXEC | V.USER | V.GLOBAL;
  const flags = {
    dirty: plain(V.DIRTY),
    young: plain(V.ACCESSED),
    special: plain(V.SPECIAL),
    ...(tracks ? { softDirty: plain(V.SOFT_DIRTY), uffdWp: plain(V.UFFD_WP) } : {}),
  };
  const each = <K extends "test" | "set" | "clear">(which: K) =>
    Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag[which]])) as Record<
      string,
      (typeof flags)["dirty"][K]
    >;
  return {
    legal: () => {
      const rest = combinations(
        [0n, V.ACCESSED],
        [0n, V.DIRTY],
        [0n, V.SPECIAL],
        tracks ? [0n, V.SOFT_DIRTY] : [0n],
        tracks ? [0n, V.UFFD_WP] : [0n],
        [0n, bit(9)],
        [bit(10), V_PFN & (0x12345n << 10n)],
      );
      return rest.flatMap((one) => [
        one | V_PROT_NONE | V.READ,
        ...[V.READ, V.READ | V.WRITE, V.READ | V.EXEC, V.READ | V.WRITE | V.EXEC].map(
          (rights) => one | V.PRESENT | V.USER | rights,
        ),
      ]);
    },
    present: (entry) => has(entry, V.PRESENT | V_PROT_NONE),
    none: (entry) => entry === 0n,
    pfn: (entry) => (entry & V_PFN) >> 10n,
    test: {
      ...each("test"),
      write: (entry) => has(entry, V.WRITE),
      protnone: (entry) => (entry & (V.PRESENT | V_PROT_NONE)) === V_PROT_NONE,
    },
    set: { ...each("set"), write: (entry) => entry | V.WRITE },
    clear: {
      ...each("clear"),
      write: (entry) => without(entry, V.WRITE) | (tracks ? V.READ : 0n),
    },
    modify: (entry, prot) => without(entry, replaced) | bits[prot],
    leaf: (pfn, prot) => (pfn << 10n) | bits[prot],
    swap: (type, offset) => (BigInt(type) << 7n) | (offset << 12n),
    swapFlags: {
      ...(exclusive ? { exclusive: bit(6) } : {}),
      ...(tracks ? { softDirty: bit(3), uffdWp: bit(4) } : {}),
    },
  };
}

/** The helpers of each layout of arch/linux. */
export const HELPERS: ReadonlyMap<string, Helpers> = new Map([
  ["x86-64-6.1", x86Helpers(false)],
  ["x86-64-6.12", x86Helpers(true)],
  ["x86-64-7.0", x86Helpers(true)],
  ["arm64-6.8", arm64Helpers(true)],
  ["arm64-6.12", arm64Helpers(false)],
  ["arm64-7.0", arm64Helpers(false)],
  ["riscv64-6.1", riscvHelpers(false, false)],
  ["riscv64-6.8", riscvHelpers(false, true)],
  ["riscv64-6.12", riscvHelpers(false, true)],
  ["riscv64-7.0", riscvHelpers(true, true)],
]);
