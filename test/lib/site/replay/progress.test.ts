import { deepEqual } from "node:assert/strict";
import { ProgressLine } from "../../../../lib/site/replay/progress.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

describe("ProgressLine", () => {
  const show = (isTTY: boolean) => {
    const written: string[] = [];
    const clock = new FakeClock();
    const line = new ProgressLine({ isTTY, write: (text) => written.push(text) }, clock);
    for (const done of [0, 1, 2, 3]) {
      line.show(done, 4);
      clock.advance(50_000);
    }
    line.clear();
    return written;
  };

  it("says how far it has got and how long it will take yet, in one line", () => {
    const start = "\r\x1b[K";
    deepEqual(show(true), [
      `${start}0 of 4, 0 %`,
      `${start}1 of 4, 25 %, 3 min left`,
      `${start}2 of 4, 50 %, 2 min left`,
      `${start}3 of 4, 75 %, 50 s left`,
      start,
    ]);
  });

  it("says nothing where there is no terminal", () => deepEqual(show(false), []));
});
