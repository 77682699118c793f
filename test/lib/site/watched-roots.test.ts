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
      const [owner, another] = [{}, {}];
      roots.claim(owner, one);
      assert.throws(() => roots.claim(another, other), { code: "ROOTS_OVERLAP" });
      roots.release(owner);
      roots.claim(another, other);
    });
  }

  it("takes neighbours, also those whose names begin alike", () => {
    const roots = new WatchedRoots();
    for (const root of ["/cameras", "/cameras2", "/cam", "/..cameras"]) roots.claim({}, root);
  });

  it("lets one watch have several names of its folder, and gives all of them back", () => {
    const roots = new WatchedRoots();
    const owner = {};
    for (const root of ["/link", "/cameras", "/cameras"]) roots.claim(owner, root);
    assert.throws(() => roots.claim({}, "/cameras/front"), { code: "ROOTS_OVERLAP" });
    roots.release(owner);
    roots.claim({}, "/cameras/front");
  });
});
