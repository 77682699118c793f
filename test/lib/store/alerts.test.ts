import { deepEqual, equal } from "node:assert/strict";
import type { StoredAlert } from "../../../lib/store/alerts.ts";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, openStore, removeStores } from "./support.ts";

const NODE = "alert";
const LATER = "2026-11-20T12:05:00.000Z";

const ALERT: StoredAlert = {
  alert_id: "al_1",
  incident_id: null,
  severity: "high",
  dedup_key: "porch:High",
  state: "pending",
  update_count: 0,
  created_at: AT,
  sent_at: AT,
};

describe("Alerts", () => {
  let store: Store;

  beforeEach(() => {
    store = openStore();
  });
  afterEach(removeStores);

  it("keeps an alert, and what has become of it", () => {
    store.alerts.save(NODE, ALERT);
    deepEqual(store.alerts.get("al_1"), ALERT);
    const later = { ...ALERT, severity: "critical", update_count: 2, sent_at: LATER } as const;
    store.alerts.save(NODE, later);
    deepEqual(store.alerts.get("al_1"), later);
    equal(store.alerts.get("al_2"), undefined);
  });

  it("is delivered once a channel has taken it, and stays what people have made of it", () => {
    store.alerts.save(NODE, ALERT);
    store.alerts.markDelivered("al_1");
    equal(store.alerts.get("al_1")?.state, "delivered");
    equal(store.alerts.setState("al_1", "dismissed"), true);
    store.alerts.markDelivered("al_1");
    equal(store.alerts.get("al_1")?.state, "dismissed");
    equal(store.alerts.setState("al_9", "dismissed"), false);
  });

  it("tells when people were last told of a key, over a restart", () => {
    const folder = tempFolder();
    const before = openStore(folder);
    before.alerts.save(NODE, ALERT);
    before.alerts.save(NODE, { ...ALERT, alert_id: "al_2", severity: "low", sent_at: LATER });
    before.alerts.save("other", { ...ALERT, alert_id: "al_3", severity: "critical", sent_at: LATER });
    before.close();
    const { alerts } = openStore(folder);
    deepEqual(alerts.lastSent(NODE, "porch:High", "al_9"), { sent_at: LATER, severity: "low" });
    deepEqual(alerts.lastSent(NODE, "porch:High", "al_2"), { sent_at: AT, severity: "high" });
    equal(alerts.lastSent(NODE, "yard:High", "al_9"), null);
  });

  it("knows by which channels people were told", () => {
    const phone = { kind: "notify", target: "phone" } as const;
    const tablet = { kind: "notify", target: "tablet" } as const;
    deepEqual(store.alerts.toldBy("al_1"), []);
    store.alerts.save(NODE, ALERT);
    deepEqual(store.alerts.toldBy("al_1"), []);
    store.alerts.markTold("al_1", [phone]);
    store.alerts.markTold("al_1", [phone, tablet]);
    store.alerts.save(NODE, { ...ALERT, update_count: 1 });
    deepEqual(store.alerts.toldBy("al_1"), [phone, tablet]);
  });

  it("was sent now at the latest, once the clock was set back", () => {
    store.alerts.save(NODE, { ...ALERT, sent_at: LATER });
    store.clampTimes(Date.parse(AT));
    equal(store.alerts.get("al_1")?.sent_at, AT);
    store.clampTimes(Date.parse(LATER));
    equal(store.alerts.get("al_1")?.sent_at, AT);
  });

  it("counts those that people were told of since a time", () => {
    store.alerts.save(NODE, ALERT);
    store.alerts.save(NODE, { ...ALERT, alert_id: "al_2", sent_at: LATER });
    store.alerts.save("other", { ...ALERT, alert_id: "al_3", sent_at: LATER });
    equal(store.alerts.sentSince(NODE, AT), 1);
    equal(store.alerts.sentSince(NODE, "2026-11-20T11:00:00.000Z"), 2);
  });
});
