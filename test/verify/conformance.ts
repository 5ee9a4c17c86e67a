// CONFORMANCE.md: what the Linux model was held against, counted from the recordings in test/data/kernel.

import { KERNEL_FEATURES, KERNEL_LAYOUTS, KERNEL_VERSIONS } from "../../arch/linux/kernels.js";
import type { Core } from "../../src/core/core.js";
import { MmulateError } from "../../src/errors.js";
import { layoutOf } from "../../src/kernel/features.js";
import { planScripts } from "../../src/runner/plan-scripts.js";
import { playScript } from "../../src/scenario/play-script.js";
import { ADVICE } from "../../src/scenario/script-words.js";
import { playRecording } from "../../src/verify/play-recording.js";
import type { Recording } from "../../src/verify/recording-format.js";
import { recordingsOf, TAGS } from "./recorded.js";

/** One scenario on one tag; null = it agrees. */
interface Verdict {
  readonly tag: string;
  readonly recording: Recording;
  readonly reason: string | null;
}

/** Plays every recording, the oracle watching. */
export function verdicts(core: Core): Verdict[] {
  return TAGS.flatMap((tag) =>
    recordingsOf(tag).map((recording) => ({
      tag,
      recording,
      reason: playRecording(core, recording, true)?.reason ?? null,
    })),
  );
}

/** tag -> scenario -> reason, as known-exceptions.json has it. */
export function exceptionsOf(all: readonly Verdict[]): Record<string, Record<string, string>> {
  const exceptions: Record<string, Record<string, string>> = {};
  for (const { tag, recording, reason } of all) {
    if (reason !== null) exceptions[tag] = { ...exceptions[tag], [recording.name]: reason };
  }
  return exceptions;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function countBy(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name}: ${count}`).join(", ");
}

function tagRows(all: readonly Verdict[]): (string | number)[][] {
  return TAGS.map((tag) => {
    const own = all.filter((each) => each.tag === tag);
    const failed = own.filter(({ reason }) => reason !== null);
    const header = own[0]?.recording.recording[0];
    const reasons = countBy(failed.map(({ reason }) => reason ?? ""));
    return [
      `\`${tag}\``,
      header?.kernel ?? "",
      own.length,
      own.length - failed.length,
      failed.length,
      reasons || "–",
    ];
  });
}

const SUBJECTS: Readonly<Record<string, string>> = {
  sd: "soft-dirty",
  uw: "userfaultfd-wp, synchronous",
  ua: "userfaultfd-wp, asynchronous",
  mp: "mprotect and SIGSEGV",
  fk: "fork and copy-on-write",
  th: "huge pages",
  mt: "64 kB huge pages",
  sw: "swap",
  pin: "long-term pins",
  ksm: "KSM",
  gd: "guard regions",
  er: "errors",
  r: "random",
};

function subjectRows(all: readonly Verdict[]): (string | number)[][] {
  return Object.entries(SUBJECTS).map(([prefix, title]) => {
    const own = all.filter(({ recording }) => recording.name.startsWith(`${prefix}-`));
    return [title, own.length, own.filter(({ reason }) => reason === null).length];
  });
}

/** What a line of a script uses: "madvise free", "scan ... wp", "read". */
const USES: readonly (readonly [string, RegExp, string])[] = [
  ["mmap private", /\bmmap \S+ \d+ \S+ private/, "mmap A 4 rw private"],
  ["mmap shared", /\bmmap \S+ \d+ \S+ shared/, "mmap A 4 rw shared"],
  ["mmap-at", /\bmmap-at/, "mmap-at B A+4 4 rw private"],
  ["munmap", /\bmunmap/, "munmap A 0 1"],
  ["mprotect", /\bmprotect/, "mprotect A 0 1 r"],
  ["mremap", /\bmremap(?!.*dontunmap)/, "mremap A 4 B"],
  ["mremap dontunmap", /\bmremap.*dontunmap/, "mremap A 4 B dontunmap"],
  ["resize", /\bresize/, "resize A 4 6"],
  ["read", /\bread/, "read A 0 1"],
  ["write", /\bwrite/, "write A 0 1"],
  ...ADVICE.map(
    (advice) =>
      [
        `madvise ${advice}`,
        new RegExp(`madvise .* ${advice}$`),
        `madvise A 0 1 ${advice}`,
      ] as const,
  ),
  ["clear_refs", /\bclear_refs/, "clear_refs"],
  ["fork", /\bfork \w+$/, "fork c"],
  ["exit", /\bexit/, "fork c\nexit c"],
  ["uffd wp", /uffd-register .* wp(,|$)/, "uffd-register A 0 4 wp"],
  ["uffd wp-async", /uffd-register .* wp-async/, "uffd-register A 0 4 wp-async"],
  ["uffd unpopulated", /uffd-register .*unpopulated/, "uffd-register A 0 4 wp,unpopulated"],
  ["uffd-wp on", /uffd-wp .* on/, "uffd-register A 0 4 wp\nuffd-wp A 0 1 on"],
  ["uffd-wp off", /uffd-wp .* off/, "uffd-register A 0 4 wp\nuffd-wp A 0 1 off"],
  ["uffd-unregister", /uffd-unregister/, "uffd-register A 0 4 wp\nuffd-unregister A 0 4"],
  ["scan", /\bscan(?!.* (wp|check)\b)/, "scan A 0 4 written"],
  ["scan wp", /\bscan .* wp\b/, "scan A 0 4 written wp"],
  ["scan check", /\bscan .* check\b/, "scan A 0 4 written check"],
  ["pin, unpin", /\bpin\b/, "pin A 0 1"],
  ["ksm", /\bksm\b/, "ksm"],
  ["on-segv", /\bon-segv/, "on-segv skip"],
  ["pagemap", /\bpagemap/, "pagemap A"],
  ["vmas", /\bvmas/, "vmas A"],
];

