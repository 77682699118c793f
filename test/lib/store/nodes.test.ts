import { deepEqual, equal } from "node:assert/strict";
import type { Flows } from "../../../lib/store/nodes.ts";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, detectedOf, openStore, removeStores, rows, uploadOf } from "./support.ts";

const NOW = Date.parse(AT);
const NOTHING = { queued: 0, dead: 0, open: 0, batches: 0 };

/** Flows with these nodes; those in a subflow's instance are there, and nobody lists them. */
function flowsWith(nodes: Readonly<Record<string, string>>, inSubflows: readonly string[] = []): Flows {
  return {
    has: (id) => id in nodes || inSubflows.includes(id),
    ofType: (type) => Object.keys(nodes).filter((id) => nodes[id] === type),
  };
}

describe("Nodes", () => {
  let folder: string;
  let store: Store;
  let minutes: number;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
    minutes = 0;
  });

  afterEach(removeStores);

  /** A deploy: starts the nodes that run; the answer is their identities. */
  const deploy = (
    nodes: Readonly<Record<string, string>>,
    { disabled = [], subflow = {} }: { disabled?: readonly string[]; subflow?: Readonly<Record<string, string>> } = {},
  ): Record<string, string> => {
    const flows = flowsWith(nodes, Object.keys(subflow));
    minutes += 1;
    const running = Object.entries({ ...nodes, ...subflow }).filter(([id]) => !disabled.includes(id));
    return Object.fromEntries(
      running.map(([id, type]) => [
        id,
        store.transaction((tables) => tables.nodes.enter(id, type, flows, NOW + minutes * 60_000)),
      ]),
    );
  };

  const queue = (nodeId: string, key = "1") =>
    store.transaction(({ jobs }) =>
      jobs.queue(
        { nodeId, stage: "detect", key, subjectId: null, cameraId: "front_door", priority: 0, now: NOW },
        "{}",
      ),
    );

  describe("the name by which the store knows a node", () => {
    it("is its id at first, and stays", () => {
      const ids = { a: "detect", b: "detect", c: "dedupe" };
      deepEqual(deploy(ids), { a: "a", b: "b", c: "c" });
      deepEqual(deploy(ids), { a: "a", b: "b", c: "c" });
    });

    it("is that of the deleted node for the one imported in the same deploy", () => {
      deploy({ a: "detect", z: "dedupe" });
      deepEqual(deploy({ new: "detect", z: "dedupe" }), { new: "a", z: "z" });
      deepEqual(deploy({ new: "detect", z: "dedupe" }), { new: "a", z: "z" });
    });

    it("is that of the deleted node for the one imported some deploys later", () => {
      deploy({ a: "detect" });
      deploy({});
      deepEqual(deploy({ new: "detect" }), { new: "a" });
    });

    it("goes on through any number of imports", () => {
      deploy({ a: "detect" });
      deploy({ b: "detect" });
      deepEqual(deploy({ c: "detect" }), { c: "a" });
    });

    it("is not that of a deleted node of another type", () => {
      deploy({ a: "detect" });
      deepEqual(deploy({ new: "dedupe" }), { new: "new" });
    });

    it("is not that of a node that is there, if only disabled", () => {
      deploy({ a: "detect" });
      deepEqual(deploy({ a: "detect", new: "detect" }, { disabled: ["a"] }), { new: "new" });
      deepEqual(deploy({ a: "detect", new: "detect" }), { a: "a", new: "new" });
    });

    it("is its own for each of two that are imported at once", () => {
      deploy({ a: "detect" });
      deepEqual(deploy({ new: "detect", newer: "detect" }), { new: "new", newer: "newer" });
      deepEqual(deploy({ newer: "detect", new: "detect" }), { new: "new", newer: "newer" });
    });

    it("is its own for each of two that are imported at once, one of them disabled", () => {
      deploy({ a: "detect" });
      deepEqual(deploy({ new: "detect", newer: "detect" }, { disabled: ["newer"] }), { new: "new" });
      deepEqual(deploy({ new: "detect", newer: "detect" }), { new: "new", newer: "newer" });
    });

    it("is that of the deleted node beside others that stayed", () => {
      deploy({ a: "detect", b: "detect" });
      deepEqual(deploy({ b: "detect", new: "detect" }), { b: "b", new: "a" });
    });

    it("is that of the node that ran last where two are gone", () => {
      deploy({ a: "detect", b: "detect" });
      deploy({ b: "detect" });
      deploy({});
      deepEqual(deploy({ new: "detect" }), { new: "b" });
    });

    it("is a node's old one when its deletion is undone", () => {
      deploy({ a: "detect" });
      deploy({});
      deepEqual(deploy({ a: "detect" }), { a: "a" });
    });

    it("is a node's old one when an import is undone in favour of it", () => {
      deploy({ a: "detect" });
      deploy({ new: "detect" });
      deepEqual(deploy({ a: "detect" }), { a: "a" });
    });

    it("is another one when a deletion is undone after an import, and the import stays", () => {
      deploy({ a: "detect" });
      deploy({ new: "detect" });
      deepEqual(deploy({ new: "detect", a: "detect" }), { new: "a", a: "a.2" });
      deepEqual(deploy({ a: "detect", new: "detect" }), { new: "a", a: "a.2" });
    });

    it("is not taken from a node that runs by one whose deletion is undone together with an import", () => {
      deploy({ a: "detect" });
      deploy({ new: "detect" });
      deepEqual(deploy({ a: "detect", newer: "detect", new: "detect" }), { a: "a.2", newer: "newer", new: "a" });
    });

    it("is its own for a node in a subflow, whose instance may be one of several", () => {
      deploy({ a: "detect" });
      deepEqual(deploy({}, { subflow: { "i-x": "detect", "j-x": "detect" } }), { "i-x": "i-x", "j-x": "j-x" });
      deepEqual(deploy({ new: "detect" }, { subflow: { "i-x": "detect", "j-x": "detect" } }), {
        new: "a",
        "i-x": "i-x",
        "j-x": "j-x",
      });
    });
  });

  describe("orphans", () => {
    it("are the nodes that are gone and have left something", () => {
      deploy({ a: "detect", b: "detect", c: "dedupe" });
      queue("a");
      queue("c");
      deepEqual(store.nodes.orphans(flowsWith({ c: "dedupe" })), [
        { identity: "a", type: "detect", ...NOTHING, queued: 1 },
      ]);
    });

    it("are no more when another node has gone on in their name", () => {
      deploy({ a: "detect" });
      queue("a");
      deploy({ new: "detect" });
      deepEqual(store.nodes.orphans(flowsWith({ new: "detect" })), []);
    });

    it("are counted with their dead letters, messages and batches", () => {
      deploy({ a: "batch-window" });
      const dead = queue("a") ?? 0;
      store.transaction((tables) => {
        tables.jobs.claim("a", "me");
        tables.jobs.dead(dead, "me", "X", "x", NOW);
        tables.handovers.send("a", 0, { kind: "batch", id: "ba_0" }, "{}", NOW);
      });
      openBatch("a", "ba_1");
      deepEqual(store.nodes.orphans(flowsWith({})), [
        { identity: "a", type: "batch-window", ...NOTHING, dead: 1, open: 1, batches: 1 },
      ]);
    });
  });

  const openBatch = (nodeId: string, batchId: string, cameraId = "front_door") =>
    store.transaction((tables) => {
      const detected = detectedOf(`in_${batchId}`, uploadOf(`up_${batchId}`));
      tables.uploads.adopt(detected.upload);
      tables.inspections.adopt(detected, AT);
      tables.batches.join(
        {
          batch_id: batchId,
          node_id: nodeId,
          camera_id: cameraId,
          lane: "live",
          started_at: AT,
          ended_at: AT,
          detection_count: 1,
          opened_ms: NOW,
          due_ms: NOW,
          msg: "{}",
        },
        detected,
      );
    });

  describe("moveWork", () => {
    const move = () => store.transaction((tables) => tables.nodes.moveWork("a", "b"));

    it("gives jobs, dead letters, messages and open batches to another node", () => {
      deploy({ a: "detect", b: "detect" });
      queue("a");
      const dead = queue("a", "2") ?? 0;
      const [air, left] = store.transaction((tables) => {
        tables.jobs.claim("a", "old");
        tables.jobs.dead(dead, "old", "X", "x", NOW);
        return [
          tables.handovers.send("a", 0, { kind: "batch", id: "ba_0" }, "{}", NOW),
          tables.handovers.send("a", 0, { kind: "batch", id: "ba_9" }, "{}", NOW, "unclaimed"),
        ];
      });
      openBatch("a", "ba_1");
      move();
      deepEqual([store.jobs.count("b", "queued"), store.jobs.count("b", "dead")], [1, 1]);
      deepEqual(store.handovers.toResend("b", NOW), [air]);
      deepEqual(
        store.handovers.listOpen("b", 10).map(({ handover_id }) => handover_id),
        [air, left],
      );
      deepEqual(
        store.batches.allOpen("b").map(({ batch_id }) => batch_id),
        ["ba_1"],
      );
      equal(store.batches.isMember("b", "in_ba_1"), true);
      deepEqual(store.nodes.orphans(flowsWith({ b: "detect" })), []);
    });

    it("leaves nothing of a job that the other node has as well", () => {
      deploy({ a: "detect", b: "detect" });
      queue("a", "1");
      queue("a", "2");
      queue("b", "1");
      move();
      deepEqual(rows(folder, "SELECT node_id, key FROM work ORDER BY key"), [
        { node_id: "b", key: "1" },
        { node_id: "b", key: "2" },
      ]);
    });

    it("takes the jobs from what still runs of the old node", () => {
      deploy({ a: "detect", b: "detect" });
      const job = queue("a") ?? 0;
      store.transaction((tables) => tables.jobs.claim("a", "old"));
      move();
      equal(
        store.transaction((tables) => tables.jobs.done(job, "old", NOW)),
        false,
      );
      deepEqual(rows(folder, "SELECT node_id, state FROM work"), [{ node_id: "b", state: "queued" }]);
    });

    it("leaves a batch, as an orphan's, while the other node has one open of the same camera", () => {
      deploy({ a: "batch-window", b: "batch-window" });
      openBatch("a", "ba_a");
      openBatch("a", "ba_yard", "yard");
      openBatch("b", "ba_b");
      move();
      const open = (nodeId: string) => store.batches.allOpen(nodeId).map(({ batch_id }) => batch_id);
      deepEqual([open("a"), open("b").toSorted()], [["ba_a"], ["ba_b", "ba_yard"]]);
      deepEqual(store.nodes.orphans(flowsWith({ b: "batch-window" })), [
        { identity: "a", type: "batch-window", ...NOTHING, batches: 1 },
      ]);
      store.transaction((tables) => tables.batches.close("ba_b", "idle"));
      move();
      deepEqual(open("b").toSorted(), ["ba_a", "ba_yard"]);
      equal(store.transaction((tables) => tables.batches.close("ba_a", "idle"))?.uploads.length, 1);
    });
  });
});
