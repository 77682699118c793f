import { equal, throws } from "node:assert/strict";
import { guarded } from "../../../lib/store/guarded.ts";

describe("guarded", () => {
  class Counters {
    #count = 0;

    add(a: number, b = 1): number {
      this.#count += a + b;
      return this.#count;
    }

    fail(): never {
      throw new Error("cannot count");
    }
  }

  const guard = () => guarded(new Counters(), (thrown) => new Error("explained", { cause: thrown }));

  it("does what the repository does", () => {
    const counters = guard();
    equal(counters.add(2), 3);
    equal(counters.add(2, 2), 7);
  });

  it("explains what a method throws", () => {
    throws(() => guard().fail(), { message: "explained", cause: new Error("cannot count") });
  });

  it("makes a method once, not at each call", () => {
    const counters = guard();
    equal(counters.add, counters.add);
  });
});
