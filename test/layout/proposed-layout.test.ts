// A proposal put on a layout is a layout: the kernel model runs on it.

import { describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../../arch/index.js";
import { defineLinuxLayout, LINUX_LAYOUTS } from "../../arch/linux/index.js";
import { PROPOSALS } from "../../arch/linux/proposals.js";
import { Core } from "../../src/core/core.js";
import { MmCore } from "../../src/core/mm.js";
import { compileLayout } from "../../src/layout/compile.js";
import { flagNumber, PROTECTION_NUMBERS, Pte } from "../../src/layout/linux-flags.js";
import { compileLinuxLayout } from "../../src/layout/linux-layout.js";
import { proposedLayout } from "../../src/layout/proposed-layout.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { newRoot, peek } from "../core/mm-support.js";

const DESCRIBED = [...PROPOSALS.values()].filter(({ base }) => LINUX_LAYOUTS.has(base));

describe.each(DESCRIBED)("$name on its base", (proposal) => {
  const base = LINUX_LAYOUTS.get(proposal.base);
  const descriptor = ARCHITECTURES.get(proposal.architecture);
  if (base === undefined || descriptor === undefined) throw new Error("missing");
  const linux = defineLinuxLayout(proposedLayout(proposal, base));

  it("keeps its flag in its bit, through changes of protection", async () => {
    const hardware = compileLayout(descriptor, descriptor.typical.values);
    const core = new Core((await loadCoreModule()).module);
    core.reset(true);
    core.loadLayout(hardware);
    const mmu = new MmCore(core, compileLinuxLayout(linux, descriptor, hardware), 8);
    const slot = mmu.exports.makeEntry(newRoot(mmu, hardware), 0, 0) >>> 0;
    const flag = Pte[proposal.purpose];
    mmu.exports.makeLeaf(slot, 0, 5, PROTECTION_NUMBERS.rw, 0);
    const plain = peek(mmu, slot);
    expect(mmu.exports.updateEntry(slot, 0, flag) & flag).toBe(flag);
    expect(peek(mmu, slot) ^ plain).toBe(1n << BigInt(proposal.present));
    for (const protection of ["none", "r", "rwx", "rw"] as const) {
      mmu.exports.protectEntry(slot, PROTECTION_NUMBERS[protection]);
      expect(mmu.exports.entryFlags(slot) & flag, protection).toBe(flag);
      expect(mmu.exports.entryFrame(slot, 0), protection).toBe(5);
    }
    expect(mmu.exports.updateEntry(slot, flag, 0) & flag).toBe(0);
    expect(peek(mmu, slot)).toBe(plain);
  });
});

const KEPT_IN_SWAP = DESCRIBED.filter(({ absent }) => absent !== undefined);

it.each(KEPT_IN_SWAP)("$name keeps its flag in swap", (proposal) => {
  const base = LINUX_LAYOUTS.get(proposal.base);
  const descriptor = ARCHITECTURES.get(proposal.architecture);
  if (base === undefined || descriptor === undefined) throw new Error("missing");
  const hardware = compileLayout(descriptor, descriptor.typical.values);
  const linux = defineLinuxLayout(proposedLayout(proposal, base));
  const { absentFlags } = compileLinuxLayout(linux, descriptor, hardware);
  const flag = absentFlags[flagNumber(proposal.purpose)];
  expect(flag?.tests.map(({ mask }) => mask)).toEqual([1n << BigInt(proposal.absent ?? 0)]);
});

it("a proposal for another architecture is refused", () => {
  const [proposal, base] = [PROPOSALS.get("arm64-exclusive-57"), LINUX_LAYOUTS.get("x86-64-7.0")];
  if (proposal === undefined || base === undefined) throw new Error("missing");
  expect(() => proposedLayout(proposal, base)).toThrow(
    "arm64-exclusive-57 is for arm64, x86-64-7.0 for x86-64",
  );
});
