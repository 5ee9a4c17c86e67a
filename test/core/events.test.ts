// The event record and the batch: what each kind of record does, where a batch stops, and how it goes on.

import { beforeEach, describe, expect, it } from "vitest";
import { Counter } from "../../assembly/abi/counters.js";
import {
  CONTROL_OPERANDS_SHIFT,
  Control,
  EVENT_OPERAND_SHIFT,
  EventKind,
} from "../../assembly/abi/event.js";
import { EVENTS_CAPACITY } from "../../assembly/abi/memory-map.js";
import { Access, FaultKind, Stop } from "../../assembly/abi/stop.js";
import { batchOf, control, fetch, read, run, write } from "./events.js";
import { BUILDS, coreOf, named, typicalLayout } from "./support.js";
import { begin, Tables } from "./tables.js";

const LAYOUT = typicalLayout("x86-64");
const USER_PAGE = 0x40_0000n;
const KERNEL_PAGE = 0x40_1000n;
const ABSENT = 0x40_2000n;
const FRAME = 0x12_3456_7000n;
const PRESENT_WRITABLE = 3n;

describe.each(BUILDS)("on the %s build", (build) => {
  const core = coreOf(build);
  let tables: Tables;

  beforeEach(() => {
    tables = begin(core, LAYOUT);
    tables.map({ va: USER_PAGE, pa: FRAME });
    tables.map({ va: KERNEL_PAGE, pa: FRAME + 0x1000n, bits: PRESENT_WRITABLE });
  });

  describe("an access record", () => {
    it("counts as what it is, and fetches look in a TLB of their own", () => {
      const records = [read, write, write, fetch, fetch, fetch].map((make) => make(USER_PAGE));
      expect(run(core, records)).toBe(6);
      expect(named(core.counters())).toMatchObject({
        Reads: 1n,
        Writes: 2n,
        Fetches: 3n,
        DataL1Miss: 1n,
        DataL1Hit: 2n,
        FetchL1Miss: 1n,
        FetchL1Hit: 2n,
        Walks: 1n,
        L2Hit: 1n,
      });
    });

    it("accesses the 8-byte word at its address: the kind is not part of it", () => {
      run(core, [read(USER_PAGE + 0xf8n), write(USER_PAGE + 0x100n), fetch(USER_PAGE + 0xff8n)]);
      expect(core.counter(Counter.AddressSum)).toBe(3n * FRAME + 0xf8n + 0x100n + 0xff8n);
    });

    it("counts as what it is on a core without a CPU, too", () => {
      const bare = coreOf(build);
      bare.loadLayout(LAYOUT);
      bare.reset(true);
      const own = new Tables(bare, LAYOUT);
      own.activate();
      own.map({ va: USER_PAGE, pa: FRAME });
      run(bare, [write(USER_PAGE), fetch(USER_PAGE)]);
      const expected = { Writes: 1n, Fetches: 1n, AddressSum: 2n * FRAME };
      expect(named(bare.counters())).toMatchObject(expected);
    });

    it("makes the store that its kind says: only a write sets D", () => {
      const at = tables.entryAt(USER_PAGE, 0);
      run(core, [read(USER_PAGE), fetch(USER_PAGE)]);
      expect(core.peek(at) & 0x60n).toBe(0x20n);
      run(core, [write(USER_PAGE)]);
      expect(core.peek(at) & 0x60n).toBe(0x60n);
    });
  });

  describe("an instruction record", () => {
    it("adds its operand and touches nothing else", () => {
      const records = [1n, 41n, 0n].map((n) => control(EventKind.Instructions, n));
      expect(run(core, records)).toBe(3);
      expect(named(core.counters())).toEqual({ Instructions: 42n });
    });

    it("holds a number of 61 bits", () => {
      run(core, [control(EventKind.Instructions, 2n ** 61n - 1n)]);
      expect(core.counter(Counter.Instructions)).toBe(2n ** 61n - 1n);
    });
  });

  describe("a mode record", () => {
    const supervisor = control(EventKind.Mode, 1n);
    const user = control(EventKind.Mode, 0n);

    it("switches to supervisor and back", () => {
      const records = [supervisor, read(KERNEL_PAGE), user, read(KERNEL_PAGE)];
      expect(run(core, records)).toBe(3);
      expect(core.stopBlock()).toMatchObject({
        code: Stop.Fault,
        fault: FaultKind.Permission,
        access: Access.UserRead,
      });
    });

    it.each([
      ["read", read, Access.SupervisorRead],
      ["write", write, Access.SupervisorWrite],
      ["fetch", fetch, Access.SupervisorFetch],
    ])("turns a %s into the supervisor's", (_, make, access) => {
      expect(run(core, [supervisor, make(ABSENT)])).toBe(1);
      expect(core.stopBlock()).toMatchObject({ fault: FaultKind.NotPresent, access });
    });

    it("lasts over batches until the memory is reset", () => {
      run(core, [supervisor]);
      expect(run(core, [read(KERNEL_PAGE)])).toBe(1);
      core.reset(true);
      run(core, [read(0n)]);
      expect(core.stopBlock().access).toBe(Access.UserRead);
    });

    it.each([2n, 3n, 2n ** 61n - 1n])("with operand %s is a bad record", (operand) => {
      expect(run(core, [read(USER_PAGE), control(EventKind.Mode, operand)])).toBe(1);
      expect(core.stopBlock().code).toBe(Stop.BadRecord);
      expect(core.counter(Counter.Reads)).toBe(1n);
    });

    it("leaves the mode alone when it is bad", () => {
      run(core, [control(EventKind.Mode, 2n)]);
      run(core, [read(ABSENT)]);
      expect(core.stopBlock().access).toBe(Access.UserRead);
    });
  });

  describe("a record for the kernel", () => {
    it.each([
      ["process", EventKind.Process],
      ["extended control", EventKind.Control],
    ])("(%s) stops the batch at itself, done with what came before", (_, kind) => {
      const records = [read(USER_PAGE), control(kind, 1n), read(USER_PAGE)];
      expect(run(core, records)).toBe(1);
      expect(core.stopBlock().code).toBe(Stop.Control);
      expect(core.counter(Counter.Reads)).toBe(1n);
      expect(core.resume(2, 3)).toBe(3);
      expect(core.stopBlock().code).toBe(Stop.Done);
      expect(core.counter(Counter.Reads)).toBe(2n);
    });

    it("says which control it is, whatever the number of operands beside the code", () => {
      const operands = 2n << BigInt(CONTROL_OPERANDS_SHIFT - EVENT_OPERAND_SHIFT);
      run(core, [control(EventKind.Control, BigInt(Control.Unmap) | operands)]);
      expect(core.stopBlock().access).toBe(Control.Unmap);
    });

    it("is passed over with its operands by the index at which the run goes on", () => {
      // The operands would be accesses to nowhere if they were run.
      const records = [control(EventKind.Control, 0n), ABSENT, ABSENT, read(USER_PAGE)];
      expect(run(core, records)).toBe(0);
      expect(core.resume(3, 4)).toBe(4);
    });
  });

  describe("a batch", () => {
    it("of no records is done, and nothing happened", () => {
      expect(run(core, [])).toBe(0);
      expect(core.stopBlock().code).toBe(Stop.Done);
      expect(named(core.counters())).toEqual({});
    });

    it("forgets the stop of the batch before", () => {
      run(core, [read(ABSENT)]);
      expect(core.stopBlock().code).toBe(Stop.Fault);
      expect(core.resume(1, 1)).toBe(1);
      expect(core.stopBlock().code).toBe(Stop.Done);
    });

    it("stops at the record that faults, and describes the fault", () => {
      const at = tables.entryAt(ABSENT, 0);
      expect(run(core, [read(USER_PAGE), write(ABSENT + 0x18n), read(USER_PAGE)])).toBe(1);
      expect(core.stopBlock()).toMatchObject({
        code: Stop.Fault,
        fault: FaultKind.NotPresent,
        faultCode: 0x6,
        level: 0,
        access: Access.UserWrite,
        half: 0,
        fromTlb: false,
        va: ABSENT + 0x18n,
        entryPa: at,
        entry: 0n,
      });
    });

    it("counts an access when it goes through, not when it faults", () => {
      run(core, [read(USER_PAGE), write(ABSENT)]);
      expect(core.counter(Counter.Writes)).toBe(0n);
      expect(core.counter(Counter.AddressSum)).toBe(FRAME);
      tables.map({ va: ABSENT, pa: FRAME + 0x2000n });
      expect(core.resume(1, 2)).toBe(2);
      expect(core.counter(Counter.Reads)).toBe(1n);
      expect(core.counter(Counter.Writes)).toBe(1n);
      expect(core.counter(Counter.AddressSum)).toBe(2n * FRAME + 0x2000n);
    });

    it("stops at the same record until its fault is handled", () => {
      const records = [write(ABSENT)];
      expect(run(core, records)).toBe(0);
      expect(core.resume(0, 1)).toBe(0);
      expect(core.counter(Counter.FaultNotPresent)).toBe(2n);
    });

    it("of full capacity runs from its first record to its last", () => {
      const records = Array.from({ length: EVENTS_CAPACITY }, (_, i) =>
        read(USER_PAGE + 8n * BigInt(i % 512)),
      );
      records[0] = fetch(USER_PAGE);
      records[EVENTS_CAPACITY - 1] = write(USER_PAGE);
      expect(run(core, records)).toBe(EVENTS_CAPACITY);
      expect(named(core.counters())).toMatchObject({
        Fetches: 1n,
        Writes: 1n,
        Reads: BigInt(EVENTS_CAPACITY - 2),
      });
      const inPage = 511n * 512n * 4n * BigInt(EVENTS_CAPACITY / 512);
      // The last record reads word 0, not word 511.
      const sum = BigInt(EVENTS_CAPACITY) * FRAME + inPage - 511n * 8n;
      expect(core.counter(Counter.AddressSum)).toBe(sum);
    });

    it("of full capacity may stop at its last record", () => {
      const records = Array.from({ length: EVENTS_CAPACITY }, () => read(USER_PAGE));
      records[EVENTS_CAPACITY - 1] = read(ABSENT);
      expect(core.run(batchOf(records), records.length)).toBe(EVENTS_CAPACITY - 1);
    });

    // The loop works in chunks of 32768 records, with a mark behind the last of each.
    it.each([32_766, 32_767, 32_768, 32_769])("may stop at record %i and go on", (at) => {
      const records = Array.from({ length: EVENTS_CAPACITY }, () => read(USER_PAGE));
      records[at] = read(ABSENT);
      expect(run(core, records)).toBe(at);
      expect(core.stopBlock()).toMatchObject({ code: Stop.Fault, va: ABSENT });
      expect(core.counter(Counter.Reads)).toBe(BigInt(at));
      expect(core.resume(at + 1, EVENTS_CAPACITY)).toBe(EVENTS_CAPACITY);
      expect(core.counter(Counter.Reads)).toBe(BigInt(EVENTS_CAPACITY - 1));
      expect(core.counter(Counter.DataL1Hit)).toBe(BigInt(EVENTS_CAPACITY - 2));
    });

    it.each([32_766, 32_767, 32_768, 32_769])("acts on a control at record %i", (at) => {
      const records = Array.from({ length: EVENTS_CAPACITY }, () => write(USER_PAGE));
      records[at] = control(EventKind.Instructions, 7n);
      expect(run(core, records)).toBe(EVENTS_CAPACITY);
      expect(core.counter(Counter.Instructions)).toBe(7n);
      expect(core.counter(Counter.Writes)).toBe(BigInt(EVENTS_CAPACITY - 1));
      expect(core.counter(Counter.AddressSum)).toBe(BigInt(EVENTS_CAPACITY - 1) * FRAME);
    });

    it("leaves its records as they were", () => {
      const records = Array.from({ length: EVENTS_CAPACITY }, (_, i) =>
        read(USER_PAGE + BigInt(8 * (i % 64))),
      );
      run(core, records);
      expect(core.resume(0, EVENTS_CAPACITY)).toBe(EVENTS_CAPACITY);
      expect(core.counter(Counter.Reads)).toBe(2n * BigInt(EVENTS_CAPACITY));
      expect(core.counter(Counter.DataL1Hit)).toBe(2n * BigInt(EVENTS_CAPACITY) - 1n);
    });

    it("runs only as many records as it is told, though more lie behind them", () => {
      expect(core.run(batchOf([read(USER_PAGE), read(ABSENT)]), 1)).toBe(1);
      expect(core.stopBlock().code).toBe(Stop.Done);
    });
  });
});
