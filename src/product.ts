// Every combination of what was chosen.

type Lists = Readonly<Record<string, readonly unknown[]>>;
type Optional<L extends Lists, Name extends keyof L> = undefined extends L[Name][number]
  ? Name
  : never;

/** One value of each list; names whose lists hold undefined may be left out. */
export type OneOfEach<L extends Lists> = {
  readonly [Name in keyof L as Exclude<Name, Optional<L, Name>>]: L[Name][number];
} & {
  readonly [Name in keyof L as Optional<L, Name>]?: Exclude<L[Name][number], undefined>;
};

/**
 * Every combination of one value of each list; the last list varies fastest. An undefined value stands for a name that is
 * left out.
 */
export function product<L extends Lists>(lists: L): OneOfEach<L>[] {
  let combinations: Readonly<Record<string, unknown>>[] = [{}];
  for (const [name, list] of Object.entries(lists)) {
    combinations = combinations.flatMap((each) =>
      list.map((value) => (value === undefined ? each : { ...each, [name]: value })),
    );
  }
  return combinations as OneOfEach<L>[];
}
