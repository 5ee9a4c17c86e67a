// riscv64 plays every recorded script as x86-64 and arm64 do, with the oracle watching. A process sees the
// same, but for what the list below names.

import { beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_COSTS } from "../../arch/costs/index.js";
import { Core } from "../../src/core/core.js";
import type { KernelConfig } from "../../src/kernel/features.js";
import { loadCoreModule } from "../../src/runner/module-files.js";
import { type Played, playScript } from "../../src/scenario/play-script.js";
import { parseLine } from "../../src/scenario/script.js";
import { playRecording } from "../../src/verify/play-recording.js";
import type { Recording } from "../../src/verify/recording-format.js";
import { knownExceptions, recordingsOf, TAGS } from "../verify/recorded.js";

let core: Core;
beforeAll(async () => {
  core = new Core((await loadCoreModule()).module);
});

/**
 * What may differ. Up to 6.18, and without Svrsw60t59b, there is no bit for soft-dirty, so the other side is
 * configured without it; and none for uffd-wp, so nothing is compared from the first registration on. Without
 * Svadu accesses fault where the flags are clear, as they do on arm64 without HAFDBS.
 */
const hasBits = (version: string): boolean => version === "7.2";

interface Side {
  readonly architecture: string;
  readonly softDirty: boolean;
}

/** `npm run test:long` plays all of them; every third otherwise. */
const STEP = process.env.MMULATE_LONG === undefined ? 3 : 1;

function played(
  { script, name, recording: [header] }: Recording,
  side: Side,
  check: boolean,
): Played {
  const operations = script.map((line, i) => parseLine(line, i + 1, name));
  const kernel: KernelConfig = {
    ...side,
    version: versionOf(header.kernel),
    hwDirty: header.hw_dirty,
    page: 4096,
    thp: "madvise",
    mthp: new Map(header.mthp === "never" ? [] : [[4, "madvise"] as const]),
    swap: header.swap !== "none",
    costs: DEFAULT_COSTS,
    frames: 2 ** 19,
  };
  return playScript(core, operations, { kernel, mode: {}, cpu: "plain" }, { check });
}

const versionOf = (kernel: string): string => /^\d+\.\d+/.exec(kernel)?.[0] ?? kernel;

/** What is compared: all of it, or what comes before the first registration. */
function comparable({ observations }: Played, all: boolean): readonly unknown[] {
  const first = observations.findIndex(({ op }) => op.includes("uffd-register"));
  return all || first < 0 ? observations : observations.slice(0, first);
}

describe.each(TAGS)("the scripts of %s, on riscv64", (tag) => {
  const recordings = recordingsOf(tag);
  const [first] = recordings;
  const header = first?.recording[0];
  const version = versionOf(header?.kernel ?? "");

  it("break no rule of the oracle, and show what the others show", () => {
    const partner = header?.hw_dirty === false ? "arm64" : "x86-64";
    const tracks = hasBits(version) && header?.soft_dirty === true;
    let whole = 0;
    const some = recordings.filter((_, i) => i % STEP === 0);
    for (const each of some) {
      const mine = played(each, { architecture: "riscv64", softDirty: tracks }, true);
      const other = played(each, { architecture: partner, softDirty: tracks }, false);
      expect(mine.complaints, each.name).toEqual([]);
      const [got, want] = [comparable(mine, tracks), comparable(other, tracks)];
      expect(got, each.name).toEqual(want);
      if (got.length === each.script.length) whole++;
    }
    expect(whole).toBeGreaterThan(some.length / 3);
  });
});

describe("a recording whose header says riscv64", () => {
  const as = (recording: Recording, header: object): Recording => {
    const [was, ...entries] = recording.recording;
    return { ...recording, recording: [{ ...was, arch: "riscv64", ...header }, ...entries] };
  };

  it.each(["x86_64-7.2", "x86_64-7.2-mthp64k"])(
    "and is else one of %s is played, and agrees as the original does",
    (tag) => {
      const exceptions = knownExceptions()[tag] ?? {};
      const wrong = recordingsOf(tag)
        .filter(({ name }) => exceptions[name] === undefined)
        .map((each) => ({ name: each.name, difference: playRecording(core, as(each, {}), true) }))
        .filter(({ difference }) => difference !== null);
      expect(wrong).toEqual([]);
    },
  );

  it("has neither soft-dirty nor uffd-wp where it says that soft-dirty is not there", () => {
    const tracked = recordingsOf("x86_64-7.2").filter(({ script }) =>
      script.some((line) => line.includes("uffd-register")),
    );
    expect(tracked.length).toBeGreaterThan(5);
    for (const each of tracked) {
      const difference = playRecording(core, as(each, { soft_dirty: false }));
      // Soft-dirty is missed first where the script looks for it before it registers anything.
      expect(difference?.op).toMatch(/uffd-register|pagemap|vmas|scan|write|read|clear_refs/);
      if (difference?.op.includes("uffd-register")) {
        expect(difference.got).toMatchObject({ errno: "EINVAL" });
      }
    }
  });

  it("of a version without a layout, or of other pages, is a difference and no guess", () => {
    const [one] = recordingsOf("x86_64-7.2");
    if (one === undefined) throw new Error("no recording");
    expect(() => playRecording(core, as(one, { kernel: "5.10.1" }))).toThrow("5.10");
    expect(() => playRecording(core, as(one, { page: 16384 }))).toThrow("pages of 16384 bytes");
  });
});
