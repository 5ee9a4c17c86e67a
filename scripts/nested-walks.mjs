// How many entries a guest's walk reads, guest and host page sizes crossed, over 4 GiB and more: as the arithmetic has it
// (no walk caches), and with the walk caches of the profile and caches of the second stage. A Markdown table, which is
// docs/studies/nested-walks.md. Run `npm run build` before.
//
//   node scripts/nested-walks.mjs [GIB] [ACCESSES]

import {
  Access,
  ARCHITECTURES,
  Core,
  Counter,
  CPUS,
  compileCoreFor,
  compileCpu,
  compileLayout,
  compilePagePolicy,
  compileStage2,
  loadCoreModule,
  STAGE2S,
} from "../dist/src/index.js";

const [gib = "4", accesses = "200000"] = process.argv.slice(2);
const PAGE = 4096n;
const PAGES = (BigInt(gib) << 30n) / PAGE;
const COUNT = Number(accesses);
/** Entries of the second stage's caches of pages and of tables. */
const CACHES = { pageEntries: 64, tableEntries: 16 };

/** Pages at random (uniform), or each of them once before any again (chase): full periods of a linear congruence. */
const WORKLOADS = {
  uniform: () => {
    let state = 1n;
    return () => {
      state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
      return (state >> 20n) % PAGES;
    };
  },
  chase: () => {
    let page = 0n;
    return () => {
      page = (page * 1664525n + 1013904223n) % PAGES;
      return page;
    };
  },
};

const MACHINES = [
  {
    arch: "x86-64",
    mode: {},
    second: {},
    name: "x86-64, 4 levels over 4",
    sizes: { "4k": 0, "2m": 1, "1g": 2 },
  },
  {
    arch: "x86-64",
    mode: { levels: 5 },
    second: { levels: 5 },
    name: "x86-64, 5 levels over 5",
    sizes: { "4k": 0, "2m": 1, "1g": 2 },
  },
  {
    arch: "arm64",
    mode: {},
    second: {},
    name: "arm64, 4 levels over 4",
    sizes: { "4k": 0, "2m": 1, "1g": 2 },
    contiguous: "64k",
  },
];

const { bytes } = await loadCoreModule();
const LOADS = Object.keys(Counter).filter(
  (key) => /^WalkLoadsLevel\d$/.test(key) || key === "SecondStageLoads",
);

async function measure({ arch, mode, second }, pages, hostLevel, workload, cached) {
  const descriptor = ARCHITECTURES.get(arch);
  const layout = compileLayout(descriptor, { ...descriptor.typical.values, ...mode });
  const plain = CPUS.get("plain");
  const profile = cached ? plain : { ...plain, walkCaches: [] };
  const cpu = compileCpu(profile, layout, { secondStage: true });
  const core = new Core(await compileCoreFor(bytes, layout, cpu));
  core.reset(true);
  core.loadLayout(layout);
  core.loadCpu(cpu, 1);
  core.loadDemand(compilePagePolicy(layout, pages));
  const [lower] = layout.halves;
  const guest = core.exports.newTable(0, lower.topLevel);
  core.exports.setRoots(guest, guest);
  const root = core.exports.newTable(0, lower.topLevel);
  const stage2 = compileStage2(STAGE2S.get(arch), second);
  core.loadStage2(stage2, { root, demandLevel: hostLevel, ...(cached ? CACHES : {}) });
  const next = WORKLOADS[workload]();
  for (let i = 0; i < COUNT; i++) {
    if (!core.translate(next() * PAGE, Access.UserRead)) throw new Error("an access faulted");
  }
  const walks = Number(core.counter(Counter.Walks));
  const loads = LOADS.reduce((sum, key) => sum + Number(core.counter(Counter[key])), 0);
  return { misses: walks / COUNT, references: loads / walks };
}

const cell = (value, digits) => value.toFixed(digits);
console.log("# Entries that a guest's walk reads\n");
console.log(`Written by \`node scripts/nested-walks.mjs ${gib} ${accesses}\`.\n`);
console.log(
  `${COUNT} reads over ${gib} GiB, uniform (pages at random) and chase (every page once before any again), on the TLBs of \`plain\`. ` +
    "Both stages are mapped at first touch. n guest levels over m levels of the host read n·m + n + m entries where nothing is " +
    `cached; "cached" has the walk caches of \`plain\`, and ${CACHES.pageEntries} pages and ${CACHES.tableEntries} tables of the second stage.\n`,
);
for (const machine of MACHINES) {
  const levels = machine.mode.levels ?? 4;
  console.log(`## ${machine.name}\n`);
  console.log(
    "| guest | host | arithmetic | uniform: walks per access | references per walk | cached | chase: walks per access | references per walk | cached |",
  );
  console.log("| :--- | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  const guests = [
    ...Object.entries(machine.sizes),
    ...(machine.contiguous ? [[machine.contiguous, 0]] : []),
  ];
  for (const [pages, level] of guests) {
    for (const [host, hostLevel] of Object.entries(machine.sizes)) {
      const [n, m] = [levels - level, levels - hostLevel];
      const row = [pages, host, String(n * m + n + m)];
      for (const workload of ["uniform", "chase"]) {
        const bare = await measure(machine, pages, hostLevel, workload, false);
        const cached = await measure(machine, pages, hostLevel, workload, true);
        row.push(cell(bare.misses, 3), cell(bare.references, 2), cell(cached.references, 2));
      }
      console.log(`| ${row.join(" | ")} |`);
    }
  }
  console.log("");
}
