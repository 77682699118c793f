import { deepEqual, throws } from "node:assert/strict";
import Database from "better-sqlite3";
import { CAMERA_DEFAULTS, SITE_DEFAULTS } from "../../../lib/domain/settings.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

describe("Settings", () => {
  after(removeTempFolders);

  it("are the defaults until somebody changes one, and outlast a restart", () => {
    const folder = tempFolder();
    let store = Store.open(folder);
    deepEqual(store.settings.ofCamera("porch"), CAMERA_DEFAULTS);
    deepEqual(store.settings.ofSite(), SITE_DEFAULTS);
    store.settings.changeCamera("porch", { detection: false, snoozed_until: "2026-11-27T10:00:00.000Z" });
    store.settings.changeCamera("porch", { risk_threshold: 70, detection: true });
    store.settings.changeSite({ mode: "away" });
    store.close();
    store = Store.open(folder);
    const changed = { risk_threshold: 70, snoozed_until: "2026-11-27T10:00:00.000Z" };
    deepEqual(store.settings.ofCamera("porch"), { ...CAMERA_DEFAULTS, ...changed });
    deepEqual(store.settings.ofCamera("garage"), CAMERA_DEFAULTS);
    deepEqual(store.settings.ofSite(), { ...SITE_DEFAULTS, mode: "away" });
    store.close();
  });

  it("take nothing that no setting can be", () => {
    const store = Store.open(null);
    for (const change of [{ risk_threshold: 101 }, { snooze_minutes: 0.5 }, { mode: "home" }, { alerts: "ON" }]) {
      throws(() => store.settings.changeCamera("porch", change), { name: "ZodError" });
    }
    throws(() => store.settings.changeSite({ mode: "holiday" }), { name: "ZodError" });
    deepEqual(store.settings.ofCamera("porch"), CAMERA_DEFAULTS);
    store.close();
  });

  it("do not fall over one that another version has left", () => {
    const folder = tempFolder();
    Store.open(folder).close();
    const db = new Database(`${folder}/${DATABASE_FILE}`);
    db.prepare("INSERT INTO settings VALUES('porch', 'colour', '\"red\"'), ('porch', 'alerts', 'false')").run();
    db.close();
    const store = Store.open(folder);
    deepEqual(store.settings.ofCamera("porch"), { ...CAMERA_DEFAULTS, alerts: false });
    store.close();
  });
});
