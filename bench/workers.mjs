// What a second worker thread is worth: the same cells over one worker and over two, beside the same of a native
// program (plain node processes that count in a loop), in turns. The second says what this machine, as busy as it
// is and with the scheduler that it has, gives at all.
//
// CPU time tells more on a busy machine: as long as two workers need no more of it than one, nothing in the program
// stands in their way.
//
//   node bench/workers.mjs [ROUNDS] [CELLS]

import { spawn } from "node:child_process";
import process from "node:process";
import { loadCoreModule, planRun, runCells } from "../dist/src/index.js";

const [rounds = 5, count = 4] = process.argv.slice(2).map(Number);
const WORK = "chase:pages=64k:passes=480";
/** About as long as a cell. */
const NATIVE = `
  const table = new Uint32Array(1 << 20);
  let word = 1;
  for (let i = 0; i < 2e7; i++) {
    word = (Math.imul(word ^ (word >>> 15), 0x85ebca6b) + i) >>> 0;
    table[word & 0xfffff] ^= word;
  }
  process.exitCode = table[0] === word ? 1 : 0;
`;

const core = await loadCoreModule();
const [cell] = planRun({
  inputs: [{ path: WORK, format: "auto", accesses: "all", split: true }],
  archs: ["x86-64"],
  cpus: ["plain"],
  pages: ["base"],
});
const cells = Array.from({ length: count }, (_, i) => ({ ...cell, id: String(i + 1) }));

async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Wall seconds, and CPU seconds of the process. */
async function cellsOver(workers) {
  const before = process.cpuUsage();
  const wall = await seconds(() => runCells(core, cells, { workers }));
  const { user, system } = process.cpuUsage(before);
  return [wall, (user + system) / 1e6];
}

const oneProcess = () =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["-e", NATIVE], { stdio: "inherit" });
    child.on("error", reject).on("exit", resolve);
  });

/** As many processes as cells, so many at a time. */
const processesOver = (lanes) =>
  seconds(async () => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await oneProcess();
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  });

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const range = (values) =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} .. ${Math.max(...values).toFixed(2)})`;

const ours = [];
const native = [];
const spent = [];
await cellsOver(2); // warms up
for (let round = 1; round <= rounds; round++) {
  const [[one, oneCpu], [two, twoCpu]] = [await cellsOver(1), await cellsOver(2)];
  const [alone, beside] = [await processesOver(1), await processesOver(2)];
  ours.push(one / two);
  native.push(alone / beside);
  spent.push(twoCpu / oneCpu);
  console.log(
    `round ${round}: cells ${one.toFixed(2)} s / ${two.toFixed(2)} s = ${(one / two).toFixed(2)}   ` +
      `processes ${alone.toFixed(2)} s / ${beside.toFixed(2)} s = ${(alone / beside).toFixed(2)}`,
  );
}
console.log(`\n${count} cells, one worker against two:      ${range(ours)}`);
console.log(`${count} node processes, one against two:   ${range(native)}`);
console.log(`CPU time, two workers against one:      ${range(spent)}`);
console.log(`of what this machine gives:           ${range(ours.map((r, i) => r / native[i]))}`);
