// The G-stage of riscv64 (RISC-V Privileged Architecture, chapter "Hypervisor Extension"): Sv39x4, Sv48x4, Sv57x4.
//
// Entries are those of the first stage, bit for bit, and are read by the same algorithm; what differs stands here:
//
//   root     two more index bits: 2,048 entries in 16 KiB, aligned to as much     41, 50, 59 bits of guest-physical address
//   U        every access counts as a user's, so a leaf without it grants nothing
//   G        ignored
//   faults   guest-page faults of the access that the guest made, also where a table of its own was walked; the guest-physical
//            address, shifted right by 2, is in htval
//
// What htinst tells of an implicit access (a pseudoinstruction) is left out.

import { define } from "../define.js";
import { oneRoot } from "../one-root.js";
import { riscv64 } from "../riscv64.js";
import { RIGHTS } from "../schema.js";
import { sharedParameter } from "./shared-rows.js";

const manual = "manual" as const;
const {
  parameters: { sum: _sum, ...parameters },
  global: _global,
  permissions: { rows: rights },
  ...same
} = riscv64;

/** What an entry grants a user, it grants anyone. */
const USERS_RIGHTS = rights
  .filter(({ when }) => !when.includes("U"))
  .map((row) =>
    row.when.includes("!U")
      ? {
          ...row,
          remove: [...RIGHTS],
          cite: "PRIV Two-Stage Address Translation, Guest Physical Address Translation: all memory accesses are considered to be user-level accesses",
        }
      : row,
  );

export const gStage = define({
  ...same,
  name: "riscv64-gstage",
  title: "the G-stage of riscv64, Sv39x4, Sv48x4 and Sv57x4",
  parameters: {
    ...parameters,
    sv: sharedParameter(riscv64, "sv", {
      means: "hgatp.MODE: Sv39x4, Sv48x4 or Sv57x4, with 2 bits more of a guest-physical address",
      cite: "PRIV Hypervisor Guest Address Translation and Protection (hgatp) Register",
    }),
  },
  typical: {
    ...same.typical,
    cite: "LINUX arch/riscv/kvm/gstage.c: the largest mode that the machine has",
    confidence: "knowledge",
  },
  addressSpace: {
    ...oneRoot("hgatp"),
    cite: "PRIV Guest Physical Address Translation: address bits above the 41, 50 or 59 must all be zeros, or else a guest-page-fault exception occurs",
    confidence: manual,
  },
  geometry: [
    { when: ["sv=39"], indexBits: [9, 9, 11], vaBits: 41 },
    { when: ["sv=48"], indexBits: [9, 9, 9, 11], vaBits: 50 },
    { when: ["sv=57"], indexBits: [9, 9, 9, 9, 11], vaBits: 59 },
  ].map((row) => ({
    ...row,
    pageShift: 12,
    cite: "PRIV Guest Physical Address Translation: the root table is larger by a factor of four, 16 KiB, and aligned to as much",
    confidence: manual,
  })),
  permissions: { ...riscv64.permissions, rows: USERS_RIGHTS },
  invalidations: [
    {
      name: "HFENCE.GVMA",
      addresses: "all",
      context: "any",
      guest: "any",
      global: true,
      tables: "context",
      broadcast: false,
      secondStage: "all",
      cite: "PRIV Hypervisor Memory-Management Fence Instructions: rs1=x0 and rs2=x0",
    },
    {
      name: "HFENCE.GVMA VMID",
      addresses: "all",
      context: "any",
      guest: "given",
      global: true,
      tables: "context",
      broadcast: false,
      secondStage: "all",
      cite: "PRIV Hypervisor Memory-Management Fence Instructions: rs2≠x0, the VMID; with an address in rs1 it may do the same, for what is cached of both stages has no guest-physical address",
    },
    {
      name: "HFENCE.VVMA",
      addresses: "all",
      context: "any",
      global: true,
      tables: "context",
      broadcast: false,
      cite: "PRIV Hypervisor Memory-Management Fence Instructions: VS-stage of the VMID in hgatp, rs1=x0 and rs2=x0",
    },
    {
      name: "HFENCE.VVMA address ASID",
      addresses: "one",
      context: "given",
      global: false,
      tables: "none",
      broadcast: false,
      cite: "PRIV Hypervisor Memory-Management Fence Instructions: VS-stage, as SFENCE.VMA with rs1≠x0 and rs2≠x0",
    },
  ],
  secondStage: {
    tablesWritten: null,
    rightsAt: null,
    tellsGuestAccess: true,
    pageSets: 0,
    tableSets: 0,
    cite: "PRIV Guest Physical Address Translation: accesses to VS-stage tables need what an implicit load or store needs, and any exception is reported for the original access type",
    confidence: manual,
  },
  faults: {
    ...same.faults,
    report: Object.fromEntries(
      Object.entries(same.faults.report).map(([fault, row]) => [
        fault,
        { ...row, kind: "guest-page-fault" },
      ]),
    ) as typeof same.faults.report,
    rows: [
      { when: ["access=fetch"], set: 20 },
      { when: ["access=read"], set: 21 },
      { when: ["access=write"], set: 23 },
    ].map((row) => ({
      ...row,
      cite: "PRIV Hypervisor Extension, trap cause codes: 20, 21 and 23, instruction, load and store/AMO guest-page fault",
      confidence: manual,
    })),
  },
  steps: {
    ...same.steps,
    range: "PRIV Guest Physical Address Translation",
    root: "PRIV Hypervisor Guest Address Translation and Protection (hgatp) Register",
    permission: "PRIV Guest Physical Address Translation",
    fault: "PRIV Hypervisor Extension, trap cause codes; htval",
  },
});
