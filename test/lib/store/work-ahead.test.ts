import { deepEqual } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { StoreError } from "../../../lib/resilience/errors.ts";
import type { Store } from "../../../lib/store/store.ts";
import { WorkAhead } from "../../../lib/store/work-ahead.ts";
import { openStore, removeStores } from "./support.ts";

const NODE = "analyze";

describe("WorkAhead", () => {
  let store: Store;
  let away: boolean;
  let closing: AbortController;
  /** The jobs for which it is done now, or was; each takes until `finish`. */
  let begun: string[];
  let finish: (error?: Error) => void;
  let errors: string[];
  let ahead: WorkAhead;

  beforeEach(() => {
    store = openStore(null);
    away = true;
    closing = new AbortController();
    begun = [];
    errors = [];
    finish = () => {};
    ahead = new WorkAhead({
      store,
      nodeId: NODE,
      signal: closing.signal,
      isAway: () => away,
      ahead: (_jobId, msg) => {
        begun.push(msg);
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        finish = (error) => (error ? reject(error) : resolve());
        return promise;
      },
      onError: (error) => errors.push(error.message),
    });
  });
  afterEach(async () => {
    closing.abort();
    finish();
    await ahead.ended();
    removeStores();
  });

  function queue(...names: string[]): void {
    for (const name of names) {
      const receipt = { nodeId: NODE, stage: NODE, key: name, subjectId: null, cameraId: "", priority: 0, now: 0 };
      store.jobs.queue(receipt, name);
    }
  }

  /** Lets what is done for a job end, and the next begin. */
  async function next(error?: Error): Promise<void> {
    finish(error);
    for (let n = 0; n < 3; n++) await turn();
  }

  it("is done for one job after the other, and for those that come meanwhile", async () => {
    queue("a", "b");
    ahead.look();
    await next();
    deepEqual(begun, ["a"]);
    await next();
    deepEqual(begun, ["a", "b"]);
    queue("c");
    ahead.look();
    await next();
    deepEqual(begun, ["a", "b", "c"]);
    await next();
    ahead.look();
    await next();
    deepEqual(begun, ["a", "b", "c"]);
  });

  it("begins anew when it is reset, also in the middle", async () => {
    queue("a", "b");
    ahead.look();
    await next();
    ahead.reset();
    await next();
    await next();
    deepEqual(begun, ["a", "a", "b"]);
    ahead.reset();
    await next();
    await next();
    deepEqual(begun, ["a", "a", "b", "a", "b"]);
  });

  it("stops when the server is back, and goes on where it was when that is away again", async () => {
    queue("a", "b", "c");
    ahead.look();
    await next();
    away = false;
    await next();
    deepEqual(begun, ["a"]);
    ahead.look();
    away = true;
    ahead.look();
    await next();
    deepEqual(begun, ["a", "b"]);
  });

  it("goes on after a job for which it fails, and waits where the store fails", async () => {
    queue("a", "b");
    ahead.look();
    await next();
    await next(new Error("a cannot be estimated"));
    await next(new StoreError("STORE_FAILED", "the store is away", { retryable: true }));
    deepEqual(begun, ["a", "b"]);
    ahead.look();
    await next();
    deepEqual(begun, ["a", "b", "b"]);
    deepEqual(errors, ["a cannot be estimated", "the store is away"]);
  });

  it("ends when the node closes", async () => {
    queue("a", "b");
    ahead.look();
    await next();
    closing.abort();
    finish();
    await ahead.ended();
    deepEqual(begun, ["a"]);
  });
});
