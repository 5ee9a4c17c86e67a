// What cells are called beside each other.

/** Labels whose values say by themselves what they are of. */
const PLAIN: ReadonlySet<string> = new Set(["cell", "input", "arch", "kernel", "cpu", "pages"]);

/** "x86-64" for the label of a selector, "costs.syscall=300" for that of a swept path. */
export function labelWord(name: string, value: string): string {
  return PLAIN.has(name) ? value : `${name}=${value}`;
}

/** All labels of a cell in one line. */
export function labelLine(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => labelWord(name, value))
    .join(" ");
}
