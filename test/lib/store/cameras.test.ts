import { deepEqual, equal } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, openStore, removeStores, rows } from "./support.ts";

const LATER = "2026-11-21T12:00:00.000Z";

describe("Cameras", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  it("gives an id to the folder that claims it first, and names that one to others", () => {
    equal(store.cameras.claim("front_door", "Front door", AT, false), "Front door");
    equal(store.cameras.claim("front_door", "Front-door", LATER, false), "Front door");
    equal(store.cameras.claim("front_door", "Front door", LATER, false), "Front door");
    equal(store.cameras.folderOf("front_door"), "Front door");
    deepEqual(rows(folder, "SELECT camera_id, folder, first_seen_at FROM cameras"), [
      { camera_id: "front_door", folder: "Front door", first_seen_at: AT },
    ]);
  });

  it("gives the folder to a camera that was known without one", () => {
    store.cameras.know("garden", AT);
    equal(store.cameras.folderOf("garden"), undefined);
    equal(store.cameras.claim("garden", "Garden", LATER, false), "Garden");
    deepEqual(rows(folder, "SELECT camera_id, folder, first_seen_at FROM cameras"), [
      { camera_id: "garden", folder: "Garden", first_seen_at: AT },
    ]);
  });

  it("leaves a camera that has a folder as it is when a picture of it comes from elsewhere", () => {
    store.cameras.claim("garden", "Garden", AT, false);
    store.cameras.know("garden", LATER);
    deepEqual(rows(folder, "SELECT camera_id, folder, first_seen_at FROM cameras"), [
      { camera_id: "garden", folder: "Garden", first_seen_at: AT },
    ]);
  });

  it("hears of a camera to the minute, and until then from when it became known", () => {
    store.cameras.know("gate", AT);
    const heard = () => store.cameras.lastUpload("gate");
    deepEqual(heard(), { camera_id: "gate", at: AT });
    store.cameras.hear("gate", "2026-11-21T12:00:00.000Z");
    store.cameras.hear("gate", "2026-11-21T12:01:00.000Z");
    deepEqual(heard(), { camera_id: "gate", at: "2026-11-21T12:00:00.000Z" });
    store.cameras.hear("gate", "2026-11-21T12:01:00.001Z");
    deepEqual(store.cameras.lastUploads(), [{ camera_id: "gate", at: "2026-11-21T12:01:00.001Z" }]);
    equal(store.cameras.lastUpload("yard"), undefined);
  });

  it("lists ids in order", () => {
    store.cameras.know("yard", AT);
    store.cameras.claim("gate", "Gate", AT, false);
    deepEqual(store.cameras.ids(), ["gate", "yard"]);
  });

  it("knows no folder of a camera it has never heard of", () => {
    equal(store.cameras.folderOf("nowhere"), undefined);
  });
});
