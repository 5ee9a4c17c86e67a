// Sentences about secondary MMUs that the figures must bear out.

import { KERNEL_FEATURES } from "../../../arch/linux/kernels.js";
import { SECOND_STAGES } from "../../../arch/linux/kvm.js";
import type { CellResult, StudyClaim } from "../../stats/report.js";
import type { CommandOf } from "../types.js";
import { migrationClaims } from "./migration-claims.js";

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
    filesClearAtWriteback(cells, commandOf),
    notifiedInVain(cells, commandOf),
    ...windows(cells, commandOf),
    protectSaves(cells, commandOf),
    cleanSaves(cells, commandOf),
    writebackSaves(cells, commandOf),
    ...migrationClaims(cells, commandOf),
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

/** Callers that write a huge entry's protection anew. */
const MODIFY = ["mprotect", "numa"];

/** pmd_modify, where it loses dirty (arch/linux/kernels.ts). */
function hugeProtection(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const own = of(of(cells, "caller", ...MODIFY), "host", "huge");
  const loses = KERNEL_FEATURES.get("hugeModifyDropsDirty")?.architecture ?? "";
  const there = of(own, "arch", loses);
  if (there.length === 0) return null;
  const others = own.filter((cell) => !there.includes(cell));
  const callers = MODIFY.filter((name) => of(own, "caller", name).length > 0);
  return {
    id: "huge-protection-clears-dirty",
    text: `Of huge pages, ${callers.join(" and ")} clear dirty on ${loses}, and nowhere else.`,
    holds:
      there.every((cell) => metric("host_dirty_cleared")(cell) > 0) &&
      total(others, "host_dirty_cleared") === 0,
    command: commandOf({ caller: callers, host: "huge" }),
  };
}

/** Of a file. */
function filesClearAtWriteback(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const own = of(cells, "host", "file");
  const written = of(own, "caller", "writeback");
  if (written.length === 0) return null;
  const found = callersWith(own, "host_dirty_cleared");
  const all = written.every(
    ({ metrics }) => metrics.host_dirty_cleared === metrics.host_dirty && metrics.host_dirty !== 0,
  );
  return {
    id: "files-clear-at-writeback",
    text: `Of a file's pages that stay mapped, only writeback clears dirty: of every one that it writes, and the right to write with it. Found: ${found.join(", ")}.`,
    holds: all && found.every((name) => name === "writeback"),
    command: commandOf({ host: "file" }),
  };
}

/** change_pud_range tells of its range before any entry is looked at; dirty pages of files are then passed over. */
function notifiedInVain(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const own = of(of(cells, "caller", "numa"), "host", "file");
  const today = of(own, "mmuPolicy", "zap");
  if (today.length === 0) return null;
  const changed = total(own, "host_write_cleared") + total(own, "primary_flushes");
  return {
    id: "numa-takes-in-vain",
    text: `NUMA balancing changes no entry of a file's dirty pages, and takes all SPTEs of them: ${total(today, "spte_zapped")} go, for ${total(today, "read_exits")} exits.`,
    holds:
      changed === 0 &&
      today.every(({ metrics, labels }) => metrics.spte_zapped === Number(labels.pages)),
    command: commandOf({ caller: "numa", host: "file", mmuPolicy: "zap" }),
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

/** Architectures whose hardware keeps dirty in the second stage. */
const KEEPERS = [...SECOND_STAGES.values()]
  .filter(({ dirtyByHardware }) => dirtyByHardware.value)
  .map(({ architecture }) => architecture);

function cleanSaves(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const freed = of(of(cells, "caller", "madv-free"), "arch", ...KEEPERS);
  const both = pairs(freed, "write-protect", "mkclean");
  if (both.length === 0) return null;
  const exits = (which: 0 | 1): number =>
    both.reduce((sum, pair) => sum + metric("write_exits")(pair[which]), 0);
  return {
    id: "mkclean-saves-writes",
    text: `Where the hardware keeps dirty, clearing it alone saves the exits of writes behind MADV_FREE, too: ${exits(0)} under write-protect, ${exits(1)} under mkclean.`,
    holds: exits(0) > 0 && exits(1) === 0,
    command: commandOf({
      arch: KEEPERS,
      mmuPolicy: ["write-protect", "mkclean"],
      caller: "madv-free",
    }),
  };
}

/** folio_mkclean of guest memory: what D cleared and W kept saves, and what it does behind the file system's back. */
function writebackSaves(cells: Cells, commandOf: CommandOf): StudyClaim | null {
  const written = of(of(cells, "caller", "writeback"), "arch", ...KEEPERS);
  const both = pairs(written, "write-protect", "mkclean");
  if (both.length === 0) return null;
  const count = (which: 0 | 1, name: string): number =>
    both.reduce((sum, pair) => sum + metric(name)(pair[which]), 0);
  const [exits, left] = [count(0, "write_exits"), count(1, "write_exits")];
  const unasked = count(1, "dirty_unasked");
  return {
    id: "mkclean-behind-writeback",
    text: `Behind writeback of a file, SPTEs that lose D and keep W save the exits of writes (${exits} under write-protect, ${left} under mkclean), and ${unasked} pages are written without the file system having been asked (${count(0, "dirty_unasked")} under write-protect). No store misses the disk, because writeback asks for dirty SPTEs first; no kernel does.`,
    holds: exits > 0 && left === 0 && unasked === exits && count(0, "dirty_unasked") === 0,
    command: commandOf({
      arch: KEEPERS,
      mmuPolicy: ["write-protect", "mkclean"],
      caller: "writeback",
      host: "file",
    }),
  };
}
