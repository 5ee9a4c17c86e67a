// What schemes answer that keep "exclusive" apart from the entry's other bits: these change as they always did.

import { Pte } from "../layout/linux-flags.js";
import type { PaeHooks } from "./types.js";

type Indifferent = Omit<
  PaeHooks,
  "costs" | "isX" | "newX" | "proveX" | "dup" | "share" | "takeX" | "putX"
>;

export const INDIFFERENT: Indifferent = {
  byFlags: true,
  reserve: () => true,
  dupRun: () => undefined,
  keep: () => 0,
  kept: () => undefined,
  madeWritable: () => undefined,
  cleans: () => Pte.young | Pte.dirty,
  isDirty: (flags) => (flags & Pte.dirty) !== 0,
  mayDiffer: () => Pte.young | Pte.dirty,
  // Entries of a private mapping that are dirty, and such that are not, are copied apart (copy_present_ptes).
  dupMayDiffer: () => Pte.young,
  waitsForMigration: false,
  mayBeX: () => true,
  splitFolio: () => undefined,
  split: () => undefined,
  tableFrom: () => undefined,
  moveEntry: () => undefined,
  tablesGo: (_root, _first, _end, free) => free(),
};
