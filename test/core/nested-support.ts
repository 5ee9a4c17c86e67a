// Machines whose memory is a guest's: tables of both stages made by hand, or by the simple mappers.

import { plain } from "../../arch/cpus/plain.js";
import { STAGE2S } from "../../arch/stage2/index.js";
import { Counter } from "../../assembly/abi/counters.js";
import type { Core } from "../../src/core/core.js";
import type { CompiledLayout } from "../../src/layout/compiled.js";
import { compileCpu } from "../../src/layout/cpu.js";
import type { ModeInput } from "../../src/layout/mode.js";
import { compilePagePolicy } from "../../src/layout/page-policy.js";
import { type CompiledStage2, compileStage2, type Stage2Options } from "../../src/layout/stage2.js";
import { type Build, coreOf, typicalLayout } from "./support.js";

export type GuestArchitecture = "x86-64" | "arm64" | "riscv64";
/** Those whose guests are also made by hand, entry by entry. */
export type HandMade = Exclude<GuestArchitecture, "riscv64">;

export interface Guest {
  readonly core: Core;
  readonly layout: CompiledLayout;
  readonly stage2: CompiledStage2;
}

export interface GuestOptions {
  readonly mode?: ModeInput;
  readonly stage2Mode?: ModeInput;
  readonly walkCaches?: boolean;
  /** Simulated addresses from 0 up are the arena: the simple mapper's. */
  readonly window?: boolean;
}

/** A CPU with TLBs and, unless asked for, no walk caches: so that every walk reads all there is. */
export function bootGuest(
  build: Build,
  arch: GuestArchitecture,
  { mode = {}, stage2Mode = {}, walkCaches = false, window = false }: GuestOptions = {},
): Guest {
  const core = coreOf(build);
  const layout = typicalLayout(arch, mode);
  const descriptor = STAGE2S.get(arch);
  if (descriptor === undefined) throw new Error(`no second stage of ${arch}`);
  const stage2 = compileStage2(descriptor, stage2Mode);
  const profile = walkCaches ? plain : { ...plain, walkCaches: [] };
  core.reset(window);
  core.loadLayout(layout);
  core.loadCpu(compileCpu(profile, layout, { secondStage: true }), 1);
  core.loadDemand(null);
  return { core, layout, stage2 };
}

/** Both stages are mapped at first touch, each by a policy. */
export function mapOnDemand(
  { core, layout, stage2 }: Guest,
  pages: string,
  hostPages: string,
  caches: Pick<Stage2Options, "pageEntries" | "tableEntries"> = {},
): void {
  core.loadDemand(compilePagePolicy(layout, pages));
  const [lower, upper] = layout.halves;
  const guestRoot = core.exports.newTable(0, lower.topLevel);
  core.exports.setRoots(
    guestRoot,
    lower.root === upper.root ? guestRoot : core.exports.newTable(1, upper.topLevel),
  );
  core.loadStage2(stage2, { root: 0n, pages: hostPages, ...caches });
  const root = core.exports.newStage2Root();
  core.loadStage2(stage2, { root, pages: hostPages, ...caches });
}

/** Entries that walks read, of both stages, and how many walks there were. */
export function references(core: Core): { walks: number; loads: number; second: number } {
  const of = (counter: Counter): number => Number(core.counter(counter));
  const levels = [
    Counter.WalkLoadsLevel0,
    Counter.WalkLoadsLevel1,
    Counter.WalkLoadsLevel2,
    Counter.WalkLoadsLevel3,
    Counter.WalkLoadsLevel4,
    Counter.WalkLoadsLevel5,
  ];
  const second = of(Counter.SecondStageLoads);
  return {
    walks: of(Counter.Walks),
    loads: levels.reduce((sum, level) => sum + of(level), second),
    second,
  };
}
