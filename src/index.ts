// The public surface: everything the command line does, without the command line.
// The core speaks in the numbers of these enums.

export type { CpuProfile } from "../arch/cpu-schema.js";
export { CPUS } from "../arch/cpus/index.js";
export { ARCHITECTURES } from "../arch/index.js";
export type { Descriptor } from "../arch/schema.js";
export { STAGE2S } from "../arch/stage2/index.js";
export { Counter } from "../assembly/abi/counters.js";
export { EventKind } from "../assembly/abi/event.js";
export { Access, FaultKind, Stop } from "../assembly/abi/stop.js";
export { Core, type StopBlock, type WalkStep } from "./core/core.js";
export { compileCore } from "./core/instantiate.js";
export { compileCoreFor } from "./core/made-for.js";
export { ERROR_CATALOGUE, type ErrorCode, MmulateError } from "./errors.js";
export { compileLayout } from "./layout/compile.js";
export type { CompiledLayout } from "./layout/compiled.js";
export { type CompiledCpu, compileCpu } from "./layout/cpu.js";
export type { InvalidationOperands } from "./layout/invalidation.js";
export { type CompiledDemand, compilePagePolicy } from "./layout/page-policy.js";
export {
  type CompiledStage2,
  compileStage2,
  type Stage2Options,
  stage2Code,
} from "./layout/stage2.js";
export { toJson } from "./report/json.js";
export { toTable } from "./report/table.js";
export type { Cell, TraceInput } from "./runner/cell.js";
export { type CoreModule, loadCoreModule } from "./runner/module-files.js";
export { planRun, type RunRequest } from "./runner/plan.js";
export { type CellOutcome, runCell } from "./runner/run-cell.js";
export { type RunEnd, type RunOptions, runCells, settleCells } from "./runner/run-cells.js";
export { COUNTER_LIST, type CounterInfo } from "./stats/counters.js";
export type { CellResult, Report } from "./stats/report.js";
export type { VerifyResult } from "./stats/verify-result.js";
export type { WalkExplanation } from "./stats/walk-explanation.js";
export { type EventBatch, readTrace, TRACE_FORMATS, type TraceOptions } from "./trace/index.js";
export { explainVector } from "./verify/explain.js";
export { findVector } from "./verify/find-vector.js";
export { verifyFiles } from "./verify/verify-files.js";
export { parseWorkload, WORKLOADS, type WorkloadInput } from "./workload/index.js";
