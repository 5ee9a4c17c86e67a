// Speed of the core on a trace that is resident in linear memory, in process CPU time.
//
//   node bench/resident.mjs TRACE.raw64 [ROUNDS] [--cpu NAME]
//
// Reading and copying are outside the clock. Unmeasured rounds of four million records warm the module up, which
// is made for the layout and CPU as that of a run is; calls are of 65,536 records, because one huge first call
// would stay in the engine's baseline code.

import { readFileSync } from "node:fs";
import {
  ARCHITECTURES,
  Core,
  CPUS,
  compileCoreFor,
  compileCpu,
  compileLayout,
  compilePagePolicy,
  loadCoreModule,
} from "../dist/src/index.js";

const CALL = 65536;
const WARM = 4_000_000;
const [path, rounds = "5", , name = "yardstick"] = process.argv.slice(2);
if (path === undefined)
  throw new Error("usage: node bench/resident.mjs TRACE.raw64 [ROUNDS] [--cpu NAME]");

const bytes = readFileSync(path);
const records = bytes.length / 8;
const descriptor = ARCHITECTURES.get("x86-64");
const layout = compileLayout(descriptor, descriptor.typical.values);
const profile = CPUS.get(name);
const cpu = compileCpu(profile, layout);
const { bytes: wasm } = await loadCoreModule();
const core = new Core(await compileCoreFor(wasm, layout, cpu));
core.loadLayout(layout);
core.loadCpu(cpu, 1, records);
core.heldEvents(records).set(new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * records));

/** One run from empty tables and TLBs; returns seconds. */
function round() {
  core.reset(true);
  core.loadDemand(compilePagePolicy(layout, profile.pages ?? "base"));
  const root = core.exports.newTable(0, layout.halves[0].topLevel);
  core.exports.setRoots(root, root);
  const start = process.cpuUsage();
  for (let at = 0; at < records; at += CALL) {
    const count = Math.min(CALL, records - at);
    if (core.runHeld(at, count) !== count) throw new Error(`stopped at ${at}`);
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

for (let warm = 0; warm < WARM; warm += records) round();
const times = Array.from({ length: Number(rounds) }, round).sort((a, b) => a - b);
const rate = (seconds) => (records / seconds / 1e6).toFixed(1);
console.log(
  `${path}: ${records} records, median ${rate(times[times.length >> 1])} M/s, best ${rate(times[0])}, worst ${rate(times.at(-1))}`,
);
