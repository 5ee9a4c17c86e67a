// Nobody watches: what the others are measured against.

import type { Tracker } from "./types.js";

export const noTracker: Tracker = {
  summary: "nobody watches: what the others are measured against",
  bufferBytes: () => 0,
  seesNewMappings: true,
  findsNothing: true,
  arm: () => undefined,
  collect: () => [],
};
