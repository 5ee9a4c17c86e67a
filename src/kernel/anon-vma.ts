// anon_vma: which VMAs may map the same anonymous pages (mm/rmap.c). The model keeps what decides merging:
// identity, and how many a VMA's chain holds.
//
//   first fault          vma.anonVma = A, chain [A]                    "singular"
//   split, move          the same A, the same chain
//   fork                 child: its own C, chain [A, C]                no longer singular

/** How many anon_vmas there are. */
export interface AnonVmaPool {
  living: number;
}

/** One anon_vma. */
export interface AnonVma {
  readonly pool: AnonVmaPool;
  readonly parent: AnonVma | null;
  /** VMAs whose chain it is in; with the last one it goes. */
  links: number;
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

function newAnonVma(pool: AnonVmaPool, parent: AnonVma | null): AnonVma {
  pool.living++;
  return { pool, parent, links: 0, children: parent === null ? 1 : 0, active: 0 };
}

function setChain(vma: AnonVmaHolder, chain: readonly AnonVma[]): void {
  for (const anonVma of chain) anonVma.links++;
  vma.anonChain = chain;
}

function take(vma: AnonVmaHolder, anonVma: AnonVma): void {
  vma.anonVma = anonVma;
  anonVma.active++;
}

/**
 * Gives a VMA its anon_vma at the first fault (`__anon_vma_prepare`).
 * @param reusable that of a neighbour it could merge with (`find_mergeable_anon_vma`)
 */
export function prepareAnonVma(
  pool: AnonVmaPool,
  vma: AnonVmaHolder,
  reusable: AnonVma | null,
): void {
  const anonVma = reusable ?? newAnonVma(pool, null);
  take(vma, anonVma);
  setChain(vma, [anonVma]);
}

/** The copy of a VMA, or what takes its pages over, shares its chain (`anon_vma_clone`). */
export function shareAnonVma(to: AnonVmaHolder, from: AnonVmaHolder): void {
  if (from.anonVma !== null) take(to, from.anonVma);
  setChain(to, from.anonChain);
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
    setChain(child, parent.anonChain);
    return;
  }
  const own = newAnonVma(parent.anonVma.pool, parent.anonVma);
  parent.anonVma.children++;
  take(child, own);
  setChain(child, [...parent.anonChain, own]);
}

/** The VMA goes, or its pages have moved away (`unlink_anon_vmas`). */
export function unlinkAnonVma(vma: AnonVmaHolder): void {
  if (vma.anonVma !== null) vma.anonVma.active--;
  for (const anonVma of vma.anonChain) drop(anonVma);
  vma.anonVma = null;
  vma.anonChain = [];
}

/** Out of one chain; who is in none is no longer its parent's child (`num_children--`). */
function drop(anonVma: AnonVma): void {
  anonVma.links--;
  if (anonVma.links > 0) return;
  anonVma.pool.living--;
  if (anonVma.parent !== null) anonVma.parent.children--;
}
