// Every combination of what was chosen, for studies whose points are just that.

import type { Chosen } from "./types.js";

/** One value of each parameter. */
export type Combination<Name extends string> = Readonly<Record<Name, string>>;

/** Every combination of the values of some parameters; the last varies fastest. */
export function combinations<Name extends string>(
  chosen: Chosen,
  names: readonly Name[],
): Combination<Name>[] {
  return names.reduce<Combination<Name>[]>(
    (list, name) =>
      list.flatMap((each) => (chosen[name] ?? []).map((value) => ({ ...each, [name]: value }))),
    [{} as Combination<Name>],
  );
}
