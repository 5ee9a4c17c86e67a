import { describe, expect, it } from "vitest";
import * as abi from "../../assembly/abi/demand.js";
import { MmulateError } from "../../src/errors.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import {
  type CompiledDemand,
  compilePagePolicy,
  encodeDemand,
  sizeName,
} from "../../src/layout/page-policy.js";
import { parseSelector } from "../../src/runner/plan.js";

const GIB = 1n << 30n;

/** The layout of a usual system, with changes: "arm64:granule=16". */
function layoutOf(selector: string): CompiledLayout {
  const { descriptor, mode } = parseSelector(selector);
  return compileLayout(descriptor, mode);
}

/** The message that a policy is refused with. */
function refusalOf(selector: string, text: string): string {
  try {
    compilePagePolicy(layoutOf(selector), text);
  } catch (error) {
    if (error instanceof MmulateError && error.code === "CONFIG") return error.message;
    throw error;
  }
  throw new Error(`"${text}" was accepted`);
}

// Entry bits out of the manuals.
const X86_PAGE = 0b111n; // P, R/W, U/S
const X86_LARGE = X86_PAGE | (1n << 7n); // and PS
const COMMON = (1n << 6n) | (1n << 11n) | (1n << 53n); // AP[1], nG, PXN
const HARDWARE = COMMON | (1n << 7n) | (1n << 51n); // AP[2] with DBM: writable, clean; AF clear
const ARM_PAGE = HARDWARE | 0b11n;
const ARM_BLOCK = HARDWARE | 0b01n;
const CONT = 1n << 52n;

const POLICIES = [
  ["x86-64", "base", 0, 0, X86_PAGE],
  ["x86-64", "4k", 0, 0, X86_PAGE],
  ["x86-64", "thp", 1, 0, X86_LARGE],
  ["x86-64", "2m", 1, 0, X86_LARGE],
  ["x86-64", "2048k", 1, 0, X86_LARGE],
  ["x86-64", "1g", 2, 0, X86_LARGE],
  ["x86-64", "1G", 2, 0, X86_LARGE],
  ["x86-64:levels=5", "1g", 2, 0, X86_LARGE],
  // No hint on x86-64: 16 neighbours at once, as Linux's usual 64 KiB folios.
  ["x86-64", "contiguous", 0, 4, X86_PAGE],
  ["arm64", "base", 0, 0, ARM_PAGE],
  ["arm64", "contiguous", 0, 4, ARM_PAGE | CONT],
  ["arm64", "64k", 0, 4, ARM_PAGE | CONT],
  ["arm64", "thp", 1, 0, ARM_BLOCK],
  ["arm64", "2m", 1, 0, ARM_BLOCK],
  ["arm64", "32m", 1, 4, ARM_BLOCK | CONT],
  ["arm64", "1g", 2, 0, ARM_BLOCK],
  ["arm64", "16g", 2, 4, ARM_BLOCK | CONT],
  ["arm64:ds=true", "512g", 3, 0, ARM_BLOCK],
  ["arm64:granule=16", "16k", 0, 0, ARM_PAGE],
  ["arm64:granule=16", "contiguous", 0, 7, ARM_PAGE | CONT],
  ["arm64:granule=16", "2m", 0, 7, ARM_PAGE | CONT],
  ["arm64:granule=16", "thp", 1, 0, ARM_BLOCK],
  ["arm64:granule=16", "32m", 1, 0, ARM_BLOCK],
  ["arm64:granule=16", "1g", 1, 5, ARM_BLOCK | CONT],
  ["arm64:granule=16:ds=true", "64g", 2, 0, ARM_BLOCK],
  ["arm64:granule=64", "64k", 0, 0, ARM_PAGE],
  ["arm64:granule=64", "contiguous", 0, 5, ARM_PAGE | CONT],
  ["arm64:granule=64", "2m", 0, 5, ARM_PAGE | CONT],
  ["arm64:granule=64", "512m", 1, 0, ARM_BLOCK],
  ["arm64:granule=64", "16g", 1, 5, ARM_BLOCK | CONT],
  ["arm64:granule=64", "4t", 2, 0, ARM_BLOCK],
  // A top-level table too small for a group of 128: no hint, 64 KiB as 4 neighbours.
  ["arm64:granule=16:t0sz=48", "contiguous", 0, 2, ARM_PAGE],
  // Without hardware updates the kernel's page has AF set, and AP[2] clear: writable.
  ["arm64:ha=false:hd=false", "base", 0, 0, COMMON | (1n << 10n) | 0b11n],
  ["arm64:hd=false", "thp", 1, 0, COMMON | (1n << 10n) | 0b01n],
] as const;

