// Removes what earlier builds left: a source file that is gone must not stay in the package.

import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
