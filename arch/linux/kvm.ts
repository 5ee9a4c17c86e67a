// What KVM does with second-stage entries (SPTEs) on each architecture: which of their flags the hardware keeps, which
// software bits KVM uses, and how written pages are logged. The bits themselves are in the second stage's own descriptor
// (arch/stage2), under the parameters that stand here.

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
  /** The second stage as KVM sets it up, also without its flags ("no-ad"), and the field of the right to write. */
  entry: z.strictObject({
    mode: z.record(z.string(), z.union([z.boolean(), z.int()])),
    withoutFlags: z.record(z.string(), z.union([z.boolean(), z.int()])),
    /** Parameters that have the host's own values. */
    asHost: z.array(z.string()),
    write: z.string(),
    ...fact,
  }),
  /**
   * Bits of KVM's own: that there is an entry, that the host lets write; and where a tracked entry's rights are kept where
   * the hardware has no accessed flag.
   */
  software: z.strictObject({
    present: z.int().min(0).max(63),
    hostWritable: z.int().min(0).max(63),
    savedRights: z.int().min(32).max(63),
    ...fact,
  }),
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
    entry: {
      mode: { ad: true },
      withoutFlags: { ad: false },
      asHost: [],
      write: "W",
      cite: "LINUX arch/x86/kvm/vmx/vmx.c construct_eptp; arch/x86/kvm/mmu/spte.c kvm_mmu_set_ept_masks",
      confidence: "knowledge",
    },
    software: {
      present: 11,
      hostWritable: 57,
      savedRights: 54,
      cite: "LINUX arch/x86/kvm/mmu/spte.h SPTE_MMU_PRESENT_MASK, EPT_SPTE_HOST_WRITABLE, SHADOW_ACC_TRACK_SAVED_BITS_SHIFT; KVM saves the rights to read and fetch alone, and gives that to write back by a fast fault",
      confidence: "knowledge",
    },
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
    entry: {
      mode: { ha: true, hd: false },
      withoutFlags: { ha: false },
      asHost: ["granule"],
      write: "S2W",
      cite: "LINUX arch/arm64/kvm/hyp/pgtable.c kvm_get_vtcr, stage2_set_prot_attr: KVM_PTE_LEAF_ATTR_LO_S2_S2AP_W",
      confidence: "knowledge",
    },
    software: {
      present: 0,
      hostWritable: 55,
      savedRights: 55,
      cite: "ARM D8.3.1, bits 58:55 are software's; LINUX arch/arm64/kvm keeps no such bits, and asks the host again: the model keeps one in KVM_PGTABLE_PROT_SW0",
      confidence: "knowledge",
    },
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
    entry: {
      mode: { sv: 48, svadu: true },
      withoutFlags: { svadu: false },
      asHost: [],
      write: "W",
      cite: "LINUX arch/riscv/kvm/mmu.c kvm_riscv_gstage_mode: Sv48x4 where the machine has it",
      confidence: "knowledge",
    },
    software: {
      present: 0,
      hostWritable: 8,
      savedRights: 59,
      cite: "PRIV Sv32, RSW: bits 9:8 are software's; LINUX arch/riscv/kvm keeps no such bits, and asks the host again: the model keeps one there",
      confidence: "knowledge",
    },
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