describe("a page policy", () => {
  it.each(POLICIES)(
    "of %s, %s, maps at level %d, 2^%d at once",
    (selector, text, level, group, bits) => {
      const { policies, split } = compilePagePolicy(layoutOf(selector), text);
      expect(policies[0]).toMatchObject({ level, group, leafBits: bits });
      expect(policies[1]).toEqual(policies[0]);
      expect(split).toBe(2n ** 64n - 1n);
    },
  );

  it.each([
    ["x86-64", 0b111n],
    ["arm64", 0b11n],
  ])("of %s makes tables as its kernel does", (selector, bits) => {
    expect(compilePagePolicy(layoutOf(selector), "base").tableBits).toBe(bits);
  });

  it.each([
    ["x86-64", 4n * GIB, 2n ** 46n],
    ["x86-64:maxphyaddr=52", 4n * GIB, 2n ** 52n],
    ["x86-64:maxphyaddr=33", 4n * GIB, 2n ** 33n],
    ["x86-64:maxphyaddr=32", 2n * GIB, 2n ** 32n],
    ["arm64", 4n * GIB, 2n ** 48n],
    ["arm64:ips=32", 2n * GIB, 2n ** 32n],
    ["arm64:ips=36", 4n * GIB, 2n ** 36n],
    // 52 bits take LPA2 or the 64 KiB granule: other descriptors hold 48.
    ["arm64:ips=52", 4n * GIB, 2n ** 48n],
    ["arm64:ips=52:ds=true", 4n * GIB, 2n ** 52n],
    ["arm64:ips=52:granule=64", 4n * GIB, 2n ** 52n],
    ["arm64:granule=64:pamax=48", 4n * GIB, 2n ** 48n],
  ])(
    "of %s gives out the addresses an entry can hold, above all tables",
    (selector, first, end) => {
      for (const text of ["base", "thp"]) {
        const [policy] = compilePagePolicy(layoutOf(selector), text).policies;
        expect([policy.first, policy.last]).toEqual([first, end - 1n]);
      }
    },
  );
});

describe("two page policies", () => {
  it("part at an address, and share the physical addresses without overlap", () => {
    const demand = compilePagePolicy(layoutOf("x86-64"), "base,2m@0x400000000000");
    expect(demand.split).toBe(2n ** 46n);
    expect(demand.policies).toEqual([
      { level: 0, group: 0, leafBits: X86_PAGE, first: 4n * GIB, last: 8n * GIB - 1n },
      { level: 1, group: 0, leafBits: X86_LARGE, first: 8n * GIB, last: 2n ** 46n - 1n },
    ]);
  });

  it("take an address of up to 16 hex digits, in either case", () => {
    const splitOf = (at: string) => compilePagePolicy(layoutOf("arm64"), `4k,base@${at}`).split;
    expect(splitOf("0x0")).toBe(0n);
    expect(splitOf("0xABCde000")).toBe(0xabcde000n);
    expect(splitOf("0xfffffffffffff000")).toBe(2n ** 64n - 0x1000n);
  });

  // As much again as lies below the first address, or half of what there is.
  it.each([
    ["arm64", 4n * GIB, 8n * GIB, 2n ** 48n],
    ["arm64:ips=32", 2n * GIB, 3n * GIB, 4n * GIB],
    ["x86-64:maxphyaddr=32", 2n * GIB, 3n * GIB, 4n * GIB],
    ["x86-64:maxphyaddr=33", 4n * GIB, 6n * GIB, 8n * GIB],
    ["x86-64:maxphyaddr=34", 4n * GIB, 8n * GIB, 16n * GIB],
    ["arm64:granule=64:ips=32", 2n * GIB, 3n * GIB, 4n * GIB],
  ])("of %s both have pages to give out", (selector, first, middle, end) => {
    const { policies } = compilePagePolicy(layoutOf(selector), "base,thp@0x40000000");
    expect(policies.map((policy) => [policy.first, policy.last])).toEqual([
      [first, middle - 1n],
      [middle, end - 1n],
    ]);
  });

  // Between 4 and 8 GiB no such page is aligned.
  it.each(["16g,base@0x400000000", "512g,base@0x8000000000"])(
    "both have room for one page of their size: %s",
    (text) => {
      const layout = layoutOf("arm64:ds=true");
      for (const { level, group, first, last } of compilePagePolicy(layout, text).policies) {
        const bytes = 1n << BigInt((layout.halves[0].levels[level]?.shift ?? 0) + group);
        const aligned = ((first + bytes - 1n) / bytes) * bytes;
        expect(aligned + bytes - 1n).toBeLessThanOrEqual(last);
      }
    },
  );
});

