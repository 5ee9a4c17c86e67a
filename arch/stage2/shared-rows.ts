// What entries of both stages have alike: rows of the first stage's descriptor, by name.

import type { Descriptor } from "../schema.js";

type Parameter = Descriptor["parameters"][string];

/**
 * Fields: the same bits, the same meaning, and the same place in the manual.
 * @throws Error where there is none of a name
 */
export function sharedFields(
  { name, fields }: Descriptor,
  names: readonly string[],
): Descriptor["fields"] {
  return names.flatMap((each) => {
    const rows = fields.filter((row) => row.name === each);
    if (rows.length === 0) throw new Error(`${name} has no field ${each}`);
    return rows;
  });
}

/**
 * A parameter that has another register's name here, or another default.
 * @throws Error where there is none of that name
 */
export function sharedParameter(
  { name, parameters }: Descriptor,
  named: string,
  changes: Partial<Parameter>,
): Parameter {
  const parameter = parameters[named];
  if (parameter === undefined) throw new Error(`${name} has no parameter ${named}`);
  return { ...parameter, ...changes };
}
