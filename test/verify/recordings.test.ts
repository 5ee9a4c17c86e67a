// Recordings of real kernels: what they showed is what the model shows, while the oracle watches. Those that
// are known not to agree are listed with the reason, and fail here the day they do.

import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Core } from "../../src/core/core.js";
import { playRecording } from "../../src/verify/play-recording.js";
import { KERNEL_FOLDER, knownExceptions, recordingsOf, TAGS } from "./recorded.js";
import { newCore } from "./support.js";

let core: Core;
beforeAll(async () => {
  core = await newCore();
});

it("are there for every tag", () => {
  expect(TAGS).toEqual([
    "arm64-6.12",
    "arm64-6.12-mthp64k",
    "arm64-6.12-nohw",
    "arm64-7.2",
    "x86_64-6.1",
    "x86_64-6.12",
    "x86_64-6.12-mthp64k",
    "x86_64-6.18",
    "x86_64-7.2",
    "x86_64-7.2-mthp64k",
  ]);
  const files = readdirSync(KERNEL_FOLDER).filter((name) => name.endsWith(".gz"));
  expect(files.map((name) => name.replace(".jsonl.gz", "")).sort()).toEqual(TAGS);
});

it("name only exceptions that exist", () => {
  for (const [tag, exceptions] of Object.entries(knownExceptions())) {
    const names = recordingsOf(tag).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(exceptions)));
  }
});

describe.each(TAGS)("%s", (tag) => {
  const exceptions = knownExceptions()[tag] ?? {};
  const recordings = recordingsOf(tag);

  it("agrees wherever nothing else is known, with the oracle watching", () => {
    const wrong = recordings
      .filter(({ name }) => exceptions[name] === undefined)
      .map((each) => ({ name: each.name, difference: playRecording(core, each, true) }))
      .filter(({ difference }) => difference !== null);
    expect(wrong).toEqual([]);
  });

  it("still differs where it is known to, for the reason that is known", () => {
    const reasons = recordings
      .filter(({ name }) => exceptions[name] !== undefined)
      .map((each) => [
        each.name,
        playRecording(core, each)?.reason ?? "agrees: take it off the list",
      ]);
    expect(Object.fromEntries(reasons)).toEqual(exceptions);
  });
});

describe("a recording", () => {
  it("shows the difference when one field of it is changed", () => {
    const [first] = recordingsOf("x86_64-7.2");
    if (first === undefined) throw new Error("no recording");
    const copy = JSON.parse(JSON.stringify(first)) as typeof first;
    const entry = copy.recording.at(-1) as { errno: unknown };
    entry.errno = "EBUSY";
    expect(playRecording(core, copy)).toMatchObject({
      reason: "errno differs",
      op: `${first.script.length}: ${first.script.at(-1)}`,
    });
    expect(playRecording(core, first)).toBeNull();
  });

  it.each(["minflt", "op"] as const)("needs its %s", (field) => {
    const [first] = recordingsOf("arm64-7.2");
    if (first === undefined) throw new Error("no recording");
    const copy = JSON.parse(JSON.stringify(first)) as typeof first;
    const entry = copy.recording[1] as unknown as Record<string, unknown>;
    entry[field] = field === "op" ? "vmas A" : 99;
    expect(playRecording(core, copy)?.reason).toBe(`${field} differs`);
  });

  it("whose minor faults are not known may have any", () => {
    const [first] = recordingsOf("arm64-7.2");
    if (first === undefined) throw new Error("no recording");
    const copy = JSON.parse(JSON.stringify(first)) as typeof first;
    for (const entry of copy.recording.slice(1)) (entry as { minflt: unknown }).minflt = null;
    expect(playRecording(core, copy)).toBeNull();
  });
});

it("ship within a small part of the repository", () => {
  const sizes = TAGS.map((tag) => readFileSync(new URL(`${tag}.jsonl.gz`, KERNEL_FOLDER)).length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
});
