// Virtual machines in scripts: "kvm G A 0 512" gives a machine G 512 pages of region A, "gread G 0 4" and "gwrite G 0 4"
// are its accesses, "dirty-log G" asks what it has written.
//
//   gwrite G 0 1 hold   a fault that has looked its page up, and waits
//   gend G              it goes on: maps the page, or finds that it must look again; then the access is made

import { SECOND_STAGES, type SecondStage } from "../../arch/linux/kvm.js";
import { MmulateError } from "../errors.js";
import { setStamp, stampOf } from "../kernel/folio.js";
import type { Kernel } from "../kernel/kernel.js";
import { clearDirtyLog, getDirtyLog, setLogging } from "../kvm/dirty-log.js";
import { finishFault, startFault } from "../kvm/fault.js";
import { guestAccess } from "../kvm/guest-access.js";
import { MMU_POLICIES } from "../kvm/policies/index.js";
import type { MmuPolicy } from "../kvm/policies/types.js";
import { type LogMode, Vm } from "../kvm/vm.js";
import type { Guest } from "./guest.js";
import { runLengths } from "./observation.js";
import {
  type Context,
  number,
  regionNamed,
  type Shown,
  VALUES,
  word,
} from "./operation-context.js";

/**
 * The policy that a kernel is configured with, else that of its version.
 * @throws MmulateError CONFIG for one that there is not
 */
function mmuPolicyOf(kernel: Kernel): MmuPolicy {
  const usual = kernel.has("kvmDirtiesAtInstall") ? "zap" : "zap-late";
  const name = kernel.config.mmuPolicy ?? usual;
  const policy = MMU_POLICIES.get(name);
  if (policy !== undefined) return policy;
  const known = [...MMU_POLICIES.keys()].join(", ");
  throw new MmulateError("CONFIG", `unknown MMU policy "${name}"; known: ${known}`);
}

/** What KVM relies on; "no-ad": a CPU without accessed and dirty flags in the second stage. */
function stageOf(kernel: Kernel, words: readonly string[]): SecondStage {
  const { architecture } = kernel.config;
  const stage = SECOND_STAGES.get(architecture);
  if (stage === undefined) {
    throw new MmulateError("CONFIG", `nothing is known of KVM on ${architecture}`);
  }
  if (!words.includes("no-ad")) return stage;
  const off = { ...stage.accessedByHardware, value: false };
  const logBuffer = { ...stage.logBuffer, value: 0 };
  const { entry: usual } = stage;
  const entry = { ...usual, mode: { ...usual.mode, ...usual.withoutFlags } };
  return { ...stage, accessedByHardware: off, dirtyByHardware: off, entry, logBuffer };
}

function doKvm(context: Context): Shown {
  const { player, process, operation } = context;
  const [name = "", region = "", , , ...options] = operation.words;
  const { kernel, guests } = player;
  const start = regionNamed(context, region).start + number(context, 2);
  const pages = number(context, 3);
  const known = guests.get(name);
  if (known !== undefined && (known.process !== process || known.vm.released)) {
    return { errno: "EIO" };
  }
  const at = option(context, "at");
  const vm = known?.vm ?? newVm(kernel, context, options);
  const gfn = at === undefined ? vm.slots.reduce((end, each) => end + each.pages, 0) : Number(at);
  const overlaps = vm.slots.some((each) => gfn < each.gfn + each.pages && each.gfn < gfn + pages);
  if (overlaps || pages === 0) return { errno: overlaps ? "EEXIST" : "EINVAL" };
  vm.addSlot(gfn, start, pages);
  if (known === undefined) guests.set(name, { vm, process, held: null });
  return {};
}

/** What "NAME=VALUE" among the words says. */
function option({ operation }: Context, name: string): string | undefined {
  return operation.words.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
}

function newVm(kernel: Kernel, { process }: Context, options: readonly string[]): Vm {
  const stage = stageOf(kernel, options);
  const touch = !options.includes("no-touch");
  return new Vm({ kernel, mm: process.mm, policy: mmuPolicyOf(kernel), stage, touch });
}

