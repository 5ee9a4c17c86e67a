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
export const COUNTERS = 42;
