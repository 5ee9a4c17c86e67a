// anon_vma: which VMAs may map the same anonymous pages (mm/rmap.c). The model keeps what decides merging:
// identity, and how many a VMA's chain holds.
//
//   first fault          vma.anonVma = A, chain [A]                    "singular"
//   split, move          the same A, the same chain
//   fork                 child: its own C, chain [A, C]                no longer singular

/** One anon_vma. */
export interface AnonVma {
  readonly parent: AnonVma | null;
  /** anon_vmas whose parent this is; a root counts itself. */
  children: number;
  /** VMAs whose own anon_vma this is. */
  active: number;
}

/** The part of a VMA that these rules are about. */
export interface AnonVmaHolder {
  anonVma: AnonVma | null;
  anonChain: readonly AnonVma[];
}

/** `list_is_singular(&vma->anon_vma_chain)`. */
export function isSingular(vma: AnonVmaHolder): boolean {
  return vma.anonChain.length === 1;
}

/** A fork's child (or its part): its chain holds its parents', too. */
export function isForkChild(vma: AnonVmaHolder): boolean {
  return vma.anonVma !== null && !isSingular(vma);
}

function take(vma: AnonVmaHolder, anonVma: AnonVma): void {
  vma.anonVma = anonVma;
  anonVma.active++;
}

/**
 * Gives a VMA its anon_vma at the first fault (`__anon_vma_prepare`).
 * @param reusable that of a neighbour it could merge with (`find_mergeable_anon_vma`)
 */
export function prepareAnonVma(vma: AnonVmaHolder, reusable: AnonVma | null): void {
  const anonVma = reusable ?? { parent: null, children: 1, active: 0 };
  take(vma, anonVma);
  vma.anonChain = [anonVma];
}

/** The copy of a VMA, or what takes its pages over, shares its chain (`anon_vma_clone`). */
export function shareAnonVma(to: AnonVmaHolder, from: AnonVmaHolder): void {
  if (from.anonVma !== null) take(to, from.anonVma);
  to.anonChain = from.anonChain;
}

/**
 * The child's VMA after a fork (`anon_vma_fork`): it hangs itself into its parent's chain, and takes over an
 * anon_vma there that nobody uses any more and that has at most one child, else a new one.
 */
export function forkAnonVma(child: AnonVmaHolder, parent: AnonVmaHolder): void {
  child.anonVma = null;
  child.anonChain = [];
  if (parent.anonVma === null) return;
  const unused = parent.anonChain.find(({ children, active }) => children < 2 && active === 0);
  if (unused !== undefined) {
    take(child, unused);
    child.anonChain = parent.anonChain;
    return;
  }
  const own: AnonVma = { parent: parent.anonVma, children: 0, active: 0 };
  parent.anonVma.children++;
  take(child, own);
  child.anonChain = [...parent.anonChain, own];
}

/** The VMA goes, or its pages have moved away (`unlink_anon_vmas`). */
export function unlinkAnonVma(vma: AnonVmaHolder): void {
  if (vma.anonVma !== null) vma.anonVma.active--;
  vma.anonVma = null;
  vma.anonChain = [];
}
