// The core against a native simulator of the same machine, in turns, process by process.
//
//   node bench/against.mjs NATIVE TRACE.raw64... [--rounds N] [--cpu NAME]
//
// NATIVE is run as `NATIVE TRACE 3` and prints "... N M/s" for the median of its three runs. A round is one
// run of each; the ratio is taken within the round, and its median over the rounds is printed with the
// spread. Nothing else should run on the machine.

import { execFileSync } from "node:child_process";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    cpu: { type: "string", default: "yardstick" },
  },
});
const [native, ...traces] = positionals;
if (native === undefined || traces.length === 0) {
  throw new Error("usage: node bench/against.mjs NATIVE TRACE.raw64... [--rounds N] [--cpu NAME]");
}
const resident = join(dirname(fileURLToPath(import.meta.url)), "resident.mjs");

/** Million accesses per second, as the program prints them. */
function speedOf(command, args, pattern) {
  const out = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const speed = Number(pattern.exec(out)?.[1]);
  if (!(speed > 0)) throw new Error(`${command}: no speed in: ${out.slice(-200)}`);
  return speed;
}

const ours = (trace) =>
  speedOf(process.execPath, [resident, trace, "3", "--cpu", values.cpu], /median ([\d.]+) M\/s/);
const theirs = (trace) => speedOf(native, [trace, "3"], /([\d.]+) M\/s/);
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

console.log("trace                M/s  native M/s  ratio  (least .. most)");
for (const trace of traces) {
  const rounds = Array.from({ length: Number(values.rounds) }, () => [ours(trace), theirs(trace)]);
  const ratios = rounds.map(([a, b]) => a / b);
  const [own, other] = [0, 1].map((i) => median(rounds.map((round) => round[i])).toFixed(1));
  const spread = [Math.min(...ratios), Math.max(...ratios)].map((x) => x.toFixed(2)).join(" .. ");
  const row = [basename(trace).padEnd(16), own.padStart(7), other.padStart(11)];
  console.log(`${row.join(" ")}  ${median(ratios).toFixed(2).padStart(5)}  (${spread})`);
}
