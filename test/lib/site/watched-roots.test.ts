import assert from "node:assert/strict";
import { WatchedRoots } from "../../../lib/site/watched-roots.ts";

describe("WatchedRoots", () => {
  const overlapping: [string, string][] = [
    ["/cameras", "/cameras"],
    ["/cameras", "/cameras/front"],
    ["/cameras/front", "/cameras"],
    ["/", "/cameras"],
  ];
  for (const [one, other] of overlapping) {
    it(`refuses ${other} beside ${one}, until that is given back`, () => {
      const roots = new WatchedRoots();
      const release = roots.claim(one);
      assert.throws(() => roots.claim(other), { code: "ROOTS_OVERLAP" });
      release();
      roots.claim(other);
    });
  }

  it("takes neighbours, also those whose names begin alike", () => {
    const roots = new WatchedRoots();
    for (const root of ["/cameras", "/cameras2", "/cam", "/..cameras"]) roots.claim(root);
  });
});
