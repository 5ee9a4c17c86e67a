// What a secondary MMU costs, and what it may not lose: every caller that changes a VMM's entries, under every policy.

import { DEFAULT_ARCHITECTURES } from "../../../arch/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { MmulateError } from "../../errors.js";
import { MMU_POLICIES } from "../../kvm/policies/index.js";
import { combinations } from "../combinations.js";
import type { Chosen, PointResult, Study, StudyPoint, StudyRun } from "../types.js";
import { assemble } from "./assemble.js";
import { CALLERS } from "./callers.js";
import { runRound } from "./round.js";

const PARAMETERS: Study["parameters"] = {
  arch: { means: "whose page tables", values: DEFAULT_ARCHITECTURES, allowed: "selector" },
  kernel: {
    means: "whose memory management",
    values: KERNEL_VERSIONS.slice(-1),
    allowed: "selector",
  },
  mmuPolicy: {
    means: "what shadow entries do when the host's change",
    values: [...MMU_POLICIES.keys()],
    allowed: [...MMU_POLICIES.keys()],
  },
  caller: {
    means: "who changes the entries of the VMM",
    values: [...CALLERS.keys()],
    allowed: [...CALLERS.keys()],
  },
  host: {
    means: "pages of the host",
    values: ["base", "huge"],
    allowed: ["base", "huge"],
  },
  pages: {
    means: "base pages of the guest, a multiple of 512",
    values: ["1024"],
    allowed: { from: 512, to: 2 ** 18 },
  },
  every: {
    means: "the guest writes every so-manieth page behind the caller's step",
    values: ["4"],
    allowed: { from: 1, to: 2 ** 18 },
  },
  work: {
    means: "cycles of the guest's own work for each page that it touches",
    values: ["10000"],
    allowed: { from: 1, to: 1_000_000_000 },
  },
};
const HUGE_PAGE = 512;

function plan(chosen: Chosen): StudyPoint[] {
  const names = [
    "kernel",
    "pages",
    "every",
    "work",
    "arch",
    "host",
    "caller",
    "mmuPolicy",
  ] as const;
  const all = combinations(chosen, names);
  const wrong = all.find(({ pages }) => Number(pages) % HUGE_PAGE !== 0);
  if (wrong !== undefined) {
    throw new MmulateError("USAGE", `study.pages=${wrong.pages}: a multiple of 512 is allowed`);
  }
  return all
    .filter(({ caller, host }) => {
      const only = CALLERS.get(caller)?.only;
      return only === undefined || only === host;
    })
    .map((keys) => ({
      keys,
      machine: {
        arch: keys.arch,
        kernel: `${keys.kernel}:mmuPolicy=${keys.mmuPolicy}:memory=${memoryFor(Number(keys.pages))}m`,
      },
      values: {
        caller: keys.caller,
        host: keys.host,
        pages: Number(keys.pages),
        every: Number(keys.every),
        work: Number(keys.work),
      },
    }));
}

/** MiB of a machine that has room for the guest, its copy, and a child's: the oracle looks at every frame. */
function memoryFor(pages: number): number {
  const [room, pagesOfMiB, least] = [4, 256, 64];
  return Math.max(least, Math.ceil((room * pages) / pagesOfMiB));
}

function run(on: StudyRun, { values }: StudyPoint): PointResult {
  const caller = CALLERS.get(String(values.caller));
  if (caller === undefined) throw new MmulateError("INTERNAL", `no caller ${values.caller}`);
  return runRound(on.boot(), {
    caller,
    pages: Number(values.pages),
    huge: values.host === "huge",
    every: Number(values.every),
    work: Number(values.work),
  });
}

export const secondaryMmu: Study = {
  summary: "what a guest's second translation costs, and who may be dirty when",
  about: [
    "A guest writes all of its memory; somebody changes the entries of its VMM; the guest reads all of it and writes a part; then reclaim takes what it may, and the guest reads again. An oracle follows every store: none may be lost, and none may reach a page that was given away.",
    "`host_dirty_cleared` and `host_write_cleared` are pages that stayed mapped and lost the flag. `clean_host_…` are pages whose host entry is clean while an SPTE is writable or dirty. `log-protect` and `log-buffer` change shadow entries alone. What a guest's exit and shadow entries cost is chosen, not measured (`arch/costs/secondary.ts`): counts are exact, cycles show proportions.",
  ],
  parameters: PARAMETERS,
  plan,
  run,
  assemble,
};
