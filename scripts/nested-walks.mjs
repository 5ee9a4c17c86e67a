// How many entries a guest's walk reads, guest and host page sizes crossed: as the arithmetic has it (`--cpu bare`), and with
// the walk caches of `plain` and its caches of the second stage. The cells are those of `mmulate run`; here they are put
// into tables, which are docs/studies/nested-walks.md. Run `npm run build` before.
//
//   node scripts/nested-walks.mjs [GIB] [ACCESSES] > docs/studies/nested-walks.md

import { loadCoreModule } from "../dist/src/runner/module-files.js";
import { planRun } from "../dist/src/runner/plan.js";
import { runCell } from "../dist/src/runner/run-cell.js";

const [gib = "4", accesses = "200000"] = process.argv.slice(2);
const PAGES = Number(gib) * 2 ** 18;
/** Pages at random, or each once before any again (places in an order of the page's own size are as good as any). */
const INPUTS = {
  uniform: `uniform:pages=${PAGES}:accesses=${accesses}:warmup=0`,
  chase: `chase:pages=${PAGES}:warmup=0:passes=1`,
};
const SIZES = { "4k": 0, "2m": 1, "1g": 2 };
const WITH_GROUPS = { ...SIZES, "64k": 0 };
const MACHINES = [
  { name: "x86-64, 4 levels over 4", arch: "x86-64", n: 4, m: 4, sizes: SIZES },
  { name: "x86-64, 5 levels over 4", arch: "x86-64:levels=5", n: 5, m: 4, sizes: { "4k": 0 } },
  {
    name: "x86-64, 5 levels over 5",
    arch: "x86-64:levels=5",
    second: ":levels=5",
    n: 5,
    m: 5,
    sizes: SIZES,
  },
  { name: "arm64, 4 levels over 4", arch: "arm64", n: 4, m: 4, sizes: WITH_GROUPS },
  {
    name: "arm64, 4 levels over 3, two root tables side by side",
    arch: "arm64",
    second: ":ipa=40",
    n: 4,
    m: 3,
    sizes: { "4k": 0 },
  },
  {
    name: "riscv64, 4 levels over 4, a root of 16 KiB",
    arch: "riscv64",
    n: 4,
    m: 4,
    sizes: { "4k": 0, "2m": 1, "64k": 0 },
  },
];

const core = await loadCoreModule();

async function measure({ arch, second = "" }, guest, host, input, cpu) {
  const [cell] = planRun({
    inputs: [{ path: INPUTS[input], format: "auto", accesses: "all", split: true }],
    archs: [arch],
    cpus: [cpu],
    pages: [guest],
    secondStages: [`${host}${second}`],
  });
  const { result } = await runCell(core, cell);
  const broken = result.checks.filter(({ ok }) => !ok);
  if (broken.length > 0) throw new Error(`${arch} ${guest} over ${host}: ${broken[0].id}`);
  return result;
}

const fixed = (value, digits) => value?.toFixed(digits) ?? "-";
console.log("# Entries that a guest's walk reads\n");
console.log(
  `Written by \`node scripts/nested-walks.mjs ${gib} ${accesses}\`; a row's figures are those of\n`,
);
console.log("```sh");
for (const input of Object.values(INPUTS)) {
  console.log(
    `mmulate run ${input} --arch ARCH --cpu bare,plain --pages GUEST --second-stage HOST`,
  );
}
console.log("```\n");
console.log(
  `Pages of 4 KiB over ${gib} GiB, read at random (uniform, ${accesses} reads) or each once (chase). Both stages are mapped ` +
    "before. n guest levels over m levels of the host read n·m + n + m entries where nothing is cached (`bare`); " +
    "`plain` has walk caches, and keeps 64 pages and 16 tables of the second stage. 64k are contiguous groups (contpte).\n",
);
for (const machine of MACHINES) {
  console.log(`## ${machine.name}\n`);
  console.log(
    "| guest | host | arithmetic | uniform: walks per access | entries per walk | `plain` | chase: walks per access | entries per walk | `plain` |",
  );
  console.log("| :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const [guest, level] of Object.entries(machine.sizes)) {
    for (const [host, hostLevel] of Object.entries(machine.sizes)) {
      const [n, m] = [machine.n - level, machine.m - hostLevel];
      const row = [guest, host, String(n * m + n + m)];
      for (const input of Object.keys(INPUTS)) {
        const bare = await measure(machine, guest, host, input, "bare");
        const plain = await measure(machine, guest, host, input, "plain");
        const walks = Number(bare.counters.walks) / Number(bare.counters.reads);
        row.push(fixed(walks, 3));
        row.push(
          fixed(bare.metrics.references_per_walk, 2),
          fixed(plain.metrics.references_per_walk, 2),
        );
      }
      console.log(`| ${row.join(" | ")} |`);
    }
  }
  console.log("");
}
