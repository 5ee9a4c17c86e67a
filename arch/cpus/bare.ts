// No machine: the plain TLBs, and nothing that shortens a walk. Every walk reads all that the arithmetic says, which is
// what this profile is for.

import { defineCpu } from "../define.js";
import { plain } from "./plain.js";

const { secondStage: _, ...others } = plain;

export const bare = defineCpu({
  ...others,
  name: "bare",
  title: "plain TLBs without walk caches, so that every walk reads all of its entries",
  walkCaches: [],
});
