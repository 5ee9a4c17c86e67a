// With a guest attached to every process, which maps whatever is there after each operation, recordings replay unchanged,
// and its translations are never stale: what today's kernel does about them follows from the notifiers alone. A sample
// here; `npm run test:long` plays all.

import { beforeAll, describe, expect, it } from "vitest";
import { SECOND_STAGES } from "../../arch/linux/kvm.js";
import type { Core } from "../../src/core/core.js";
import { Event } from "../../src/kernel/events.js";
import { followPage } from "../../src/kernel/follow-page.js";
import { finishFault } from "../../src/kvm/fault.js";
import { zap } from "../../src/kvm/policies/zap.js";
import { Vm } from "../../src/kvm/vm.js";
import { Checker } from "../../src/scenario/checker.js";
import { bootMachine } from "../../src/scenario/machine.js";
import { playOperation } from "../../src/scenario/play-operation.js";
import { endProcess, Player, type Process } from "../../src/scenario/player.js";
import { parseLine } from "../../src/scenario/script.js";
import { machineOf } from "../../src/verify/play-recording.js";
import type { Recording } from "../../src/verify/recording-format.js";
import { knownExceptions, recordingsOf, TAGS } from "./recorded.js";
import { newCore } from "./support.js";

const EVERY = process.env.MMULATE_LONG === undefined ? 13 : 1;
/** Larger regions are mapped in part. */
const MOST_PAGES = 4096;

let core: Core;
beforeAll(async () => {
  core = await newCore();
});

/** Gives a process's regions to its machine, and maps all pages that are there, for reading and without a fault. */
function attach(player: Player, name: string, process: Process): void {
  const { kernel, guests } = player;
  const stage = SECOND_STAGES.get(kernel.config.architecture);
  if (stage === undefined) throw new Error("no stage");
  const { mm } = process;
  let guest = guests.get(name);
  if (guest === undefined || guest.vm.mm !== mm) {
    const vm = new Vm({ kernel, mm, policy: zap, stage, touch: false });
    guest = { vm, process, held: null };
    guests.set(name, guest);
  }
  const { vm } = guest;
  for (const { start, pages } of process.regions.values()) {
    const count = Math.min(pages, MOST_PAGES);
    if (vm.slots.some((slot) => slot.page === start && slot.pages >= count)) continue;
    if (count > 0) vm.addSlot(vm.slots.length * 2 * MOST_PAGES + (start % 512), start, count);
  }
  for (const slot of vm.slots) {
    for (let at = 0; at < slot.pages; at++) {
      const page = slot.page + at;
      const vma = mm.vmas.at(page);
      if (vma === null || slot.flagsOf(slot.entryOf(at)) !== 0) continue;
      const frame = followPage(kernel, mm, vma, page, { write: false });
      if (typeof frame !== "number") continue;
      const { sequence } = vm;
      finishFault(vm, { slot, at, write: false, sequence, frame, writable: false });
    }
  }
}

/** What differs from the recording, and what the oracle said; and how many shadow entries went. */
function replay(recording: Recording): { wrong: unknown[]; zapped: number } {
  const [header, ...entries] = recording.recording;
  const kernel = bootMachine(core, machineOf(header));
  const player = new Player(kernel);
  const checker = new Checker(player, kernel);
  player.watch = checker;
  const wrong: unknown[] = [];
  entries.forEach((want, index) => {
    const line = parseLine(recording.script[index] ?? "", index + 1, recording.name);
    const got = playOperation(player, line, index);
    const shown = Object.keys(want).filter(
      (field) => !(field === "minflt" && want.minflt === null),
    );
    for (const field of shown) {
      const [a, b] = [want, got].map((each) => JSON.stringify((each as never)[field]));
      if (a !== b) wrong.push({ name: recording.name, op: want.op, field, want: a, got: b });
    }
    for (const [name, process] of player.processes) attach(player, name, process);
  });
  checker.finish((process) => endProcess(kernel, process));
  return { wrong: [...wrong, ...checker.complaints], zapped: kernel.events[Event.spte_zap] ?? 0 };
}

describe.each(TAGS)("%s", (tag) => {
  it("replays unchanged with guests attached", { timeout: 0 }, () => {
    const exceptions = knownExceptions()[tag] ?? {};
    const played = recordingsOf(tag)
      .filter(({ name }, i) => exceptions[name] === undefined && i % EVERY === 0)
      .map(replay);
    expect(played.flatMap(({ wrong }) => wrong).slice(0, 3)).toEqual([]);
    // Not for want of anything to do.
    expect(played.reduce((sum, { zapped }) => sum + zapped, 0)).toBeGreaterThan(20);
  });
});
