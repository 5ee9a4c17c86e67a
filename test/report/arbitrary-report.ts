// Reports with every character that a format might trip over.

import fc from "fast-check";
import type { CellFailure, CellResult, Report } from "../../src/stats/report.js";

/** Characters with a meaning in some format, controls, halves of pairs, and ordinary text. */
const TEXT = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."\",;:|\\`*_<>&'\n\r\t %#=[]~$@-]]>é\u0001\ufffe\ud800") }),
  fc.string({ unit: "binary" }),
  fc.constantFrom("", " ", "a b", "\r\n", "x,y", "a_b", "__proto__"),
);

const NAME = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const COUNT = fc.bigInt(0n, 2n ** 64n - 1n);
const RATE = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 });

const CHECK = fc.oneof(
  fc.record({ id: TEXT, ok: fc.constant(true) }),
  fc.record({ id: TEXT, ok: fc.constant(false), first: TEXT }),
);

/** `fc.dictionary` may make objects without a prototype; results have the ordinary one. */
const bag = <T>(values: fc.Arbitrary<T>) =>
  fc.dictionary(NAME, values, { noNullPrototype: true, maxKeys: 4 });

const CELL: fc.Arbitrary<Omit<CellResult, "id">> = fc.record({
  labels: fc.record({ input: TEXT, arch: TEXT, cpu: TEXT }),
  config: fc.constant({}),
  counters: bag(COUNT),
  cycles: fc.record({ elapsed: COUNT, work: COUNT, by: bag(COUNT) }),
  metrics: bag(RATE),
  checks: fc.array(CHECK, { maxLength: 3 }),
});

const FAILURE = fc.record({
  labels: fc.record({ input: TEXT, arch: TEXT, cpu: TEXT }),
  code: fc.constantFrom("INPUT", "MEMORY", "INTERNAL"),
  message: TEXT,
}) satisfies fc.Arbitrary<Omit<CellFailure, "id">>;

/** A report of one to three cells, and up to two that did not finish. */
export const REPORT: fc.Arbitrary<Report> = fc
  .tuple(fc.array(CELL, { minLength: 1, maxLength: 3 }), fc.array(FAILURE, { maxLength: 2 }))
  .map(([cells, failures]) => ({
    schema: "mmulate/report@1",
    version: "0.0.0",
    config: {},
    cells: cells.map((cell, i) => ({ id: `${i + 1}`, ...cell })),
    ...(failures.length === 0
      ? {}
      : { failures: failures.map((failure, i) => ({ id: `${i + 11}`, ...failure })) }),
  }));
