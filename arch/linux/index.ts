// What Linux keeps in the entries of an architecture, by name; and which kernel has which.

import { freeze } from "../define.js";
import { linuxArm64, linuxArm64Old, linuxArm64With57 } from "./arm64.js";
import { linuxRiscv64, linuxRiscv64Old, linuxRiscv64Oldest, linuxRiscv64With9 } from "./riscv64.js";
import { type LinuxLayout, type LinuxLayoutInput, linuxLayoutSchema } from "./schema.js";
import { linuxX8664, linuxX8664Old, linuxX8664With57 } from "./x86-64.js";

/**
 * Returns the layout, checked and deeply frozen.
 * @throws ZodError naming the path of each fact that breaks the schema
 */
export function defineLinuxLayout(input: LinuxLayoutInput): LinuxLayout {
  return freeze(linuxLayoutSchema.parse(input));
}

const ALL = [
  linuxX8664Old,
  linuxX8664With57,
  linuxX8664,
  linuxArm64Old,
  linuxArm64With57,
  linuxArm64,
  linuxRiscv64Oldest,
  linuxRiscv64Old,
  linuxRiscv64With9,
  linuxRiscv64,
].map(defineLinuxLayout);

/** Every Linux layout that mmulate ships, by name. */
export const LINUX_LAYOUTS: ReadonlyMap<string, LinuxLayout> = new Map(
  ALL.map((layout) => [layout.name, layout]),
);
