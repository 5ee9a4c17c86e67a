// The nearest of some names, for "did you mean".

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitute));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The one name that begins with `word`, else the closest; null when none is within a third of its length (at least 2). */
export function nearest(word: string, names: Iterable<string>): string | null {
  const known = [...names];
  const longer = known.filter((name) => word.length > 1 && name.startsWith(word));
  if (longer.length === 1) return longer[0] ?? null;
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of known) {
    const far = distance(word.toLowerCase(), name.toLowerCase());
    if (far < least) {
      least = far;
      best = name;
    }
  }
  return best;
}

/** `; did you mean "NAME"?` for an unknown word, or nothing where no name is near. */
export function hintFor(word: string, names: Iterable<string>): string {
  const near = nearest(word, names);
  return near === null ? "" : `; did you mean "${near}"?`;
}
