// page-costs: what a page costs in each phase of a program that measures just this on real machines: private
// memory touched in address order, page by page, under each way of watching writes.

import { fork } from "../../kernel/fork.js";
import type { Mm } from "../../kernel/mm.js";
import { exitMm, mmap, munmap } from "../../kernel/mmap.js";
import { mprotect } from "../../kernel/mprotect.js";
import { readPagemap } from "../../kernel/pagemap.js";
import { PAGE_IS_WRITTEN } from "../../kernel/pagemap-categories.js";
import { pagemapScan } from "../../kernel/pagemap-scan.js";
import { uffdRegister, uffdWriteProtect } from "../../kernel/userfaultfd.js";
import { VM_READ, VM_WRITE } from "../../kernel/vm-flags.js";
import type { Process } from "../../scenario/player.js";
import type { Values } from "../types.js";
import type { KernelRun, KernelWorkload } from "./types.js";

const PARAMETERS = {
  pages: { means: "pages that are touched", default: 16384, min: 1, max: 2 ** 20 },
} as const;
type Names = keyof typeof PARAMETERS;

/** One mapping after the other, and what is done to it. */
class Phases {
  readonly figures: Record<string, number> = {};
  private readonly process: Process;
  private start = 0;

  constructor(
    private readonly run: KernelRun,
    private readonly pages: number,
  ) {
    this.process = run.player.processNamed("P");
    this.process.onSegv = "unprotect";
  }

  private get kernel() {
    return this.run.player.kernel;
  }

  private get mm(): Mm {
    return this.process.mm;
  }

  private get end(): number {
    return this.start + this.pages;
  }

  private time(name: string, work: () => void): void {
    this.figures[name] = this.run.watch.time(work) / this.pages;
  }

  private map(): void {
    const { kernel, mm, pages } = this;
    if (this.start !== 0) munmap(kernel, mm, this.start, this.end);
    this.start = this.run.player.nextPlace(true);
    const access = VM_READ | VM_WRITE;
    mmap(kernel, mm, { start: this.start, pages, access, shared: false });
  }

  private readonly touch = (): void => {
    for (let page = this.start; page < this.end; page++) {
      this.run.player.touch(this.process, page, 1);
    }
  };

  private scan(): void {
    const { kernel, mm, start, end } = this;
    const request = { start, end, categories: PAGE_IS_WRITTEN, protect: true, check: true };
    pagemapScan(kernel, mm, request);
  }

  firstAndMprotect(): void {
    this.map();
    this.time("first_touch", this.touch);
    this.time("warm_touch", this.touch);
    this.time("mprotect_arm", () => {
      mprotect(this.kernel, this.mm, this.start, this.end, VM_READ);
    });
    this.time("mprotect_segv", this.touch);
  }

  sync(): void {
    this.map();
    this.touch();
    const { kernel, mm, start, end } = this;
    uffdRegister(kernel, mm, start, end, { async: false, unpopulated: false });
    this.time("uffd_sync_arm", () => {
      uffdWriteProtect(kernel, mm, start, end, "on");
    });
    this.time("uffd_sync_fault", this.touch);
  }

  async(): void {
    this.map();
    this.touch();
    const { kernel, mm, start, end } = this;
    uffdRegister(kernel, mm, start, end, { async: true, unpopulated: true });
    this.time("uffd_async_arm", () => this.scan());
    this.time("uffd_async_fault", this.touch);
    this.time("scan_all_written_wp", () => this.scan());
    this.time("scan_none", () => this.scan());
    this.time("pagemap_read", () => {
      readPagemap(kernel, mm, start, end);
    });
  }

  forks(): void {
    this.map();
    this.touch();
    const child = { mm: null as Mm | null };
    const forked = (): void => {
      const result = fork(this.kernel, this.mm);
      child.mm = "child" in result ? result.child : null;
    };
    const ended = (): void => {
      if (child.mm !== null) exitMm(this.kernel, child.mm);
    };
    this.time("fork", forked);
    this.time("cow_copy", this.touch);
    ended();
    forked();
    ended();
    this.time("wp_reuse", this.touch);
  }

  zeroPages(): void {
    this.map();
    this.time("zero_page_read", () => {
      for (let page = this.start; page < this.end; page++) {
        this.run.player.touch(this.process, page);
      }
    });
    this.time("munmap_zero", () => {
      munmap(this.kernel, this.mm, this.start, this.end);
    });
  }
}

function run(on: KernelRun, { pages }: Values<Names>): Record<string, number> {
  const phases = new Phases(on, pages);
  phases.firstAndMprotect();
  phases.sync();
  phases.async();
  phases.forks();
  phases.zeroPages();
  return phases.figures;
}

export const pageCosts: KernelWorkload<Names> = {
  summary: "what a page costs under each way of watching writes, in address order",
  parameters: PARAMETERS,
  tracks: false,
  fault: () => null,
  run,
};
