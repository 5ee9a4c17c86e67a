// "meanwhile STEP N OPERATION": what another CPU does when the next operation passes a step for the N-th time
// (src/kernel/steps.ts). Who needs a lock of that operation waits for its end; so does who is told to come at a step that
// the operation does not pass so often.

import { MmulateError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Mm } from "../kernel/mm.js";
import { type Step, Waits } from "../kernel/steps.js";
import type { Observation } from "../stats/observation.js";
import type { Operation } from "./script.js";

/** Who plays operations (player.ts). */
interface Playing<Trouble> {
  readonly kernel: Kernel;
  acting: Mm | null;
  readonly watch: { between<T>(play: () => T): T } | null;
  takeTrouble(): Trouble;
  addTrouble(trouble: Trouble): void;
}

/** What is to come, and where it is shown: in the line of `meanwhile`, once it has been done. */
interface Expected {
  readonly operation: Operation;
  readonly play: () => Observation;
  readonly shown: Observation;
}

/** Operations that come in the middle of others, in one run. */
export class Meanwhile {
  private expected: Expected | null = null;
  /** It had to wait. */
  private waits = false;

  /**
   * The next operation is to be interrupted.
   * @throws MmulateError INPUT where another interruption waits for it already
   */
  expect(operation: Operation, play: () => Observation): Observation {
    if (this.expected !== null) {
      throw new MmulateError("INPUT", `${operation.where}: one "meanwhile" at a time`);
    }
    const shown: Observation = { op: operation.text, errno: 0, minflt: 0 };
    this.expected = { operation, play, shown };
    return shown;
  }

  /** That operation begins. */
  arm<Trouble>(player: Playing<Trouble>): void {
    const { expected } = this;
    if (expected === null) return;
    const [step = "", times = ""] = expected.operation.words;
    player.kernel.steps.arm(step as Step, Number(times), () => this.interrupt(player, expected));
  }

  /** On a CPU of its own, between two steps of another one. */
  private interrupt<Trouble>(player: Playing<Trouble>, { operation, play, shown }: Expected): void {
    const { kernel, acting, watch } = player;
    const { current } = kernel.cpus;
    if (operation.inner?.cpu === current) {
      throw new MmulateError("INPUT", `${operation.where}: CPU ${current} is in the middle of it`);
    }
    const trouble = player.takeTrouble();
    try {
      const seen = watch === null ? play() : watch.between(play);
      Object.assign(shown, seen, { op: operation.text });
    } catch (error) {
      if (!(error instanceof Waits)) throw error;
      this.waits = true;
    } finally {
      player.acting = acting;
      player.addTrouble(trouble);
      kernel.cpus.moveTo(current);
    }
  }

  /** The interrupted operation is over: who had to wait comes now. */
  finish({ kernel }: Playing<unknown>): void {
    const { expected, waits } = this;
    if (expected === null) return;
    this.expected = null;
    this.waits = false;
    const { operation, play, shown } = expected;
    if (!kernel.steps.disarm() && !waits) return;
    Object.assign(shown, play(), { op: operation.text, waited: true });
  }
}
