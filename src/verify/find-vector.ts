// One vector of a file, by id.

import { MmulateError } from "../errors.js";
import { readLines } from "./read-lines.js";
import { parseVector, type Vector } from "./vector-format.js";

/**
 * Reads a file until the vector is found.
 * @throws MmulateError INPUT when the file cannot be read, is damaged before it, or has no such id
 */
export async function findVector(path: string, id: string): Promise<Vector> {
  let first = "";
  let last = "";
  for await (const { text, number } of readLines(path)) {
    const vector = parseVector(text, `${path}:${number}`);
    if (vector.id === id) return vector;
    if (first === "") first = vector.id;
    last = vector.id;
  }
  const ids = first === "" ? "it is empty" : `its ids run from ${first} to ${last}`;
  throw new MmulateError("INPUT", `${path} has no vector "${id}"; ${ids}`);
}
