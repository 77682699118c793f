import { deepEqual, equal, throws } from "node:assert/strict";
import type { AlertRecord } from "../../../lib/domain/alert.ts";
import type { Store } from "../../../lib/store/store.ts";
import { AT, batchOf, eventOf, openStore, removeStores } from "./support.ts";

const NODE = "alert";
const MARKS = { published: true, sent: false, wanted: false };
const LATER = "2026-11-20T12:05:00.000Z";

const DECISION: AlertRecord = {
  alert_id: "al_1",
  event_id: "ev_1",
  camera_id: "front_door",
  incident_id: null,
  revision: 1,
  outcome: "suppressed",
  update_count: null,
  state: null,
  rule: null,
  severity: "low",
  effective_score: 10,
  adjustment: null,
  calibration: null,
  dedup_key: null,
  channels: [],
  reason: "No rule holds",
  conditions: [{ name: "snooze", passed: false, value: "snoozed until …", asked: "not snoozed", left_s: 12 }],
  rules: [
    { name: "High", passed: false, conditions: [{ name: "score", passed: false, value: 10, asked: "60 or more" }] },
  ],
  created_at: AT,
  decided_at: AT,
};
const SECOND: AlertRecord = {
  ...DECISION,
  incident_id: "ic_1",
  revision: 2,
  outcome: "alert",
  update_count: 0,
  state: "pending",
  rule: "High",
  severity: "critical",
  effective_score: 61,
  adjustment: {
    against: 1,
    for: 0,
    agreeing: 0,
    prior: 3,
    limit: 40,
    points: -10,
    effective_score: 61,
    detail: "71 + …",
    count: 1,
    heaviest: [{ event_id: "ev_0", kind: "false_alarm", weight: 1 }],
  },
  calibration: { points: 2, detail: "…" },
  dedup_key: "front_door:High",
  channels: [{ kind: "notify", target: "phone" }],
  reason: 'Rule "High" holds',
  decided_at: LATER,
};

describe("Decisions", () => {
  let store: Store;

  beforeEach(() => {
    store = openStore();
    for (const id of ["ev_1", "ev_2", "ev_3"]) {
      store.batches.adopt(batchOf(`ba_${id}`, []), 0);
      store.events.save("analyze", eventOf(id), false);
    }
  });
  afterEach(removeStores);

  for (const decision of [DECISION, SECOND, { ...DECISION, severity: null, conditions: [], rules: [] }]) {
    it(`keeps every field: ${decision.outcome}, ${decision.severity}`, () => {
      equal(store.decisions.save(NODE, decision, MARKS), true);
      deepEqual(store.decisions.get("ev_1", NODE), decision);
    });
  }

  it("replaces the decision on an older revision, and keeps when the event was first decided on", () => {
    store.decisions.save(NODE, DECISION, MARKS);
    equal(store.decisions.save(NODE, { ...SECOND, created_at: LATER }, MARKS), true);
    deepEqual(store.decisions.get("ev_1", NODE), SECOND);
  });

  it("keeps the decision on a newer revision, whichever way round they come", () => {
    store.decisions.save(NODE, SECOND, MARKS);
    equal(store.decisions.save(NODE, DECISION, MARKS), false);
    deepEqual(store.decisions.get("ev_1", NODE), SECOND);
  });

  it("decides on a revision once", () => {
    store.decisions.save(NODE, DECISION, MARKS);
    equal(store.decisions.save(NODE, { ...DECISION, outcome: "alert" }, MARKS), false);
    equal(store.decisions.get("ev_1", NODE)?.outcome, "suppressed");
  });

  it("refuses a decision on an event that is not known", () => {
    throws(() => store.decisions.save(NODE, { ...DECISION, event_id: "ev_9" }, MARKS), {
      code: "SQLITE_CONSTRAINT_FOREIGNKEY",
    });
  });

  it("tells a node's latest, and a camera's of the nodes that publish", () => {
    store.decisions.save(NODE, DECISION, MARKS);
    store.decisions.save(NODE, { ...SECOND, event_id: "ev_2" }, MARKS);
    store.decisions.save(
      "trial",
      { ...SECOND, event_id: "ev_3", decided_at: "2026-11-20T12:09:00.000Z" },
      {
        published: false,
        sent: true,
        wanted: true,
      },
    );
    const ids = (decisions: readonly AlertRecord[]) => decisions.map(({ event_id }) => event_id);
    deepEqual(ids(store.decisions.latest(NODE, 5)), ["ev_2", "ev_1"]);
    deepEqual(ids(store.decisions.latest(NODE, 1)), ["ev_2"]);
    equal(store.decisions.latestOfCamera("front_door")?.event_id, "ev_2");
    equal(store.decisions.latestOfCamera("yard"), undefined);
  });

  it("tells which events of an alert still alert", () => {
    store.decisions.save(NODE, SECOND, MARKS);
    store.decisions.save(NODE, { ...SECOND, event_id: "ev_2", camera_id: "yard" }, MARKS);
    deepEqual(store.decisions.camerasOf("al_1").sort(), ["front_door", "yard"]);
    store.decisions.save(NODE, { ...DECISION, revision: 3 }, MARKS);
    deepEqual(store.decisions.camerasOf("al_1"), ["yard"]);
    // One that is only silenced is worth it still.
    store.decisions.save(NODE, { ...DECISION, event_id: "ev_2", revision: 3 }, { ...MARKS, wanted: true });
    deepEqual(store.decisions.camerasOf("al_1"), ["yard"]);
  });

  it("tells the alerts of an event, and a camera's last", () => {
    store.decisions.save(NODE, { ...DECISION, alert_id: "al_9" }, MARKS);
    deepEqual([store.decisions.alertsOf("ev_1"), store.decisions.lastAlertOf("front_door")], [[], null]);
    store.decisions.save(NODE, { ...SECOND, event_id: "ev_2" }, MARKS);
    store.alerts.save(NODE, {
      alert_id: "al_1",
      incident_id: null,
      severity: "high",
      dedup_key: "x",
      state: "pending",
      update_count: 0,
      created_at: AT,
      sent_at: AT,
    });
    deepEqual([store.decisions.alertsOf("ev_2"), store.decisions.lastAlertOf("front_door")], [["al_1"], "al_1"]);
  });

  it("is what a word on a camera's last alert is about: the one that people were told of", () => {
    store.decisions.save(NODE, SECOND, { ...MARKS, sent: true });
    store.decisions.save(NODE, { ...SECOND, event_id: "ev_2", decided_at: "2026-11-20T12:06:00.000Z" }, MARKS);
    equal(store.feedback.lastAlerted("front_door"), "ev_1");
  });
});
