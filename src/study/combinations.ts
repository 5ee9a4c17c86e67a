// Every combination of what was chosen, for studies whose points are just that.

import { product } from "../product.js";
import type { Chosen } from "./types.js";

/** One value of each parameter. */
export type Combination<Name extends string> = Readonly<Record<Name, string>>;

/** Every combination of the values of some parameters; the last varies fastest. */
export function combinations<Name extends string>(
  chosen: Chosen,
  names: readonly Name[],
): Combination<Name>[] {
  const lists = names.map((name) => [name, chosen[name] ?? []] as const);
  return product(Object.fromEntries(lists)) as Combination<Name>[];
}