/** Whether the model has it at all. */
function isModelled(core: Core, probe: string): boolean {
  const text = /^mmap /.test(probe) ? probe : `mmap A 4 rw private\n${probe}`;
  const inputs = [{ path: "probe", text }];
  const [cell] = planScripts({ inputs, archs: ["x86-64"], kernels: ["7.2"], cpus: ["plain"] });
  if (cell === undefined) return false;
  try {
    playScript(core, cell.operations, cell.machine);
    return true;
  } catch (error) {
    if (error instanceof MmulateError && error.code === "UNMODELLED") return false;
    throw error;
  }
}

function useRows(core: Core, all: readonly Verdict[]): (string | number)[][] {
  const agreeing = all.filter(({ reason }) => reason === null);
  return USES.map(([name, pattern, probe]) => {
    const by = agreeing.filter(({ recording }) =>
      recording.script.some((line) => pattern.test(line)),
    );
    const tags = new Set(by.map(({ tag }) => tag)).size;
    const modelled = isModelled(core, probe);
    const mark = !modelled ? "not modelled" : by.length > 0 ? "recorded" : "unwitnessed";
    return [`\`${name}\``, mark, by.length, tags];
  });
}

const MARKS: Readonly<Record<string, string>> = {
  witnessed: "recorded",
  manual: "manual-derived",
  knowledge: "unwitnessed",
};

function featureRows(): string[][] {
  return [...KERNEL_FEATURES].map(
    ([name, { since, sinceOn = {}, until, means, confidence, architecture }]) => {
      const others = Object.entries(sinceOn).map(([arch, from]) => `, ${arch} ${from}`);
      const range = since === undefined ? `before ${until}` : `since ${since}${others.join("")}`;
      const kernels = architecture === undefined ? range : `${range}, ${architecture}`;
      return [
        `\`${name}\``,
        kernels,
        MARKS[confidence] ?? confidence,
        means.replaceAll("|", "\\|"),
      ];
    },
  );
}

function layoutArchitectures(): string[] {
  return [...new Set(KERNEL_LAYOUTS.map(({ architecture }) => architecture))];
}

/** Which kernels and layouts a recording stands behind. */
function kernelRows(all: readonly Verdict[]): string[][] {
  const architectures = layoutArchitectures();
  const recorded = new Set(
    all
      .filter(({ reason }) => reason === null)
      .map(({ recording: { recording } }) => {
        const [{ kernel, arch }] = recording;
        return `${arch} ${/^\d+\.\d+/.exec(kernel)?.[0]}`;
      }),
  );
  return KERNEL_VERSIONS.map((version) => [
    version,
    ...architectures.map((architecture) => {
      try {
        const layout = layoutOf(version, architecture);
        const mark = recorded.has(`${architecture} ${version}`) ? "recorded" : "unwitnessed";
        return `${mark} (\`${layout}\`)`;
      } catch {
        return "no layout";
      }
    }),
  ]);
}

/** The text of CONFORMANCE.md. */
export function conformanceText(core: Core, all: readonly Verdict[]): string {
  const passed = all.filter(({ reason }) => reason === null).length;
  const exceptions = Object.entries(exceptionsOf(all)).map(([tag, names]) => {
    const list = Object.entries(names).map(([name, reason]) => `\`${name}\` (${reason})`);
    return `- \`${tag}\`: ${list.join(", ")}`;
  });
  return `# Conformance of the Linux model

Generated by \`npm run conformance\`; a test fails when it is not current. It counts the recordings of real
kernels in \`test/data/kernel\`, each played whole on the kernel, architecture and switches of its header and
compared in every field of every operation, while the oracle watches (\`mmulate verify --check\`).

${passed} of ${all.length} scenarios agree.

## By kernel

${table(["tag", "kernel", "scenarios", "agree", "differ", "reasons"], tagRows(all))}

## By subject

${table(["subject", "scenarios", "agree"], subjectRows(all))}

## Operations

*recorded*: in scenarios that agree, so many on so many tags. *unwitnessed*: modelled, and in no such scenario.

${table(["operation", "mark", "scenarios", "tags"], useRows(core, all))}

## What changed between kernels

*recorded*: recordings on both sides of the change show it. *manual-derived*: from the source, read.
*unwitnessed*: from knowledge.

${table(["feature", "kernels", "mark", "meaning"], featureRows())}

## Kernels and their layouts

Every layout's bits are tested against the kernel's helpers (\`test/layout/linux-layouts.test.ts\`). *recorded*:
scenarios of this kernel agree. Five levels, granules of 16 and 64 kB and \`softDirty=false\` but on 6.18 are
unwitnessed: random scripts run on them under the oracle alone.

${table(["kernel", ...layoutArchitectures()], kernelRows(all))}

## Known exceptions

A scenario of this list that agrees fails the tests, as does one that differs and is not on it.

${exceptions.length === 0 ? "None." : exceptions.join("\n")}

\`ksm-uffd-wp\`: all pages of the scenario are alike. Where nothing like them was merged before, \`cmp_and_merge_page\` finds
the second page's twin in the unstable tree and makes that second page the KSM page (\`try_to_merge_two_pages\`): its
entry is only write-protected (\`write_protect_page\`), so that it keeps uffd-wp, and all others are built anew
(\`replace_page\`), so that they lose it. So it is on the other kernels, 7.2 included, and in the model. On
\`x86_64-6.18\` the second page has lost it, too: no page of the region became the KSM page, or one of those without
uffd-wp did. The first happens where \`stable_tree_search\` finds a page of the same content that was merged before the
scenario began. That is inferred: the recording does not show which page the KSM page is, and a scenario here begins on a
machine that has merged nothing.
`;
}