// The first would have no table where the second wants a page, or the second would write its group over a
// page that is mapped already.
describe("a second policy that begins within a page or group of either", () => {
  it.each([
    ["x86-64", "base,2m@0x1000", "0x1000", "2m"],
    ["x86-64", "2m,base@0x1000", "0x1000", "2m"],
    ["x86-64", "2m,base@0x1fffff", "0x1fffff", "2m"],
    ["x86-64", "base,contiguous@0x1000", "0x1000", "64k"],
    ["x86-64", "contiguous,base@0x8000", "0x8000", "64k"],
    ["x86-64", "base,4k@0x800", "0x800", "4k"],
    ["x86-64", "2m,1g@0x200000", "0x200000", "1g"],
    ["x86-64", "base,base@0xffffffffffffffff", "0xffffffffffffffff", "4k"],
    ["arm64:granule=16", "base,contiguous@0x4000", "0x4000", "2m"],
    ["arm64:granule=64", "16g,base@0x20000000", "0x20000000", "16g"],
  ])("is refused: on %s, %s", (selector, text, at, size) => {
    expect(refusalOf(selector, text)).toBe(
      `pages "${text}": the address ${at} lies within a page; a multiple of ${size} is allowed`,
    );
  });

  it.each([
    ["x86-64", "base,2m@0x200000"],
    ["x86-64", "2m,base@0x200000"],
    ["x86-64", "contiguous,base@0x10000"],
    ["arm64:granule=64", "base,16g@0x400000000"],
    ["arm64:granule=64", "base,base@0x10000"],
  ])("is accepted at the next one: on %s, %s", (selector, text) => {
    const { split } = compilePagePolicy(layoutOf(selector), text);
    expect(split).toBe(BigInt(text.split("@")[1] ?? ""));
  });
});

