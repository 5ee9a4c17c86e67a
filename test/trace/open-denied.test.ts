// What the system says of a file that may not be read. Which files those are depends on who asks (root may
// read all), so the system's answer is put in here.

import { expect, it, vi } from "vitest";
import { openBytes } from "../../src/trace/open.js";
import { errorOf } from "./support.js";

vi.mock("node:fs/promises", () => ({
  open: (path: string) =>
    Promise.reject(
      Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: "EACCES" }),
    ),
}));

it("a file that may not be read is refused", async () => {
  const error = await errorOf(() => openBytes("secret").next());
  expect([error.code, error.message]).toEqual(["INPUT", "secret: permission denied"]);
});
