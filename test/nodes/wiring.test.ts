import { deepEqual } from "node:assert/strict";
import type { Node, NodeAPI } from "node-red";
import { Wiring } from "../../nodes/wiring.ts";
import packageJson from "../../package.json" with { type: "json" };

/** Nodes that take no records from others. */
const SOURCES = ["vigil-site", "vigil-home-assistant", "foscam-watch", "gpu-monitor", "retention"];

/** What a `detect` is wired to, and what stands behind that. */
const CASES: [what: string, leadsOn: boolean, behind: object[]][] = [
  ["nothing", false, []],
  ["a node that is not there", true, [{ id: "next", type: "unknown", wires: [["gone"]] }]],
  ["users' own nodes only", false, [{ id: "next", type: "debug" }]],
  ...Object.keys(packageJson["node-red"].nodes)
    .filter((type) => !SOURCES.includes(type))
    .map((type): [string, boolean, object[]] => [`\`${type}\``, true, [{ id: "next", type }]]),
  ["a disabled Vigil node", true, [{ id: "next", type: "batch-window", d: true }]],
  [
    "a Vigil node behind others, in a circle",
    true,
    [
      { id: "next", type: "delay", wires: [["far"]] },
      { id: "far", type: "switch", wires: [["next"], ["last"]] },
      { id: "last", type: "dedupe" },
    ],
  ],
  [
    "a link to a Vigil node",
    true,
    [
      { id: "next", type: "link out", mode: "link", links: ["in"] },
      { id: "in", type: "link in", wires: [["last"]] },
      { id: "last", type: "risk-alert" },
    ],
  ],
  ["the end of what a link call calls", true, [{ id: "next", type: "link out", mode: "return" }]],
  ["a link call", true, [{ id: "next", type: "link call" }]],
  ["a subflow", true, [{ id: "next", type: "subflow:x" }]],
];

describe("Wiring", () => {
  for (const [what, leadsOn, behind] of CASES) {
    it(`${leadsOn ? "leads" : "does not lead"} on to ${what}`, () => {
      const detect = { id: "detect", type: "detect", wires: [behind.length > 0 ? ["next"] : [], []] };
      const eachNode = (callback: (node: object) => void) => [detect, ...behind].forEach(callback);
      const wiring = new Wiring({ nodes: { eachNode } } as unknown as NodeAPI, { id: "detect" } as unknown as Node);
      wiring.read();
      deepEqual([wiring.leadsOn(0), wiring.leadsOn(1)], [leadsOn, false]);
    });
  }
});
