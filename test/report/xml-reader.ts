// An independent, strict reader of the XML that a report needs: a declaration, elements, attributes, the five
// entities and character references. Throws on everything else, and on characters that XML 1.0 does not have.

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** XML 1.0, production 2. */
function isCharacter(code: number): boolean {
  return (
    [0x9, 0xa, 0xd].includes(code) ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000
  );
}

/** Attribute value normalisation (XML 1.0, 3.3.3): bare blanks become spaces, references stay. */
function decode(text: string): string {
  if (text.includes("<")) throw new Error(`"<" in ${text}`);
  return text.replaceAll(/[\t\n\r]/g, " ").replaceAll(/&([^;]*);?/g, (all, name: string) => {
    if (!all.endsWith(";")) throw new Error(`bare & in ${text}`);
    const number = /^#(\d+)$/.exec(name)?.[1];
    const value = number === undefined ? ENTITIES[name] : String.fromCodePoint(Number(number));
    if (value === undefined) throw new Error(`unknown entity ${all}`);
    return value;
  });
}

const TAG = /<(\/?)([a-z]+)((?:\s+[a-z]+="[^"]*")*)(\/?)>|([^<]+)|(.)/gs;

export function readXml(text: string): Element {
  for (const character of text) {
    if (!isCharacter(character.codePointAt(0) ?? 0)) {
      throw new Error(`XML has no character ${JSON.stringify(character)}`);
    }
  }
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!text.startsWith(declaration)) throw new Error("no declaration");
  const top: Element & { children: Element[] } = { name: "", attributes: {}, children: [] };
  const open = [top];
  for (const [, slash, name, list = "", empty, blank, foreign] of text
    .slice(declaration.length)
    .matchAll(TAG)) {
    const inner = open.at(-1);
    if (foreign !== undefined || inner === undefined) throw new Error(`unexpected ${foreign}`);
    if (blank !== undefined) {
      if (blank.trim() !== "") throw new Error(`text ${JSON.stringify(blank)}`);
    } else if (slash === "/") {
      if (inner.name !== name) throw new Error(`</${name}> ends <${inner.name}>`);
      open.pop();
    } else {
      const pairs = [...list.matchAll(/([a-z]+)="([^"]*)"/g)].map(
        ([, key = "", value = ""]) => [key, decode(value)] as const,
      );
      if (new Set(pairs.map(([key]) => key)).size < pairs.length)
        throw new Error("an attribute twice");
      const element = { name: name ?? "", attributes: Object.fromEntries(pairs), children: [] };
      inner.children.push(element);
      if (empty === "") open.push(element);
    }
  }
  const [root, ...others] = top.children;
  if (open.length !== 1 || root === undefined || others.length > 0) throw new Error("not one root");
  return root;
}
