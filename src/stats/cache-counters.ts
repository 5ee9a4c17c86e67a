// Counters of where lines were found: by walks, by data, and by the walks of a guest's host.

import type { CounterInfo } from "./counter-info.js";

const NONE = "-";
/** On machines, loads of both stages of a guest's walk count alike. */
const NESTED_PERF = "part of page_walker_loads · -";

const FOUND = {
  walk: ["page-table entries that walks found in", "(profiles with data caches)"],
  data: ["reads and writes whose line was in", "(with --data-cache)"],
  nested: ["a host's page-table entries that walks of its guest found in", "(with --nested)"],
} as const;
const PLACES = {
  cache1: "the nearest data cache",
  cache2: "the second data cache",
  cache3: "the third data cache",
  cache4: "the fourth data cache",
  memory: "no cache",
} as const;

function foundIn(who: keyof typeof FOUND, place: keyof typeof PLACES, perf: string): CounterInfo {
  const [what, where] = FOUND[who];
  return {
    name: `${who}_from_${place}`,
    unit: "loads",
    means: `${what} ${PLACES[place]} ${where}`,
    perf,
  };
}

/** What their names begin with. */
export const SECOND_STAGE = "second_stage_";

const secondStage = (name: string, unit: string, means: string): CounterInfo => ({
  name: `${SECOND_STAGE}${name}`,
  unit,
  means: `${means} (guests whose second stage is walked)`,
  perf: NONE,
});

/** Keyed by the core's names, as `COUNTER_INFO`. */
export const CACHE_COUNTERS = {
  WalkFromCache1: foundIn("walk", "cache1", "page_walker_loads.dtlb_l1 · -"),
  WalkFromCache2: foundIn("walk", "cache2", "page_walker_loads.dtlb_l2 · -"),
  WalkFromCache3: foundIn("walk", "cache3", "page_walker_loads.dtlb_l3 · -"),
  WalkFromCache4: foundIn("walk", "cache4", NONE),
  WalkFromMemory: foundIn("walk", "memory", "page_walker_loads.dtlb_memory · -"),
  DataFromCache1: foundIn("data", "cache1", "mem_load_retired.l1_hit · -"),
  DataFromCache2: foundIn("data", "cache2", "mem_load_retired.l2_hit · -"),
  DataFromCache3: foundIn("data", "cache3", "mem_load_retired.l3_hit · -"),
  DataFromCache4: foundIn("data", "cache4", NONE),
  DataFromMemory: foundIn("data", "memory", "mem_load_retired.l3_miss · -"),
  NestedFromCache1: foundIn("nested", "cache1", NESTED_PERF),
  NestedFromCache2: foundIn("nested", "cache2", NESTED_PERF),
  NestedFromCache3: foundIn("nested", "cache3", NESTED_PERF),
  NestedFromCache4: foundIn("nested", "cache4", NONE),
  NestedFromMemory: foundIn("nested", "memory", NESTED_PERF),
  SecondStageWalks: secondStage(
    "walks",
    "walks",
    "guest-physical addresses that no cache translated",
  ),
  SecondStageLoads: secondStage("loads", "loads", "entries of the second stage that walks read"),
  SecondStagePageHits: secondStage(
    "page_hits",
    "hits",
    "guest-physical addresses that the cache of pages translated",
  ),
  SecondStageTableHits: secondStage(
    "table_hits",
    "hits",
    "walks of the second stage that began at a cached table",
  ),
  SecondStageFaults: secondStage("faults", "faults", "translations that the second stage refused"),
  NestedPages: {
    name: "nested_pages",
    unit: "walks",
    means: "walks that came to a page, which a host translated once more (with --nested)",
    perf: NONE,
  },
} as const satisfies Readonly<Record<string, CounterInfo>>;
