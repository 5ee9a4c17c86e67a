import { describe, expect, it } from "vitest";
import { chooseFormat, detectFormat, formatNamed } from "../../src/trace/formats.js";
import { errorOf, raw64Bytes } from "./support.js";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "latin1");

describe("lackey text", () => {
  it.each([
    "==8409== Lackey, an example Valgrind tool\n",
    "--8409-- Valgrind options:\n",
    "\r\n\n==8409== \n",
    "I  0401ab70,3\n",
    " L 1fff000748,8",
    " S 8,",
    " M FFFFFFFFFFFFFFFF,1\r\n",
  ])("is recognised by %j", (text) => {
    expect(detectFormat(Buffer.from(text))).toBe("lackey");
  });
});

describe("a file of no known format", () => {
  it.each([
    ["JSON", Buffer.from('{"schema": "mmulate/report@1"}')],
    ["PNG", PNG],
    ["prose", Buffer.from("I  am a text, with two blanks")],
    ["an underlined heading", Buffer.from("== Heading ==\n")],
    ["raw64 records", raw64Bytes([0x1000n, 0x2001n])],
    ["a lackey line further down", Buffer.from("hello\n L 1000,8\n")],
  ])("is not recognised: %s", (_, bytes) => {
    expect(detectFormat(bytes)).toBeUndefined();
  });

  it("is refused with the known formats and what it begins with", async () => {
    const error = await errorOf(() => chooseFormat("a.png", PNG, "auto"));
    expect([error.code, error.message]).toEqual([
      "INPUT",
      'a.png: begins with "\\x89PNG\\x0d\\x0a\\x1a\\x0a\\x00\\x00\\x00\\x0dI"…, which is no trace format ' +
        "that can be recognised; known formats: " +
        "lackey (text of valgrind --tool=lackey --trace-mem=yes), " +
        "mmt (mmulate's own, made by trace convert), " +
        "raw64 (8-byte little-endian records, address and kind); choose one with --format NAME",
    ]);
  });
});

describe("a format asked for by name", () => {
  it("is taken whatever the file begins with", () => {
    expect(chooseFormat("a.png", PNG, "raw64")).toBe("raw64");
  });

  it.each(["", "Lackey", "toString", "champsim"])("is refused when unknown: %j", async (name) => {
    const error = await errorOf(() => formatNamed(name));
    expect(error.code).toBe("USAGE");
    expect(error.message).toMatch(
      `unknown trace format "${name}"; known formats: auto (by content), `,
    );
  });
});