describe("a policy that does not exist", () => {
  it.each([
    ["x86-64", "base, thp, contiguous", "4k, 2m, 1g"],
    ["x86-64:pse1g=false", "base, thp, contiguous", "4k, 2m"],
    [
      "arm64",
      "base, thp, contiguous",
      "4k, 2m, 1g, 64k (contiguous), 32m (contiguous), 16g (contiguous)",
    ],
    ["arm64:granule=16", "base, thp, contiguous", "16k, 32m, 2m (contiguous), 1g (contiguous)"],
    [
      "arm64:granule=64",
      "base, thp, contiguous",
      "64k, 512m, 4t, 2m (contiguous), 16g (contiguous)",
    ],
    [
      "arm64:granule=64:pamax=48",
      "base, thp, contiguous",
      "64k, 512m, 2m (contiguous), 16g (contiguous)",
    ],
    ["arm64:t0sz=48", "base, contiguous", "4k, 64k (contiguous)"],
  ])("on %s is refused with what there is: %s, and %s", (selector, names, sizes) => {
    const { name } = parseSelector(selector).descriptor;
    expect(refusalOf(selector, "3k")).toBe(
      `pages "3k": ${name} maps ${names} or one of ${sizes}; a second one may follow ` +
        "from an address on: POLICY,POLICY@0x400000000000",
    );
    for (const text of names.split(", ")) {
      expect(compilePagePolicy(layoutOf(selector), text).split).toBe(2n ** 64n - 1n);
    }
    for (const size of sizes.split(", ")) {
      const [text = ""] = size.split(" ");
      const [{ level, group }] = compilePagePolicy(layoutOf(selector), text).policies;
      const shift = (layoutOf(selector).halves[0].levels[level]?.shift ?? 0) + group;
      expect(sizeName(shift)).toBe(text);
    }
  });

  it.each([
    ["nothing", ""],
    ["no unit", "4096"],
    ["nought", "0k"],
    ["no power of two", "3m"],
    ["a size between two levels", "128k"],
    ["a longer unit", "4kb"],
    ["a blank", " base"],
    ["another word", "huge"],
    ["an address behind one policy", "base@0x1000"],
    ["a second policy without an address", "base,thp"],
    ["an address without 0x", "base,thp@400000"],
    ["an address without digits", "base,thp@0x"],
    ["an address of 17 digits", "base,thp@0x10000000000000000"],
    ["three policies", "base,thp@0x1000,1g@0x2000"],
    ["a comma at the end", "base,"],
    ["two addresses", "base,2m@0x200000@0x400000"],
    ["something behind the address", "base,2m@0x200000@junk"],
    ["nothing behind a second @", "base,2m@0x200000@"],
  ])("such as %s is refused", (_, text) => {
    expect(refusalOf("x86-64", text)).toContain(`pages "${text}": x86-64 maps base, `);
  });

  it.each([
    ["first", "3k,base@0x1000", "3k"],
    ["second", "base,3k@0x1000", "3k"],
    ["second", "base,@0x1000", ""],
  ])("as the %s of two is named alone: %s", (_, text, part) => {
    expect(refusalOf("x86-64", text)).toContain(`pages "${part}": x86-64 maps base, `);
  });

  it("on a layout of one level includes thp", () => {
    expect(refusalOf("arm64:t0sz=48", "thp")).toContain(
      'pages "thp": arm64 maps base, contiguous or ',
    );
  });
});

function decode(bytes: Uint8Array): CompiledDemand {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const policy = (i: number) => {
    const at = abi.DEMAND_POLICIES + i * abi.POLICY_BYTES;
    return {
      level: view.getUint32(at + abi.POLICY_LEVEL, true),
      group: view.getUint32(at + abi.POLICY_GROUP, true),
      leafBits: view.getBigUint64(at + abi.POLICY_LEAF_BITS, true),
      first: view.getBigUint64(at + abi.POLICY_NEXT, true),
      last: view.getBigUint64(at + abi.POLICY_LAST, true),
    };
  };
  return {
    tableBits: view.getBigUint64(abi.DEMAND_TABLE_BITS, true),
    split: view.getBigUint64(abi.DEMAND_SPLIT, true),
    policies: [policy(0), policy(1)],
  };
}

describe("the encoded policy", () => {
  it.each([
    ["x86-64", "base,2m@0x400000000000"],
    ["arm64:granule=64", "contiguous"],
    ["arm64:ips=52:ds=true", "512g,32m@0xff8000000000"],
  ])("of %s, %s, says what the compiled one says, and is on", (selector, text) => {
    const demand = compilePagePolicy(layoutOf(selector), text);
    const bytes = encodeDemand(demand);
    expect(bytes).toHaveLength(abi.DEMAND_BYTES);
    expect(new DataView(bytes.buffer).getUint32(abi.DEMAND_ENABLED, true)).toBe(1);
    expect(decode(bytes)).toEqual(demand);
  });

  it("of none is off", () => {
    expect(encodeDemand(null)).toEqual(new Uint8Array(abi.DEMAND_BYTES));
  });
});
