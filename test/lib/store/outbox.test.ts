import { deepEqual, equal } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openStore, removeStores, rows } from "./support.ts";

describe("Outbox", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  it("is empty at first", () => {
    equal(store.outbox.next(), undefined);
  });

  it("gives the oldest again until it is removed, also after a restart", () => {
    store.outbox.add("event", "ev_1", 1, { a: "玄関" });
    store.outbox.add("event", "ev_2", 1, { b: 2 });
    const first = store.outbox.next();
    deepEqual(first, { seq: 1, kind: "event", subject_id: "ev_1", revision: 1, payload: '{"a":"玄関"}' });
    store.close();
    store = openStore(folder);
    deepEqual(store.outbox.next(), first);
    equal(rows(folder, "SELECT 1 FROM outbox").length, 2);
    store.outbox.remove(1);
    equal(store.outbox.next()?.subject_id, "ev_2");
    equal(rows(folder, "SELECT 1 FROM outbox").length, 1);
  });

  it("takes a revision once", () => {
    store.outbox.add("event", "ev_1", 1, { a: 1 });
    store.outbox.add("event", "ev_1", 1, { a: 2 });
    store.outbox.add("event", "ev_1", 2, { a: 3 });
    deepEqual(rows(folder, "SELECT revision, payload FROM outbox ORDER BY seq"), [
      { revision: 1, payload: '{"a":1}' },
      { revision: 2, payload: '{"a":3}' },
    ]);
  });

  it("does not give a number again", () => {
    store.outbox.add("event", "ev_1", 1, {});
    store.outbox.remove(1);
    store.outbox.add("event", "ev_1", 2, {});
    equal(store.outbox.next()?.seq, 2);
  });

  it("counts attempts", () => {
    store.outbox.add("event", "ev_1", 1, {});
    store.outbox.attempt(1);
    store.outbox.attempt(1);
    deepEqual(rows(folder, "SELECT attempts FROM outbox"), [{ attempts: 2 }]);
  });
});
