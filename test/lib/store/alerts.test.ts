import { deepEqual, equal, throws } from "node:assert/strict";
import type { AlertRecord } from "../../../lib/domain/alert.ts";
import { AlertRow } from "../../../lib/store/codecs.ts";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, batchOf, eventOf, openStore, removeStores, rows } from "./support.ts";

const NODE = "alert";

const ALERT: AlertRecord = {
  alert_id: "al_1",
  event_id: "ev_1",
  camera_id: "front_door",
  revision: 1,
  outcome: "suppressed",
  severity: "low",
  conditions: [
    { name: "score", passed: false, detail: "10, wanted 60" },
    { name: "labels", passed: true, detail: "person" },
  ],
  created_at: AT,
};
const SECOND: AlertRecord = {
  ...ALERT,
  revision: 2,
  outcome: "alert",
  severity: "critical",
  conditions: [{ name: "score", passed: true, detail: "90, wanted 60" }],
};

describe("Alerts", () => {
  let store: Store;
  let folder: string;

  const stored = (): AlertRecord | undefined => {
    const [row] = rows(folder, "SELECT * FROM alerts");
    return row && AlertRow.parse(row);
  };

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
    store.batches.adopt(batchOf("ba_ev_1", []), 0);
    store.events.save("analyze", eventOf("ev_1"), false);
  });

  afterEach(removeStores);

  for (const alert of [ALERT, SECOND, { ...ALERT, severity: null, conditions: [] }]) {
    it(`keeps every field: ${alert.outcome}, ${alert.severity}`, () => {
      equal(store.alerts.save(NODE, alert), true);
      deepEqual(stored(), alert);
    });
  }

  it("replaces the decision on an older revision", () => {
    store.alerts.save(NODE, ALERT);
    equal(store.alerts.save(NODE, SECOND), true);
    deepEqual(stored(), SECOND);
  });

  it("keeps when the event was first decided on", () => {
    store.alerts.save(NODE, ALERT);
    store.alerts.save(NODE, { ...SECOND, created_at: "2026-11-21T12:00:00.000Z" });
    equal(stored()?.created_at, AT);
  });

  it("keeps the decision on a newer revision, whichever way round they come", () => {
    store.alerts.save(NODE, SECOND);
    equal(store.alerts.save(NODE, ALERT), false);
    deepEqual(stored(), SECOND);
  });

  it("decides on a revision once", () => {
    store.alerts.save(NODE, ALERT);
    equal(store.alerts.save(NODE, { ...ALERT, outcome: "alert" }), false);
    equal(stored()?.outcome, "suppressed");
  });

  it("refuses a decision on an event that is not known", () => {
    throws(() => store.alerts.save(NODE, { ...ALERT, event_id: "ev_2" }), { code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
    equal(stored(), undefined);
  });
});
