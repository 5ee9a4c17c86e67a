// Does the package work where there is nothing but the package? Packs it, installs the tarball in an
// empty folder, runs the command on the trace it ships, imports it, type-checks a user of it and lets
// publint judge it.

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TRACE = "node_modules/mmulate/test/data/traces/sort.lackey.gz";
// --no: never a package of that name from the registry.
const MMULATE = ["--no", "--", "mmulate"];
const RUN = ["run", TRACE, "--arch", "x86-64,arm64", "--json"];

const version = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
const work = mkdtempSync(join(tmpdir(), "mmulate-pack-"));
const empty = join(work, "empty");
let failures = 0;

/** Runs a command to its end and returns what it wrote to stdout; throws unless it exits with 0. */
function run(cwd, command, args) {
  const shell = process.platform === "win32";
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    shell,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  const line = [command, ...args].join(" ");
  assert.equal(status, 0, `${line}: exit ${status}\n${stderr}${stdout.slice(-4000)}`);
  return stdout;
}

function runNode(cwd, args) {
  return run(cwd, process.execPath, args);
}

async function step(name, check) {
  try {
    await check();
    console.log(`pack: ok      ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`pack: FAILED  ${name}\n${error.message}`);
  }
}

function tarball() {
  const found = readdirSync(work).find((name) => name.endsWith(".tgz"));
  assert.ok(found, "npm pack left no tarball");
  return join(work, found);
}

/** What a user of the library compiles; library declarations are checked too. */
const USER_TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "DOM"],
    module: "NodeNext",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    typeRoots: [join(ROOT, "node_modules/@types")],
    types: ["node"],
  },
  files: ["user.ts"],
};

mkdirSync(empty);
writeFileSync(join(empty, "package.json"), '{ "private": true, "type": "module" }\n');
writeFileSync(join(empty, "user.ts"), 'export * from "mmulate";\n');
writeFileSync(join(empty, "tsconfig.json"), JSON.stringify(USER_TSCONFIG));

await step("npm pack", () => {
  run(ROOT, "npm", ["pack", "--pack-destination", work]);
});
await step("publint", async () => {
  const packed = { tarball: Uint8Array.from(readFileSync(tarball())).buffer };
  const { messages, pkg } = await publint({ pack: packed, strict: true });
  assert.equal(messages.map((message) => formatMessage(message, pkg)).join("\n"), "");
});
await step("npm install of the tarball, where prepare does not run", () => {
  run(empty, "npm", ["install", tarball(), "--omit=dev", "--prefer-offline"]);
  assert.ok(!readdirSync(join(empty, "node_modules")).includes("assemblyscript"));
});
await step("npx mmulate --version", () => {
  assert.equal(run(empty, "npx", [...MMULATE, "--version"]).trim(), version);
});
await step(`npx mmulate ${RUN.join(" ")}`, () => {
  const report = JSON.parse(run(empty, "npx", [...MMULATE, ...RUN]));
  assert.equal(report.schema, "mmulate/report@1");
  assert.equal(report.cells.length, 2);
  assert.deepEqual(
    report.cells.map((cell) => cell.labels.arch),
    ["x86-64", "arm64"],
  );
});
await step("npx mmulate demo", () => {
  assert.match(run(empty, "npx", [...MMULATE, "demo"]), /What to try next/);
});
await step("the report's JSON Schema", () => {
  const program =
    'import s from "mmulate/schema/report-1.schema.json" with { type: "json" }; console.log(s.$id);';
  assert.equal(
    runNode(empty, ["--input-type=module", "--eval", program]).trim(),
    "urn:mmulate:report:1",
  );
});
await step("import from an ES module", () => {
  const program = 'import * as m from "mmulate"; console.log(Object.keys(m).length);';
  assert.ok(Number(runNode(empty, ["--input-type=module", "--eval", program])) > 0);
});
await step("type check of a user", () => {
  runNode(empty, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json"]);
});

rmSync(work, { recursive: true, force: true });
console.log(failures === 0 ? "pack: all steps passed" : `pack: ${failures} steps failed`);
process.exitCode = failures === 0 ? 0 : 1;