/** @throws MmulateError INPUT when there is none of that name */
function guestNamed(context: Context): Guest {
  const { player, operation } = context;
  const name = word(context, 0);
  const guest = player.guests.get(name);
  if (guest !== undefined) return guest;
  const known = [...player.guests.keys()].join(", ");
  throw new MmulateError(
    "INPUT",
    `${operation.where}: no machine "${name}" (${known === "" ? "there is none yet" : `there are ${known}`})`,
  );
}

function doAccess(context: Context, write: boolean): Shown {
  const guest = guestNamed(context);
  const first = number(context, 1);
  const count = number(context, 2);
  if (context.operation.words.includes("hold")) {
    const fault = startFault(guest.vm, first, write);
    if (fault === null) return { errno: "EFAULT" };
    guest.held = { gfn: first, write, fault };
    return {};
  }
  const seen: (number | null)[] = [];
  const every = Number(option(context, "every") ?? 1);
  for (let i = 0; i < count; i++) seen.push(access(context, guest, first + i * every, write));
  const failed = seen.includes(null) ? { errno: "EFAULT" } : {};
  return write ? failed : { ...failed, data: runLengths(seen) };
}

/** One access; null = the machine's process has no page there. */
function access(
  { player, index }: Context,
  guest: Guest,
  gfn: number,
  write: boolean,
): number | null {
  const { kernel, watch } = player;
  const frame = guestAccess(guest.vm, gfn, write);
  if (frame === null) return null;
  if (write) setStamp(kernel, frame, 1 + (index % VALUES));
  const seen = stampOf(kernel, frame);
  watch?.guestTouched(guest, gfn, seen, write);
  return seen;
}

function doEnd(context: Context): Shown {
  const guest = guestNamed(context);
  const { held } = guest;
  if (held === null) return { errno: "EINVAL" };
  guest.held = null;
  finishFault(guest.vm, held.fault);
  const seen = access(context, guest, held.gfn, held.write);
  if (seen === null) return { errno: "EFAULT" };
  return held.write ? {} : { data: [[1, seen]] };
}

const MODES: ReadonlyMap<string, LogMode> = new Map([
  ["off", "off"],
  ["on", "protect"],
  ["buffer", "buffer"],
  ["ring", "ring"],
]);

/** "dirty-log G on|buffer|ring|off", "dirty-log G" (tells and clears), "… get" (tells), "… clear FIRST COUNT". */
function doDirtyLog(context: Context): Shown {
  const guest = guestNamed(context);
  const { vm } = guest;
  const { watch } = context.player;
  const what = word(context, 1);
  const mode = MODES.get(what);
  if (mode !== undefined) {
    if (mode === "buffer" && vm.stage.logBuffer.value === 0) return { errno: "EINVAL" };
    setLogging(vm, mode);
    watch?.dirtyTold(guest, null, null);
    return {};
  }
  if (vm.logMode === "off") return { errno: "ENOENT" };
  if (what === "clear") {
    const first = number(context, 2);
    clearDirtyLog(vm, first, number(context, 3));
    watch?.dirtyTold(guest, null, [first, first + number(context, 3)]);
    return {};
  }
  const clears = what !== "get" || vm.logMode === "ring";
  const gfns = getDirtyLog(vm, clears);
  watch?.dirtyTold(guest, gfns, clears ? [0, Number.POSITIVE_INFINITY] : null);
  return { ranges: rangesOf(gfns) };
}

/** Guest pages in order, as ranges. */
function rangesOf(gfns: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const gfn of gfns) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === gfn) last[1]++;
    else ranges.push([gfn, gfn + 1]);
  }
  return ranges;
}

export const GUEST_OPERATIONS: readonly [string, (context: Context) => Shown][] = [
  ["kvm", doKvm],
  ["gread", (context) => doAccess(context, false)],
  ["gwrite", (context) => doAccess(context, true)],
  ["gend", doEnd],
  ["dirty-log", doDirtyLog],
];
