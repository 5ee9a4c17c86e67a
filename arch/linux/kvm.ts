// What KVM does with second-stage entries (SPTEs) on each architecture: which of their flags the hardware keeps, and
// how written pages are logged. The bits themselves are in the second stage's own descriptor.

import { z } from "zod";
import { freeze } from "../define.js";
import { citeSchema, confidenceSchema } from "../schema.js";

const fact = { cite: citeSchema, confidence: confidenceSchema };

const secondStageSchema = z.strictObject({
  architecture: z.string(),
  /** The hardware sets the accessed flag of SPTEs; else old ones are made absent until their next use. */
  accessedByHardware: z.strictObject({ value: z.boolean(), ...fact }),
  /** The hardware sets a dirty flag of writable SPTEs; else writable means dirty. */
  dirtyByHardware: z.strictObject({ value: z.boolean(), ...fact }),
  /** Entries of the buffer into which the hardware logs pages that become dirty; 0 = there is none. */
  logBuffer: z.strictObject({ value: z.int().min(0), ...fact }),
  /** Under dirty logging a read may map a page writable, which then counts as written. */
  readsMapWritableWhileLogging: z.strictObject({ value: z.boolean(), ...fact }),
});

/** What KVM relies on, on one architecture. */
export type SecondStage = z.infer<typeof secondStageSchema>;

const knowledge = (value: boolean, cite: string) => ({
  value,
  cite,
  confidence: "knowledge" as const,
});

const ROWS: readonly z.input<typeof secondStageSchema>[] = [
  {
    architecture: "x86-64",
    accessedByHardware: knowledge(
      true,
      "SDM 3C, EPT: accessed and dirty flags, EPTP bit 6; LINUX arch/x86/kvm/vmx/vmx.c enable_ept_ad_bits",
    ),
    dirtyByHardware: knowledge(true, "SDM 3C, EPT: accessed and dirty flags, EPTP bit 6"),
    logBuffer: {
      value: 512,
      cite: "SDM 3C, page-modification logging: the log has 512 entries; LINUX arch/x86/kvm/vmx/vmx.h PML_LOG_NR_ENTRIES",
      confidence: "knowledge",
    },
    readsMapWritableWhileLogging: knowledge(
      true,
      "LINUX 7.0 arch/x86/kvm/mmu/spte.c make_spte: a writable SPTE is marked dirty in the slot at once",
    ),
  },
  {
    architecture: "arm64",
    accessedByHardware: knowledge(
      true,
      "ARM D8.5.1; LINUX arch/arm64/kvm/hyp/pgtable.c kvm_get_vtcr: VTCR_EL2.HA with FEAT_HAFDBS",
    ),
    dirtyByHardware: knowledge(
      false,
      "LINUX arch/arm64/kvm/hyp/pgtable.c: stage 2 does not use DBM; the right to write is granted by a fault",
    ),
    logBuffer: { value: 0, cite: "LINUX arch/arm64/kvm: none", confidence: "knowledge" },
    readsMapWritableWhileLogging: knowledge(
      false,
      "LINUX 7.0 arch/arm64/kvm/mmu.c user_mem_abort: logging_active && !write_fault",
    ),
  },
  {
    architecture: "riscv64",
    accessedByHardware: knowledge(
      true,
      "LINUX arch/riscv/kvm/mmu.c kvm_age_gfn: ptep_test_and_clear_young of G-stage entries",
    ),
    dirtyByHardware: knowledge(
      false,
      "LINUX arch/riscv/kvm/mmu.c kvm_riscv_gstage_map: entries are made dirty when they are made writable",
    ),
    logBuffer: { value: 0, cite: "LINUX arch/riscv/kvm: none", confidence: "knowledge" },
    readsMapWritableWhileLogging: knowledge(
      false,
      "LINUX arch/riscv/kvm/mmu.c kvm_riscv_gstage_map: logging && !is_write",
    ),
  },
];

/** Second stages as KVM uses them, by architecture. */
export const SECOND_STAGES: ReadonlyMap<string, SecondStage> = new Map(
  ROWS.map((row) => [row.architecture, freeze(secondStageSchema.parse(row))]),
);
