// A proposal of the thread of April 2024: an event that says that only the right to write goes, so that SPTEs stay
// readable. Where pages go or change, SPTEs go as today; where only dirty goes, the right to write does, because the
// next write must be seen.

import type { MmuPolicy } from "./types.js";

export const writeProtect: MmuPolicy = {
  name: "write-protect",
  summary: "where the page stays, SPTEs only lose the right to write; else as zap",
  reaction: (taken) => (taken === "page" ? "zap" : "write-protect"),
  dirty: "install",
  allowsCleanHost: true,
  tellsWriteback: false,
};
