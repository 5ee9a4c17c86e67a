// PageAnonExclusive in a bit of its own in the entry, on every architecture that has one left; s390x has none.
// Swap entries hold the flag already, everywhere.

import type { ProposalInput } from "../bits-schema.js";

const exclusive = (
  architecture: string,
  base: string,
  present: number,
  cite: string,
): ProposalInput => ({
  name: `${architecture}-exclusive-${present}`,
  title: `PageAnonExclusive in bit ${present}`,
  architecture,
  purpose: "exclusive",
  sources: { LINUX: "Linux kernel source, version as cited" },
  base,
  present,
  cite,
  confidence: "knowledge",
});

export const ownBitExclusive: readonly ProposalInput[] = [
  exclusive(
    "x86-64",
    "x86-64-7.0",
    57,
    "LINUX 6.17 asm/pgtable_types.h: SOFTW4 is free (DEVMAP gone)",
  ),
  exclusive(
    "arm64",
    "arm64-7.0",
    57,
    "LINUX 6.17 asm/pgtable-prot.h: bit 57 is free (DEVMAP gone)",
  ),
  exclusive(
    "arm64",
    "arm64-7.0",
    63,
    "LINUX 7.0 asm/pgtable-hwdef.h: bit 63 is among PTE_SWBITS_MASK",
  ),
  exclusive(
    "riscv64",
    "riscv64-7.0",
    9,
    "LINUX 6.17 asm/pgtable-bits.h: RSW1 is free (DEVMAP gone)",
  ),
  exclusive(
    "ppc64",
    "ppc64-7.0",
    11,
    "LINUX 6.17 asm/book3s/64/pgtable.h: SW1 is free on radix (DEVMAP gone)",
  ),
  exclusive(
    "loongarch64",
    "loongarch64-7.0",
    59,
    "LINUX 7.0 asm/pgtable-bits.h: bits 59:48 are unused",
  ),
];
