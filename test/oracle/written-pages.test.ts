import { describe, expect, it } from "vitest";
import { WrittenPages } from "../../src/oracle/written-pages.js";
import { judge } from "../../src/study/judge.js";
import type { Collected } from "../../src/study/session.js";
import { TRACKERS } from "../../src/tracker/index.js";
import type { Tracker } from "../../src/tracker/types.js";

const collected = (written: WrittenPages, pages: Collected["pages"]): Collected => ({
  spent: { cycles: 0, waited: 0, by: {}, events: {} },
  pages,
  found: 0,
  verdict: written.judge(pages),
});

describe("the oracle of trackers", () => {
  it("tells pages missed by what changed them, and pages too many", () => {
    const written = new WrittenPages();
    written.write(3);
    written.write(4);
    written.change(4, 7, "discard");
    written.change(10, 11, "move");
    const { missed, extra, changed } = written.judge([
      [0, 4],
      [6, 7],
    ]);
    expect([...missed]).toEqual([
      ["write", [4]],
      ["discard", [5]],
      ["move", [10]],
    ]);
    expect([extra, changed]).toEqual([3, 5]);
    expect(written.judge([]).changed).toBe(0);
  });

  it("lets nobody lose a write, and a change only by a rule that is named", () => {
    const tracker = TRACKERS.get("soft-dirty") as Tracker;
    const lost = new WrittenPages();
    lost.write(8);
    expect(judge(tracker, [collected(lost, [])]).check).toEqual({
      id: "every page that changed is reported, or lost by a rule of the kernel",
      ok: false,
      first: "1 pages changed by write, page 8",
    });
    const gone = new WrittenPages();
    gone.change(8, 9, "discard");
    const { check, rules, falseNegatives } = judge(tracker, [collected(gone, [])]);
    expect([check.ok, falseNegatives, rules[0]]).toEqual([true, 1, tracker.blindTo?.discard]);
    const moved = new WrittenPages();
    moved.change(8, 9, "move");
    const { blindTo: _, ...seeing } = tracker;
    expect(judge(seeing, [collected(moved, [])]).check.ok).toBe(false);
  });
});

describe("what is written while a collection is in progress", () => {
  it("may be told by that collection: what is copied behind it has it", () => {
    const written = new WrittenPages();
    written.writeDuring(5);
    expect(written.judge([[5, 6]])).toMatchObject({ extra: 0, changed: 0 });
    // The store may have come behind the look at its page, which then tells it once more.
    expect(written.judge([[5, 6]]).extra).toBe(0);
    expect(written.judge([[5, 6]]).extra).toBe(1);
  });

  it("must be told by the next one, if not by that", () => {
    const written = new WrittenPages();
    written.writeDuring(5);
    written.write(6);
    written.writeDuring(6);
    expect(written.judge([[6, 7]])).toMatchObject({ extra: 0, missed: new Map() });
    expect(written.count).toBe(1);
    expect([...written.judge([]).missed]).toEqual([["race", [5]]]);
    expect([...written.judge([]).missed]).toEqual([]);
  });

  it("is a plain write again where the page is written later on", () => {
    const written = new WrittenPages();
    written.writeDuring(5);
    written.judge([]);
    written.write(5);
    expect([...written.judge([]).missed]).toEqual([["write", [5]]]);
  });

  it("is excused where reading and clearing are two calls, and nowhere else", () => {
    const lost = (name: string) => {
      const written = new WrittenPages();
      written.writeDuring(5);
      const first = collected(written, []);
      return judge(TRACKERS.get(name) as Tracker, [first, collected(written, [])]).check.ok;
    };
    const excused = [...TRACKERS.keys()].filter(lost);
    expect(excused).toEqual(["none", "soft-dirty", "soft-dirty-scan", "uffd-async-sd"]);
  });
});
