// Sentences about secondary MMUs that the figures must bear out.

import { KERNEL_FEATURES } from "../../../arch/linux/kernels.js";
import { SECOND_STAGES } from "../../../arch/linux/kvm.js";
import type { CellResult, StudyClaim } from "../../stats/report.js";
import type { CommandOf } from "../types.js";

/** Callers after which a page may be clean that stays mapped. */
const CLEAN: readonly string[] = ["madv-free", "ksm"];
/** Callers that take no more than the right to write. */
const WRITE_ONLY: readonly string[] = ["clear-refs", "fork", "fork-exit", "mprotect", "uffd-wp"];

type Cells = readonly CellResult[];

const of = (cells: Cells, key: string, ...values: readonly string[]): Cells =>
  cells.filter(({ labels }) => values.includes(labels[key] ?? ""));

const metric =
  (name: string) =>
  ({ metrics }: CellResult): number =>
    metrics[name] ?? 0;
const total = (cells: Cells, name: string): number =>
  cells.reduce((sum, cell) => sum + metric(name)(cell), 0);

const callersWith = (cells: Cells, name: string): string[] => [
  ...new Set(
    cells.filter((cell) => metric(name)(cell) > 0).map(({ labels }) => labels.caller ?? ""),
  ),
];

/** Claims for which the cells that they are about are there. */
export function claimsOf(cells: Cells, commandOf: CommandOf): StudyClaim[] {
  const claims: (StudyClaim | null)[] = [
    nothingLost(cells, commandOf),
    fewClearDirty(cells, commandOf),
    hugeProtection(cells, commandOf),
    toldBefore(cells, commandOf),
    ...windows(cells, commandOf),
    protectSaves(cells, commandOf),
    cleanSaves(cells, commandOf),
  ];
  return claims.filter((claim) => claim !== null);
}

function nothingLost(cells: Cells, commandOf: CommandOf): StudyClaim {
  return {
    id: "nothing-lost",
    text: `No policy loses a guest's store or keeps a stale translation, at ${cells.length} points.`,
    holds: total(cells, "lost") === 0,
    command: commandOf({}),
  };
}

/** Base pages: what mprotect does to huge ones on some architectures is a matter of its own. */
function fewClearDirty(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const base = of(cells, "host", "base");
  if (of(base, "caller", ...CLEAN).length === 0) return null;
  const found = callersWith(base, "host_dirty_cleared");
  return {
    id: "few-clear-dirty",
    text: `Of base pages that stay mapped, only these callers clear dirty: ${found.join(", ")}.`,
    holds: found.every((name) => CLEAN.includes(name)),
    command: commandOf({ host: "base" }),
  };
}

/** pmd_modify, where it loses dirty (arch/linux/kernels.ts). */
function hugeProtection(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const own = of(of(cells, "caller", "mprotect"), "host", "huge");
  const loses = KERNEL_FEATURES.get("hugeModifyDropsDirty")?.architecture ?? "";
  const there = of(own, "arch", loses);
  if (there.length === 0) return null;
  const others = own.filter((cell) => !there.includes(cell));
  return {
    id: "huge-mprotect-clears-dirty",
    text: `Of huge pages, mprotect clears dirty on ${loses}, and nowhere else.`,
    holds:
      there.every((cell) => metric("host_dirty_cleared")(cell) > 0) &&
      total(others, "host_dirty_cleared") === 0,
    command: commandOf({ caller: "mprotect", host: "huge" }),
  };
}

function toldBefore(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const changed = cells.filter(
    (cell) => metric("host_dirty_cleared")(cell) + metric("host_write_cleared")(cell) > 0,
  );
  if (changed.length === 0) return null;
  return {
    id: "told-before",
    text: "Whoever clears dirty or write raises a notifier.",
    holds: changed.every((cell) => metric("notifier_ranges")(cell) > 0),
    command: commandOf({}),
  };
}

/** SPTE writable over a clean host entry: under which policies. */
function windows(cells: Cells, commandOf: CommandOf): (StudyClaim | null)[] {
  const count = (policy: string): number => {
    const own = of(cells, "mmuPolicy", policy);
    return total(own, "clean_host_after_step") + total(own, "clean_host_after_writes");
  };
  const has = (policy: string): boolean => of(cells, "mmuPolicy", policy).length > 0;
  const strict = ["strict", "zap-touch"].filter(has);
  const freed = of(of(cells, "caller", "madv-free"), "mmuPolicy", "zap");
  return [
    freed.length === 0
      ? null
      : {
          id: "windows-today",
          text: "Today an SPTE may be writable over a clean host entry: behind MADV_FREE it is, and the store is kept because the folio is dirty since the SPTE was made.",
          holds: total(freed, "clean_host_after_writes") > 0 && total(freed, "lost") === 0,
          command: commandOf({ mmuPolicy: "zap", caller: "madv-free" }),
        },
    strict.length === 0
      ? null
      : {
          id: "no-windows",
          text: `Under ${strict.join(" and ")} it never is.`,
          holds: strict.every((policy) => count(policy) === 0),
          command: commandOf({ mmuPolicy: strict }),
        },
  ];
}

/** Pairs of cells that differ in their policy alone. */
function pairs(cells: Cells, from: string, to: string): [CellResult, CellResult][] {
  return of(cells, "mmuPolicy", from).flatMap((cell): [CellResult, CellResult][] => {
    const other = of(cells, "mmuPolicy", to).find(({ labels }) =>
      Object.entries(labels).every(
        ([name, value]) => name === "mmuPolicy" || cell.labels[name] === value,
      ),
    );
    return other === undefined ? [] : [[cell, other]];
  });
}

function protectSaves(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const both = pairs(of(cells, "caller", ...WRITE_ONLY), "zap", "write-protect");
  if (both.length === 0) return null;
  const exits = (which: 0 | 1): number =>
    both.reduce((sum, pair) => sum + metric("read_exits")(pair[which]), 0);
  return {
    id: "write-protect-saves-reads",
    text: `Where only the right to write goes, a finer event saves the exits of reads: ${exits(0)} under zap, ${exits(1)} under write-protect.`,
    holds: exits(0) > 0 && exits(1) === 0,
    command: commandOf({ mmuPolicy: ["zap", "write-protect"], caller: WRITE_ONLY }),
  };
}

function cleanSaves(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const keepers = [...SECOND_STAGES.values()]
    .filter(({ dirtyByHardware }) => dirtyByHardware.value)
    .map(({ architecture }) => architecture);
  const freed = of(of(cells, "caller", "madv-free"), "arch", ...keepers);
  const both = pairs(freed, "write-protect", "mkclean");
  if (both.length === 0) return null;
  const exits = (which: 0 | 1): number =>
    both.reduce((sum, pair) => sum + metric("write_exits")(pair[which]), 0);
  return {
    id: "mkclean-saves-writes",
    text: `Where the hardware keeps dirty, clearing it alone saves the exits of writes behind MADV_FREE, too: ${exits(0)} under write-protect, ${exits(1)} under mkclean.`,
    holds: exits(0) > 0 && exits(1) === 0,
    command: commandOf({
      arch: keepers,
      mmuPolicy: ["write-protect", "mkclean"],
      caller: "madv-free",
    }),
  };
}
