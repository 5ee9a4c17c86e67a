// The compiler writes the command without the execute bit. npm sets it when it links the package, but a
// link that is there already (npx keeps one) then leads to a file that cannot be run.

import { chmodSync } from "node:fs";

chmodSync("dist/src/cli/main.js", 0o755);
