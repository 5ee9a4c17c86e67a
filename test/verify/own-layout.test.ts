// A bit moved in a file of one's own moves everywhere: recordings are played on layouts that keep soft-dirty
// elsewhere, and what a process sees stays as it was recorded.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ARCHITECTURES } from "../../arch/index.js";
import { LINUX_LAYOUTS } from "../../arch/linux/index.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import { checkFile, parseFile, toFile } from "../../src/config/descriptor-files.js";
import type { Core } from "../../src/core/core.js";
import { playRecording } from "../../src/verify/play-recording.js";
import type { Recording } from "../../src/verify/recording-format.js";
import { knownExceptions, recordingsOf } from "./recorded.js";
import { newCore } from "./support.js";

let core: Core;
beforeAll(async () => {
  core = await newCore();
});

const SHIPPED_FILE = fileURLToPath(
  new URL("../data/descriptors/arm64-soft-dirty.yaml", import.meta.url),
);

function layout(text: string, base: string | LinuxLayout): LinuxLayout {
  const under = typeof base === "string" ? LINUX_LAYOUTS.get(base) : base;
  if (under === undefined) throw new Error(`no layout ${base}`);
  return checkFile("Linux layout", parseFile(text, "my.yaml"), under);
}

const moved = (bit: number, base: string | LinuxLayout): LinuxLayout =>
  layout(`fields: [{ name: SOFT_DIRTY, bits: [${bit}, ${bit}] }]`, base);

const proposal = layout(readFileSync(SHIPPED_FILE, "utf8"), "arm64-7.0");

/** Recordings of a tag that are known to agree. */
function agreeing(tag: string): Recording[] {
  const exceptions = knownExceptions()[tag] ?? {};
  return recordingsOf(tag).filter(({ name }) => exceptions[name] === undefined);
}

/** Names of those that do not agree on a layout, under a header with some changes. */
function wrongOn(tag: string, linux: LinuxLayout, changes: object = {}): string[] {
  return agreeing(tag)
    .map((recording): Recording => {
      const [header, ...entries] = recording.recording;
      return { ...recording, recording: [{ ...header, ...changes }, ...entries] };
    })
    .filter((recording) => playRecording(core, recording, false, { linux }) !== null)
    .map(({ name }) => name);
}

describe("soft-dirty of x86-64", () => {
  it.each([52])("kept in bit %i, shows as recorded", (bit) => {
    expect(wrongOn("x86_64-7.2", moved(bit, "x86-64-7.0"))).toEqual([]);
  });

  it("kept in the bit that says writable, does not", () => {
    expect(wrongOn("x86_64-7.2", moved(1, "x86-64-7.0")).length).toBeGreaterThan(5);
  });
});

describe("soft-dirty of arm64, in a file of one's own", () => {
  it("is bit 63 of the file", () => {
    expect(proposal.fields.find(({ name }) => name === "SOFT_DIRTY")?.bits).toEqual([63, 63]);
    expect(proposal.absent.flags.softDirty).toBeDefined();
    expect(proposal.absent.flags.exclusive).toEqual(
      LINUX_LAYOUTS.get("arm64-7.0")?.absent.flags.exclusive,
    );
  });

  // What x86-64 showed with soft-dirty, arm64 shows once it has the bit; wherever that is.
  it.each([63, 59])("shows what x86-64 has recorded, from bit %i", (bit) => {
    const linux = moved(bit, proposal);
    expect(wrongOn("x86_64-7.2", linux, { arch: "arm64" })).toEqual([]);
  });

  it("is passed over by a kernel without soft-dirty, which agrees as before", () => {
    expect(wrongOn("arm64-7.2", proposal)).toEqual([]);
  });

  it("would be seen missing: the layout that ships does not agree", () => {
    const linux = LINUX_LAYOUTS.get("arm64-7.0") as LinuxLayout;
    const wrong = wrongOn("x86_64-7.2", linux, { arch: "arm64" });
    expect(wrong.length).toBeGreaterThan(5);
  });
});

describe("a hardware descriptor of one's own", () => {
  it("with DBM and GP swapped, is written and read so everywhere: recordings agree", () => {
    const arm64 = ARCHITECTURES.get("arm64") as Descriptor;
    const text = "fields: [{ name: DBM, bits: [50, 50] }, { name: GP, bits: [51, 51] }]";
    const architecture = checkFile("architecture", parseFile(text, "my.yaml"), arm64);
    const wrong = agreeing("arm64-7.2").filter(
      (recording) => playRecording(core, recording, true, { architecture }) !== null,
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it("printed and read again, gives the same verdicts", () => {
    const x86 = ARCHITECTURES.get("x86-64") as Descriptor;
    const architecture = checkFile("architecture", parseFile(toFile(x86), "x.json"), null);
    for (const recording of agreeing("x86_64-7.2").slice(0, 10)) {
      expect(playRecording(core, recording, true, { architecture })).toBeNull();
    }
  });
});
