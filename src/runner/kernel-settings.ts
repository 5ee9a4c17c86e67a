// Words behind a kernel's version, "6.18:softDirty=false:mthp=64k", and what each may be.

import {
  type KernelConfig,
  SOFT_DIRTY_FOLDS,
  SOFT_DIRTY_SETTERS,
  SWAP_DEVICES,
  type SwapDevice,
  VM_SOFT_DIRTY_RULES,
} from "../kernel/features.js";
import { SAFEGUARDS } from "../kernel/safeguards.js";
import { MMU_POLICIES } from "../kvm/policies/index.js";
import { DEFAULT_PAE, PAE_SCHEMES } from "../pae/index.js";

type Allowed = readonly [pattern: RegExp, allowed: string];

const BOOLEAN = /^(true|false)$/;

/** One of some names. */
function oneOf(names: readonly string[]): Allowed {
  const words = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return [new RegExp(`^(${names.join("|")})$`), words];
}

/** Some of some names, joined by +. */
function someOf(names: readonly string[]): Allowed {
  const one = `(${names.join("|")})`;
  return [new RegExp(`^${one}(\\+${one})*$`), `${names.join(", ")}, joined by +`];
}

/** Settings of a kernel, and what each may be. */
export const KERNEL_SETTINGS: ReadonlyMap<string, Allowed> = new Map<string, Allowed>([
  ["softDirty", [BOOLEAN, "true or false"]],
  ["hwDirty", [BOOLEAN, "true or false"]],
  ["swap", [BOOLEAN, "true or false"]],
  ["swapDevice", oneOf(SWAP_DEVICES)],
  ["bbml2", [BOOLEAN, "true or false"]],
  ["rangeFlush", [BOOLEAN, "true or false"]],
  ["vmSoftDirty", oneOf(VM_SOFT_DIRTY_RULES)],
  ["softDirtyBy", oneOf(SOFT_DIRTY_SETTERS)],
  ["softDirtyFold", oneOf(SOFT_DIRTY_FOLDS)],
  ["softDirtyBeside", [BOOLEAN, "true or false"]],
  ["thp", oneOf(["always", "madvise", "never"])],
  ["mmuPolicy", oneOf([...MMU_POLICIES.keys()])],
  ["pae", oneOf([...PAE_SCHEMES.keys()])],
  ["without", someOf([...SAFEGUARDS.keys()])],
  ["faultAround", [/^(4|8|16|32|64|128|256|512|1024)k$/, "4k to 1024k, a power of two"]],
  ["memory", [/^([1-9]\d{0,3}m|[1-8]g)$/, "1m to 9999m, or 1g to 8g"]],
  ["maxMapCount", [/^[1-9]\d{0,8}$/, "a number of mappings"]],
  ["mthp", [/^\d{1,6}[km](\+\d{1,6}[km])*$/, "sizes of folios such as 64k or 64k+1m"]],
]);

type ExclusiveRules = Pick<KernelConfig, "pae" | "without" | "swapDevice">;

/** How exclusivity is kept, and what endangers it. */
export function exclusiveRules({
  pae = DEFAULT_PAE,
  without,
  swapDevice,
}: Readonly<Record<string, string>>): ExclusiveRules {
  return {
    ...(pae === DEFAULT_PAE ? {} : { pae }),
    ...(without === undefined ? {} : { without: without.split("+") }),
    ...(swapDevice === undefined ? {} : { swapDevice: swapDevice as SwapDevice }),
  };
}

type SoftDirtyRules = Pick<
  KernelConfig,
  "vmSoftDirty" | "softDirtyBy" | "softDirtyFold" | "softDirtyBeside"
>;

/** Those that are about soft-dirty, as the kernel's configuration has them. */
export function softDirtyRules(words: Readonly<Record<string, string>>): SoftDirtyRules {
  const names = ["vmSoftDirty", "softDirtyBy", "softDirtyFold"].filter((name) => name in words);
  const rules = Object.fromEntries(names.map((name) => [name, words[name]]));
  return words.softDirtyBeside === "true" ? { ...rules, softDirtyBeside: true } : rules;
}

/** What stands for itself. */
export function otherRules({
  mmuPolicy,
  maxMapCount,
}: Readonly<Record<string, string>>): Pick<KernelConfig, "mmuPolicy" | "maxMapCount"> {
  return {
    ...(mmuPolicy === undefined ? {} : { mmuPolicy }),
    ...(maxMapCount === undefined ? {} : { maxMapCount: Number(maxMapCount) }),
  };
}
