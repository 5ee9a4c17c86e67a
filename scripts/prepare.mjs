// `npm ci` on a clone ends with a working tool: builds, unless the compilers were left out
// (`npm ci --omit=dev`), where there is nothing to build with.

import { spawnSync } from "node:child_process";

function isInstalled(name) {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

if (["assemblyscript", "typescript"].every(isInstalled)) {
  const build = spawnSync("npm run build", { shell: true, stdio: "inherit" });
  process.exitCode = build.status ?? 1;
} else {
  console.warn("mmulate: not built, because the devDependencies are not installed");
}
