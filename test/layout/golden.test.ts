/**
 * Compiled layouts as pictures. A change of a descriptor or of the compiler shows as a diff of the golden
 * files; it is accepted by reading that diff (`npm test -- test/layout --update`).
 */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { arm64 } from "../../arch/arm64.js";
import { riscv64 } from "../../arch/riscv64.js";
import type { Descriptor } from "../../arch/schema.js";
import { x8664 } from "../../arch/x86-64.js";
import { compileLayout } from "../../src/layout/compile.js";
import type { ModeInput } from "../../src/layout/mode.js";
import { picture } from "./picture.js";

const TYPICAL_X8664 = x8664.typical.values;
const TYPICAL_ARM64 = arm64.typical.values;
/** Keys 1 (access disabled), 2 (write disabled) and 15 (both). */
const PKRU = 0xc0000024;

const X8664_MODES: Record<string, ModeInput> = {
  default: {},
  typical: TYPICAL_X8664,
  "5-levels": { ...TYPICAL_X8664, levels: 5 },
  wp: { wp: true },
  nx: { nx: true },
  smep: { smep: true },
  smap: { smap: true },
  "smap-ac": { smap: true, ac: true },
  pke: { pke: true, pkru: PKRU },
  "pke-wp": { pke: true, pkru: PKRU, wp: true },
  "no-1g": { ...TYPICAL_X8664, pse1g: false },
  "maxphyaddr-36": { maxphyaddr: 36 },
  "maxphyaddr-52": { maxphyaddr: 52 },
};

const ARM64_MODES: Record<string, ModeInput> = {
  default: {},
  typical: TYPICAL_ARM64,
  ha: { ha: true },
  "hd-without-ha": { hd: true },
  wxn: { wxn: true },
  "wxn-ha-hd": { ...TYPICAL_ARM64, wxn: true },
  pan: { pan: true },
  hpd0: { hpd0: true },
  "hpd0-hpd1": { hpd0: true, hpd1: true },
  "4k-39-bits": { t0sz: 25, t1sz: 25 },
  "4k-16-bits": { t0sz: 48, t1sz: 48 },
  "4k-lpa2-52-bits": { ds: true, t0sz: 12, t1sz: 12, ips: 52 },
  "4k-ips-32": { ips: 32 },
  "4k-halves-differ": { t0sz: 25, t1sz: 16 },
  "16k-47-bits": { granule: 16, t0sz: 17, t1sz: 17 },
  "16k-48-bits": { granule: 16 },
  "16k-16-bits": { granule: 16, t0sz: 48, t1sz: 48 },
  "16k-lpa2-52-bits": { granule: 16, ds: true, t0sz: 12, t1sz: 12, ips: 52 },
  "64k-42-bits": { granule: 64, t0sz: 22, t1sz: 22 },
  "64k-48-bits": { granule: 64 },
  "64k-52-bits": { granule: 64, t0sz: 12, t1sz: 12, ips: 52 },
  "64k-17-bits": { granule: 64, t0sz: 47, t1sz: 47 },
  "64k-pamax-48": { granule: 64, pamax: 48 },
};

const RISCV64_MODES: Record<string, ModeInput> = {
  default: {},
  typical: { ...riscv64.typical.values },
  sv57: { ...riscv64.typical.values, sv: 57 },
  "sum-mxr": { sum: true, mxr: true },
  svade: { ...riscv64.typical.values, svadu: false },
};

const FOLDER = new URL("../golden/layout/", import.meta.url);

function goldenFile(name: string): string {
  return fileURLToPath(new URL(`${name}.txt`, FOLDER));
}

const ARCHITECTURES: [Descriptor, Record<string, ModeInput>][] = [
  [x8664, X8664_MODES],
  [arm64, ARM64_MODES],
  [riscv64, RISCV64_MODES],
];

describe.each(ARCHITECTURES)("the layout of $name", (descriptor, modes) => {
  it.each(Object.entries(modes))("has its picture: %s", async (mode, input) => {
    const text = picture(descriptor, compileLayout(descriptor, input));
    await expect(text).toMatchFileSnapshot(goldenFile(`${descriptor.name}-${mode}`));
  });
});

it("no golden layout is left over from a mode that is gone", () => {
  const names = ARCHITECTURES.flatMap(([{ name }, modes]) =>
    Object.keys(modes).map((mode) => `${name}-${mode}.txt`),
  );
  // Missing ones fail above; the first `--update` writes the folder only when all tests are done.
  const files = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  expect(files.filter((file) => !names.includes(file))).toEqual([]);
});
