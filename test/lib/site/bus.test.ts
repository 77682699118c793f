import assert from "node:assert/strict";
import { SiteBus } from "../../../lib/site/bus.ts";

describe("SiteBus", () => {
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

  it("takes the listeners of any number of nodes without a warning", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const bus = new SiteBus(logger);
    const owner = new AbortController();
    let heard = 0;
    for (let node = 0; node < 100; node += 1) {
      bus.on("worked", owner.signal, () => {
        heard += 1;
      });
    }
    bus.emit("worked");
    // A warning is emitted in a tick of its own.
    await new Promise(setImmediate);
    process.removeListener("warning", listen);
    assert.equal(heard, 100);
    assert.deepEqual(warnings, []);
    owner.abort();
    bus.emit("worked");
    assert.equal(heard, 100, "they leave with their owner");
  });

  it("lets the others hear where one fails, and says so", () => {
    const errors: string[] = [];
    const bus = new SiteBus({ ...logger, error: (message) => errors.push(message) });
    const { signal } = new AbortController();
    let heard = false;
    bus.on("outbox", signal, () => {
      throw new Error("a bug");
    });
    bus.on("outbox", signal, () => {
      heard = true;
    });
    bus.emit("outbox");
    assert.equal(heard, true);
    assert.deepEqual(errors, ['A listener to "outbox" failed: a bug']);
  });
});
