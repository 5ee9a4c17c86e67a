// A process has so many mappings and no more (vm.max_map_count).

import { describe, expect, it } from "vitest";
import { Core } from "../../src/core/core.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { machineOf } from "../../src/runner/plan-machine.js";
import { Settings } from "../../src/runner/settings.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { Player } from "../../src/scenario/player.js";
import { Session } from "../../src/study/session.js";
import { mprotectTracker } from "../../src/tracker/mprotect.js";
import { play } from "../scenario/support.js";

const errnos = async (script: string, kernel: string): Promise<(number | string)[]> =>
  (await play(script, "x86-64", kernel)).observations.map(({ errno }) => errno);

describe("where a process may have four mappings", () => {
  const KERNEL = "7.2:maxMapCount=4";

  it("the call that would cut off one more fails, and leaves rights as they are", async () => {
    // 1 mapping, 3 with a hole of other rights, 4 with its end cut off, and no fifth.
    const script =
      "mmap A 16 rw private\nmprotect A 4 2 r\nmprotect A 15 1 r\nmprotect A 10 2 r\nwrite A 10 1\n";
    expect(await errnos(script, KERNEL)).toEqual([0, 0, 0, "ENOMEM", 0]);
    expect(await errnos(script, "7.2")).toEqual([0, 0, 0, 0, 0]);
  });

  it("rights that make neighbours alike need none, and unmapping an end neither", async () => {
    const script =
      "mmap A 16 rw private\nmprotect A 4 2 r\nmprotect A 15 1 r\nmprotect A 4 1 rw\nmunmap A 0 2\nmunmap A 8 2\n";
    expect(await errnos(script, KERNEL)).toEqual([0, 0, 0, 0, 0, "ENOMEM"]);
  });
});

describe("tracking by mprotect", () => {
  it("is refused where every written page would be a mapping of its own", async () => {
    const { module } = await loadCoreModule();
    const write = (limit: number): void => {
      const kernel = `7.2:memory=64m:maxMapCount=${limit}`;
      const machine = machineOf({ arch: "x86-64", kernel, cpu: "plain" }, new Settings());
      const booted = bootMachine(new Core(module), machine);
      const on = { kernel: booted, player: new Player(booted), accessCycles: () => 0 };
      const session = new Session(on, mprotectTracker, 64);
      session.populate();
      session.arm();
      session.write([2, 4, 6, 8]);
    };
    expect(() => write(9)).not.toThrow();
    expect(() => write(8)).toThrow("8 mappings are there (kernel.maxMapCount)");
  });
});
