// Every counter of the core, one a line. Unit, meaning and matching perf event of each stand in
// `src/stats/counters.ts`, which must name them all (the compiler checks it).

export enum Counter {
  Reads,
  Writes,
  Fetches,
  Instructions,

  DataL1Hit,
  DataL1LargeHit,
  DataL1Miss,
  FetchL1Hit,
  FetchL1LargeHit,
  FetchL1Miss,
  L2Hit,
  L2LargeHit,
  L2Miss,

  Walks,
  WalkLoadsLevel0,
  WalkLoadsLevel1,
  WalkLoadsLevel2,
  WalkLoadsLevel3,
  WalkLoadsLevel4,
  WalkLoadsLevel5,
  WalkCacheHitLevel1,
  WalkCacheHitLevel2,
  WalkCacheHitLevel3,
  WalkCacheHitLevel4,
  WalkCacheHitLevel5,

  /** Loads of walks by the cache that had the line, from the nearest; `Memory`: none had it. */
  WalkFromCache1,
  WalkFromCache2,
  WalkFromCache3,
  WalkFromCache4,
  WalkFromMemory,
  /** Likewise of reads and writes. */
  DataFromCache1,
  DataFromCache2,
  DataFromCache3,
  DataFromCache4,
  DataFromMemory,
  /** Likewise of host entries, where the machine is a guest. */
  NestedFromCache1,
  NestedFromCache2,
  NestedFromCache3,
  NestedFromCache4,
  NestedFromMemory,
  NestedPages,

  SecondStageWalks,
  SecondStageLoads,
  SecondStagePageHits,
  SecondStageTableHits,
  SecondStageFaults,

  AccessedSet,
  DirtySet,
  DirtyAssist,

  FaultOutOfRange,
  FaultNotPresent,
  FaultReserved,
  FaultAddressSize,
  FaultAccessFlag,
  FaultPermission,
  FaultKey,
  FaultDirty,

  DemandTables,
  DemandMappings,
  DemandEntries,

  Invalidations,
  InvalidatedEntries,

  AddressSum,
}
export const COUNTERS = 63;
