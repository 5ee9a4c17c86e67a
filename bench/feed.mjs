// What feeding costs: a run of a trace from its file, against the same records resident in memory.
//
//   node bench/feed.mjs TRACE [--format NAME] [--repeat N] [--rounds N] [--cpu NAME]
//     [--accesses data]
//
// The trace is written N times over into one file of each form, in a temporary folder, so that starting up
// does not show. Every round runs each form once through `runCell`, as `mmulate run` does, and the resident
// records once; ratios are taken within a round, so that what else the machine does hits both. A ratio is
// resident time by time of the form: by CPU time of the process, which counts threads that decompress,
// and by the clock.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  ARCHITECTURES,
  Core,
  CPUS,
  compileCoreFor,
  compileCpu,
  compileLayout,
  compilePagePolicy,
  loadCoreModule,
  planRun,
  readTrace,
  runCell,
} from "../dist/src/index.js";
import { convertTrace } from "../dist/src/trace/convert.js";

const CALL = 65536;
const ARCH = "x86-64";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    format: { type: "string", default: "auto" },
    repeat: { type: "string", default: "1" },
    rounds: { type: "string", default: "7" },
    cpu: { type: "string", default: "plain" },
    accesses: { type: "string", default: "all" },
  },
});
const [trace] = positionals;
if (trace === undefined) throw new Error("usage: node bench/feed.mjs TRACE [--repeat N] ...");

const module = await loadCoreModule();
const folder = mkdtempSync(join(tmpdir(), "mmulate-feed-"));
try {
  await measure(await formsOf(folder));
} finally {
  rmSync(folder, { recursive: true });
}

/** Writes the trace in every form. Returns their names, files and formats, and the lines of the text. */
async function formsOf(at) {
  const found = readFileSync(trace);
  const gzip = found[0] === 0x1f && found[1] === 0x8b;
  const plain = gzip ? gunzipSync(found) : found;
  const name = values.format === "raw64" ? "raw64" : "lackey";
  const source = join(at, `in.${name}`);
  const zipped = join(at, `in.${name}.gz`);
  const member = gzip ? found : gzipSync(plain);
  for (let i = 0; i < Number(values.repeat); i++) {
    appendFileSync(source, plain);
    appendFileSync(zipped, member);
  }
  const options = { format: values.format, accesses: values.accesses, split: true };
  const made = ["mmt", "mmt.gz", ...(name === "lackey" ? ["raw64"] : [])];
  for (const kind of made) await convertTrace(source, join(at, `in.${kind}`), options);
  const forms = [...made, name, `${name}.gz`].map((kind) => ({
    kind,
    path: join(at, `in.${kind}`),
    format: kind.startsWith("raw64") ? "raw64" : "auto",
  }));
  let lines = 0;
  for (const byte of name === "lackey" ? plain : []) if (byte === 10) lines++;
  return { forms, lines: lines * Number(values.repeat) };
}

/** A function that runs the records of a file from memory: [CPU seconds, wall seconds], set-up left out. */
async function residentRun(path) {
  const chunks = [];
  for await (const { records, count } of readTrace(path, { accesses: "all", split: true })) {
    chunks.push(records.slice(0, 2 * count));
  }
  const records = chunks.reduce((sum, chunk) => sum + chunk.length / 2, 0);
  const descriptor = ARCHITECTURES.get(ARCH);
  const layout = compileLayout(descriptor, descriptor.typical.values);
  const profile = CPUS.get(values.cpu);
  const cpu = compileCpu(profile, layout);
  const core = new Core(await compileCoreFor(module.bytes, layout, cpu));
  core.loadLayout(layout);
  core.loadCpu(cpu, 1, records);
  const held = core.heldEvents(records);
  let to = 0;
  for (const chunk of chunks) {
    held.set(chunk, to);
    to += chunk.length;
  }
  const run = async () => {
    core.reset(true);
    core.loadDemand(compilePagePolicy(layout, profile.pages ?? "base"));
    const root = core.exports.newTable(0, layout.halves[0].topLevel);
    core.exports.setRoots(root, root);
    return timed(async () => {
      for (let at = 0; at < records; at += CALL) {
        const count = Math.min(CALL, records - at);
        if (core.runHeld(at, count) !== count) throw new Error(`stopped at ${at}`);
      }
    });
  };
  return { records, run };
}

async function timed(action) {
  const wall = performance.now();
  const start = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(start);
  return [(user + system) / 1e6, (performance.now() - wall) / 1000];
}

function runOf({ path, format }) {
  const [cell] = planRun({
    inputs: [{ path, format, accesses: values.accesses, split: true }],
    archs: [ARCH],
    cpus: [values.cpu],
    pages: [],
  });
  return () => timed(() => runCell(module, cell));
}

async function measure({ forms, lines }) {
  const { records, run } = await residentRun(forms[0].path);
  const runs = [run, ...forms.map(runOf)];
  const times = runs.map(() => []);
  // The first round warms up.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [i, one] of runs.entries()) {
      const time = await one();
      if (round > 0) times[i].push(time);
    }
  }
  console.log(`${trace} x ${values.repeat}: ${records} records, ${values.rounds} rounds, medians`);
  const row = (kind, ...cells) =>
    console.log(kind.padEnd(10), ...cells.map((cell) => cell.padStart(9)));
  row("form", "MB", "CPU M/s", "wall M/s", "of CPU", "of wall", ...(lines ? ["Mlines/s"] : []));
  for (const [i, kind] of ["resident", ...forms.map((form) => form.kind)].entries()) {
    const at = (clock) => median(times[i].map((time) => time[clock]));
    const ratio = (clock) => median(times[i].map((time, n) => times[0][n][clock] / time[clock]));
    const size = i === 0 ? records * 8 : statSync(forms[i - 1].path).size;
    const text = kind.startsWith("lackey") ? [(lines / at(1) / 1e6).toFixed(1)] : [];
    const rates = [records / at(0) / 1e6, records / at(1) / 1e6].map((rate) => rate.toFixed(1));
    row(kind, (size / 1e6).toFixed(1), ...rates, ratio(0).toFixed(3), ratio(1).toFixed(3), ...text);
  }
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
