// What may be chosen, and the points of a choice: each caller under each policy, and live migration, which policies do not
// touch, by its log, its link and the guest's stores.

import { DEFAULT_ARCHITECTURES } from "../../../arch/index.js";
import { KERNEL_VERSIONS } from "../../../arch/linux/kernels.js";
import { MmulateError } from "../../errors.js";
import { MMU_POLICIES } from "../../kvm/policies/index.js";
import { type Combination, combinations } from "../combinations.js";
import type { Chosen, Study, StudyPoint } from "../types.js";
import { CALLERS, HOSTS } from "./callers.js";

/** The caller that has points of its own kind. */
export const LIVE_MIGRATION = "live-migration";
const NAMES = [...CALLERS.keys(), LIVE_MIGRATION];
const LOGS = ["protect", "buffer", "ring"];

export const PARAMETERS: Study["parameters"] = {
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
    values: NAMES,
    allowed: NAMES,
  },
  host: {
    means: "what the guest's memory is to the host: base pages, huge ones, or pages of a file",
    values: HOSTS,
    allowed: HOSTS,
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
  log: {
    means: "how live migration learns what the guest writes",
    values: LOGS,
    allowed: LOGS,
  },
  bandwidth: {
    means: "MB a second that live migration sends",
    values: ["1250"],
    allowed: { from: 1, to: 1_000_000 },
  },
  stores: {
    means: "stores a second of a guest that moves, each to a random page",
    values: ["50000", "200000", "1000000"],
    allowed: { from: 1, to: 1_000_000_000 },
  },
  limit: {
    means: "microseconds for which a guest that moves may be stopped",
    values: ["200"],
    allowed: { from: 0, to: 1_000_000 },
  },
};
const HUGE_PAGE = 512;

const COMMON = ["kernel", "pages"] as const;

/**
 * The points.
 * @throws MmulateError USAGE for half a huge page
 */
export function plan(chosen: Chosen): StudyPoint[] {
  const wrong = chosen.pages?.find((pages) => Number(pages) % HUGE_PAGE !== 0);
  if (wrong !== undefined) {
    throw new MmulateError("USAGE", `study.pages=${wrong}: a multiple of 512 is allowed`);
  }
  const names = [...COMMON, "every", "work", "arch", "host", "caller", "mmuPolicy"] as const;
  const steps = combinations(chosen, names)
    .filter(({ caller, host }) => CALLERS.get(caller)?.hosts.some((each) => each === host))
    .map((keys) => pointOf(keys, keys.mmuPolicy));
  return [...steps, ...migrations(chosen)];
}

/** Of base pages: logging splits huge SPTEs first, for which there is no price, and pages of a file move like any other. */
function migrations(chosen: Chosen): StudyPoint[] {
  const [policy = ""] = chosen.mmuPolicy ?? [];
  const names = [
    ...COMMON,
    "bandwidth",
    "limit",
    "arch",
    "host",
    "caller",
    "log",
    "stores",
  ] as const;
  return combinations(chosen, names)
    .filter(({ caller, host }) => caller === LIVE_MIGRATION && host === "base")
    .map((keys) => pointOf(keys, policy));
}

/** A point, whose values are its keys: numbers where they are such. */
function pointOf(keys: Combination<"arch" | "kernel" | "pages">, mmuPolicy: string): StudyPoint {
  const { arch, kernel, pages } = keys;
  const values = Object.entries(keys).filter(([name]) => PARAMETERS[name]?.allowed !== "selector");
  return {
    keys,
    machine: {
      arch,
      kernel: `${kernel}:mmuPolicy=${mmuPolicy}:memory=${memoryFor(Number(pages))}m`,
    },
    values: Object.fromEntries(
      values
        .filter(([name]) => name !== "mmuPolicy")
        .map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]),
    ),
  };
}

/** MiB of a machine that has room for the guest, its copy, and a child's: the oracle looks at every frame. */
function memoryFor(pages: number): number {
  const [room, pagesOfMiB, least] = [4, 256, 64];
  return Math.max(least, Math.ceil((room * pages) / pagesOfMiB));
}
