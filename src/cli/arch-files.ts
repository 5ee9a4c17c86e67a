// What stands where `mmulate arch` takes a name: something that ships, or a user's file of any kind.

import { COSTS } from "../../arch/costs/index.js";
import type { CostProfile } from "../../arch/costs/schema.js";
import type { CpuProfile } from "../../arch/cpu-schema.js";
import { CPUS } from "../../arch/cpus/index.js";
import { BIT_BOOKS } from "../../arch/linux/bit-books.js";
import type { LinuxLayout } from "../../arch/linux/schema.js";
import type { Descriptor } from "../../arch/schema.js";
import { isFile, readAny } from "../config/read-descriptors.js";
import { MmulateError } from "../errors.js";
import { type BitSource, formatsOf } from "../layout/entry-format.js";
import { linuxBitsOf } from "../layout/linux-bits.js";
import { bitSourceOf, bookOf, type Found, findLayout, kernelsOf } from "./arch-names.js";

/** A CPU or cost profile: numbers, no entries. */
export interface FoundProfile {
  readonly profile: CpuProfile | CostProfile;
}

/** Which of two profiles of one name is meant. */
export const PROFILE_KINDS = ["cpu", "costs"] as const;
export type ProfileKind = (typeof PROFILE_KINDS)[number];

/**
 * What a name or a file stands for.
 * @param kind only a profile of this kind; undefined = whatever has the name
 * @throws MmulateError USAGE when nothing has the name, or two have; INPUT with file, line and column
 */
export async function findAny(
  nameOrFile: string,
  kind?: ProfileKind,
): Promise<Found | FoundProfile> {
  if (isFile(nameOrFile)) return foundInFile(nameOrFile);
  const profiles = { cpu: CPUS.get(nameOrFile), costs: COSTS.get(nameOrFile) };
  if (kind === undefined && profiles.cpu !== undefined && profiles.costs !== undefined) {
    const choice = "say which with --kind cpu or --kind costs";
    throw new MmulateError("USAGE", `${nameOrFile} is a CPU profile and a cost profile: ${choice}`);
  }
  const profile = kind === undefined ? (profiles.cpu ?? profiles.costs) : profiles[kind];
  if (profile !== undefined) return { profile };
  if (kind === undefined) return findLayout(nameOrFile);
  const known = [...(kind === "cpu" ? CPUS : COSTS).keys()].join(", ");
  throw new MmulateError("USAGE", `--kind ${kind}: there is no "${nameOrFile}" (known: ${known})`);
}

/**
 * What a name or a file stands for, where only what has entries will do.
 * @throws MmulateError as `findAny`; USAGE for a profile
 */
export async function findEntries(nameOrFile: string): Promise<Found> {
  const isProfile = !isFile(nameOrFile) && (CPUS.has(nameOrFile) || COSTS.has(nameOrFile));
  const found = isProfile ? undefined : await findAny(nameOrFile);
  if (found !== undefined && !("profile" in found)) return found;
  throw new MmulateError("USAGE", `${nameOrFile} is a profile, which has no entries`);
}

async function foundInFile(path: string): Promise<Found | FoundProfile> {
  const file = await readAny(path);
  if (file.kind === "architecture") return foundDescriptor(file.value, file.base);
  if (file.kind === "Linux layout") return foundLayout(file.value, file.base);
  return { profile: file.value };
}

/** What a bit book says of fields that a file moved, it says of where they were. */
function foundDescriptor(descriptor: Descriptor, base: Descriptor | null): Found {
  const known = BIT_BOOKS.get((base ?? descriptor).name) ?? bookOf(descriptor);
  const stayed = new Set(base?.fields.map(({ name, bits }) => `${name} ${bits.join()}`));
  const moved = new Set(
    descriptor.fields
      .filter(({ name, bits }) => base !== null && !stayed.has(`${name} ${bits.join()}`))
      .map(({ name }) => name),
  );
  const { name: architecture, title } = descriptor;
  const hardware = known.hardware.filter(({ name }) => !moved.has(name));
  const source: BitSource = { book: { ...known, architecture, title, hardware }, descriptor };
  return { source, sheet: formatsOf(source), data: descriptor };
}

function foundLayout(layout: LinuxLayout, base: LinuxLayout | null): Found {
  const source = bitSourceOf(layout.architecture);
  const { descriptor } = source;
  if (descriptor === undefined) {
    throw new MmulateError(
      "USAGE",
      `${layout.architecture} is known by its bits only, without layouts`,
    );
  }
  const kernels = kernelsOf(source);
  const kernel = kernels.find(({ name }) => name === base?.name) ?? kernels.at(-1);
  const linux = {
    ...linuxBitsOf(layout, descriptor, kernel?.since ?? "0.0"),
    until: kernel?.until,
  };
  const found = { source, linux, sheet: formatsOf(source, linux), data: layout };
  return base === null ? found : { ...found, own: { layout, base } };
}
