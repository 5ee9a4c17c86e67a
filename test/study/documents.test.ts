// docs/studies holds what the commands in it print: `npm run studies` writes it anew.

import { describe, expect, it } from "vitest";
import { output } from "../cli/support.js";

/** On a busy machine; some twenty seconds of work. */
const LONG = 180_000;

/** Studies whose document takes seconds; the others have scripts of their own in package.json. */
const QUICK = ["dirty-tracking", "soft-dirty-bits"];

describe("docs/studies", () => {
  it.each(QUICK)(
    "%s.md is what its command prints",
    async (name) => {
      const text = await output("study", name, "--reporter", "markdown");
      await expect(text).toMatchFileSnapshot(`../../docs/studies/${name}.md`);
    },
    LONG,
  );
});
