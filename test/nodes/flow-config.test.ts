import { deepEqual, equal } from "node:assert/strict";
import type { NodeAPI } from "node-red";
import { flowsOf } from "../../nodes/flow-config.ts";

const FLOWS = [
  { id: "tab", type: "tab" },
  { id: "here", type: "vigil-site" },
  { id: "a", type: "detect", z: "tab", site: "here" },
  { id: "my-detect-2", type: "detect", z: "tab", site: "here" },
  { id: "disabled", type: "detect", z: "tab", site: "here", d: true },
  { id: "elsewhere", type: "detect", z: "tab", site: "there" },
  { id: "other-type", type: "dedupe", z: "tab", site: "here" },
  { id: "sub", type: "subflow" },
  { id: "in-sub", type: "detect", z: "sub", site: "here" },
  { id: "by-env", type: "detect", z: "sub", site: "\u0024{SITE}" },
  { id: "instance", type: "subflow:sub", z: "tab" },
  { id: "outer", type: "subflow" },
  { id: "nested", type: "subflow:sub", z: "outer" },
  { id: "outer-instance", type: "subflow:outer", z: "tab" },
];

describe("flowsOf", () => {
  const RED = { nodes: { eachNode: (callback: (node: object) => void) => FLOWS.forEach(callback) } };
  const flows = flowsOf(RED as unknown as NodeAPI, "here");

  const cases: [id: string, has: boolean, what: string][] = [
    ["a", true, "a node"],
    ["my-detect-2", true, "a node with hyphens in its id"],
    ["disabled", true, "a disabled node"],
    ["gone", false, "a deleted node"],
    ["my-detect", false, "a deleted node whose id another one's begins with"],
    ["elsewhere", false, "a node that has moved to another site"],
    ["instance-in-sub", true, "a node in an instance of a subflow"],
    ["instance-by-env", true, "one whose site the instance names"],
    ["instance-gone", false, "a node deleted from a subflow"],
    ["gone-in-sub", false, "a node in a deleted instance of a subflow"],
    ["a-in-sub", false, "a node in what is no instance"],
    ["outer-instance-nested-in-sub", true, "a node in a subflow within a subflow"],
    ["outer-instance-gone-in-sub", false, "a node in an instance deleted from a subflow"],
  ];
  for (const [id, has, what] of cases) {
    it(`${has ? "has" : "does not have"} ${what}`, () => {
      equal(flows.has(id), has);
    });
  }

  it("has a node whose site is in the same instance of a subflow", () => {
    equal(flowsOf(RED as unknown as NodeAPI, "instance-here").has("instance-in-sub"), true);
  });

  it("lists the nodes of a type on this site, but those in subflows", () => {
    deepEqual(flows.ofType("detect"), ["a", "my-detect-2", "disabled"]);
  });
});
