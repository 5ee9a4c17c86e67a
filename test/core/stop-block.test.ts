// The stop block after an access that went through: always of that access, whatever came before it.

import { beforeEach, describe, expect, it } from "vitest";
import { Access, FaultKind, Stop } from "../../assembly/abi/stop.js";
import { BUILDS, coreOf, typicalLayout } from "./support.js";
import { begin, type Tables } from "./tables.js";

const X86 = typicalLayout("x86-64");
const VA = 0x1000n;
const PA = 0x5000n;
const LARGE_VA = 1n << 30n;
const LARGE_PA = 3n << 30n;
const UPPER_VA = 0xffff_8000_0000_0000n;

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, X86);
    tables.map({ va: VA, pa: PA });
    tables.map({ va: LARGE_VA, pa: LARGE_PA, level: 1 });
  });

  const readVa = (va: bigint): boolean => core.translate(va, Access.UserRead);

  it("names the entry that a walk ended at, with its updates", () => {
    readVa(VA + 0x18n);
    const at = tables.entryAt(VA, 0);
    expect(core.stopBlock()).toEqual({
      code: Stop.Done,
      stage: 0,
      rights: 0,
      gpa: 0n,
      fault: FaultKind.None,
      faultCode: 0,
      level: 0,
      access: Access.UserRead,
      half: 0,
      fromTlb: false,
      va: VA + 0x18n,
      pa: PA + 0x18n,
      entryPa: at,
      entry: core.peek(at),
      pageShift: 12,
    });
  });

  it("names no entry where a TLB knew all", () => {
    readVa(VA);
    core.translate(VA + 8n, Access.UserFetch);
    expect(core.stopBlock()).toMatchObject({
      access: Access.UserFetch,
      fromTlb: true,
      pa: PA + 8n,
      entryPa: 0n,
      entry: 0n,
    });
  });

  it("tells level and size of the page that was hit, not of the last one walked to", () => {
    readVa(VA);
    readVa(LARGE_VA + 0x1238n);
    expect(core.stopBlock()).toMatchObject({ level: 1, pageShift: 21, pa: LARGE_PA + 0x1238n });
    readVa(VA);
    expect(core.stopBlock()).toMatchObject({ level: 0, pageShift: 12 });
    readVa(LARGE_VA);
    expect(core.stopBlock()).toMatchObject({ level: 1, pageShift: 21 });
  });

  it("keeps nothing of a fault before it", () => {
    readVa(VA);
    expect(core.translate(VA, Access.SupervisorRead)).toBe(false);
    expect(core.stopBlock().fromTlb).toBe(true);
    expect(readVa(UPPER_VA)).toBe(false);
    expect(core.stopBlock()).toMatchObject({ half: 1, pa: 0n, pageShift: 0 });
    readVa(VA);
    expect(core.stopBlock()).toMatchObject({
      code: Stop.Done,
      fault: FaultKind.None,
      faultCode: 0,
      fromTlb: false,
      half: 0,
      va: VA,
      pa: PA,
    });
  });

  it("names no entry for an address out of range", () => {
    readVa(VA);
    readVa(VA | (1n << 50n));
    const refused = { fault: FaultKind.OutOfRange, entryPa: 0n, entry: 0n, fromTlb: false };
    expect(core.stopBlock()).toMatchObject(refused);
  });

  it("names no entry where a TLB entry denied the access", () => {
    readVa(LARGE_VA);
    readVa(VA);
    core.translate(LARGE_VA, Access.SupervisorRead);
    const denied = { fault: FaultKind.Permission, level: 1, fromTlb: true };
    expect(core.stopBlock()).toMatchObject({ ...denied, entryPa: 0n, entry: 0n });
  });
});
