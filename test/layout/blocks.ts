/**
 * A table over index bits, as the fewest rules "these bits so, the others whatever: this value".
 *
 * A thousand rows of 0s and 1s cannot be read, so pictures show the smallest decision tree instead. Small
 * N, the entry types of x86-64 over P and PS:
 *
 *   PS P               split at PS: 4 leaves      split at P: 3 leaves
 *    0 0 not-present     PS 0, P 0 not-present      P 0        not-present
 *    0 1 table           PS 0, P 1 table            P 1, PS 0  table
 *    1 0 not-present     PS 1, P 0 not-present      P 1, PS 1  leaf
 *    1 1 leaf            PS 1, P 1 leaf
 *
 * Every index falls into exactly one block, so that nothing of the table is lost. Of equally small trees
 * the one that splits at lower bits first is taken.
 */

/** All indexes with (index & fixed) == bits have the value. */
export interface Block {
  readonly fixed: number;
  readonly bits: number;
  readonly value: number;
}

interface Tree {
  /** Leaves of the smallest tree for these indexes. */
  readonly count: number;
  /** The one value, where count is 1. */
  readonly value: number;
  /** The bit to split at, 0 where count is 1. */
  readonly split: number;
}

/** The blocks of a table with 2^n rows; those with a clear bit come before those with it set. */
export function blocksOf(table: readonly number[]): Block[] {
  const all = dependsOn(table);
  const trees = new Map<number, Tree>();
  const blocks: Block[] = [];

  const treeOf = (fixed: number, bits: number): Tree => {
    // fixed and bits are both below the table's length, so this names the pair.
    const key = fixed * table.length + bits;
    const known = trees.get(key);
    if (known !== undefined) return known;
    const tree = smallest(fixed, bits);
    trees.set(key, tree);
    return tree;
  };

  const smallest = (fixed: number, bits: number): Tree => {
    let best: Tree = { count: Number.POSITIVE_INFINITY, value: table[bits] ?? 0, split: 0 };
    for (let bit = 1; bit < table.length; bit <<= 1) {
      if ((all & ~fixed & bit) === 0) continue;
      const [clear, set] = [treeOf(fixed | bit, bits), treeOf(fixed | bit, bits | bit)];
      const same = clear.count === 1 && set.count === 1 && clear.value === set.value;
      if (same) return { count: 1, value: clear.value, split: 0 };
      const count = clear.count + set.count;
      if (count < best.count) best = { count, value: best.value, split: bit };
    }
    return best.split === 0 ? { ...best, count: 1 } : best;
  };

  const collect = (fixed: number, bits: number): void => {
    const { split, value } = treeOf(fixed, bits);
    if (split === 0) {
      blocks.push({ fixed, bits, value });
      return;
    }
    collect(fixed | split, bits);
    collect(fixed | split, bits | split);
  };

  collect(0, 0);
  return blocks;
}

/** Index bits that make a difference somewhere. */
function dependsOn(table: readonly number[]): number {
  let bits = 0;
  for (let bit = 1; bit < table.length; bit <<= 1) {
    if (table.some((value, index) => value !== table[index ^ bit])) bits |= bit;
  }
  return bits;
}
