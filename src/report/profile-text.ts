// A CPU or cost profile as text: its numbers, each with where it comes from.

interface Profile {
  readonly name: string;
  readonly title: string;
  readonly sources: Readonly<Record<string, string>>;
}

/** Path, numbers, and source with how sure it is. */
type Row = readonly [path: string, figures: string, source: string];

const UNITS = ["", "K", "M", "G", "T", "P"];

/** 21 -> "2M". */
function pageName(shift: number): string {
  return `${2 ** (shift % 10)}${UNITS[Math.floor(shift / 10)] ?? ""}`;
}

/** What stands beside `cite` in a fact, in its order. */
function figuresOf(fact: Readonly<Record<string, unknown>>): string {
  const { cite: _, confidence: __, name: ___, ...figures } = fact;
  return Object.entries(figures)
    .map(([key, value]) => {
      if (key === "cycles") return `${String(value)} cycles`;
      if (key === "value" || key === "what") return String(value);
      if (key === "from" || key === "to") return `${key} ${pageName(Number(value))}`;
      if (key === "pages" && Array.isArray(value)) return `pages ${value.map(pageName).join(" ")}`;
      if (value === true) return key;
      return value === false ? `not ${key}` : `${key} ${String(value)}`;
    })
    .join(", ");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function rowsOf(value: unknown, path: string): Row[] {
  if (!isObject(value)) return [[path, String(value), ""]];
  if (typeof value.cite === "string") {
    const sure = typeof value.confidence === "string" ? `, ${value.confidence}` : "";
    return [[path, figuresOf(value), `[${value.cite}${sure}]`]];
  }
  if (Array.isArray(value) && !value.some(isObject)) {
    return value.length === 0 ? [] : [[path, value.join(", "), ""]];
  }
  return Object.entries(value).flatMap(([key, each]) => {
    const named = isObject(each) && typeof each.name === "string" ? each.name : key;
    const step = Array.isArray(value) ? ` ${named}` : `.${key}`;
    return rowsOf(each, `${path}${step}`);
  });
}

/** A profile as a table of its numbers, then the sources. */
export function toProfileText(profile: Profile): string {
  const { name, title, sources, ...facts } = profile;
  const rows = Object.entries(facts).flatMap(([key, value]) => rowsOf(value, key));
  const width = (column: 0 | 1): number => Math.max(0, ...rows.map((row) => row[column].length));
  const [first, second] = [width(0), Math.min(width(1), 40)];
  const lines = rows.map(([path, figures, source]) =>
    `  ${path.padEnd(first)}  ${figures.padEnd(second)}  ${source}`.trimEnd(),
  );
  const keys = Object.entries(sources).map(([key, text]) => `  ${key}: ${text}`);
  return `${[`${name}: ${title}`, "", ...lines, "", "sources", ...keys].join("\n")}\n`;
}
