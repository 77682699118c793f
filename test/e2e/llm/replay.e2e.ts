/** `vigil-replay` of a data folder, with a real llama-server. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { Store } from "../../../lib/store/store.ts";
import { batchOf, eventOf, uploadOf } from "../../lib/store/support.ts";
import { root } from "../../package/manifest.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { LlamaServer } from "./llama-server.ts";
import { provideLlamaServer } from "./provision.ts";

const EVENTS = 3;
const Judged = z.object({ risk_score: z.number(), prompt_tokens: z.number(), cached_tokens: z.number() });
const Report = z.object({ events: z.array(z.object({ a: Judged, b: Judged })) });

describe("vigil-replay, at a real llama-server", function () {
  this.timeout(120_000);
  let server: LlamaServer | undefined;

  before(async function () {
    this.timeout(600_000);
    await provideLlamaServer();
  });
  after(async () => {
    await server?.kill();
    removeTempFolders();
  });

  it("has two prompts judge the events of an open store, from the cache, and the same twice", async () => {
    server = await LlamaServer.start({ slots: 1 });
    const folder = tempFolder();
    const store = Store.open(folder);
    try {
      for (let n = 0; n < EVENTS; n++) {
        const event = eventOf(`ev_${n}`);
        const batch = batchOf(event.batch_id, [uploadOf(`up_${n}`)]);
        store.transaction((tables) => {
          tables.batches.adopt(batch, 0);
          tables.events.save("analyze", event, false);
          tables.judged.keep(event.event_id, batch);
        });
      }
      const [household, json] = [join(folder, "household.txt"), join(folder, "report.json")];
      writeFileSync(household, "Anna lives here.");
      const report = async () => {
        const args = [folder, "--url", server?.url ?? "", "--household-b", household, "--json", json];
        await promisify(execFile)(process.execPath, [join(root, "lib/site/replay/main.ts"), ...args]);
        return Report.parse(JSON.parse(readFileSync(json, "utf8"))).events;
      };
      const first = await report();
      equal(first.length, EVENTS);
      for (const [n, { a, b }] of first.entries()) {
        ok(b.prompt_tokens > a.prompt_tokens);
        if (n > 0) for (const { cached_tokens, prompt_tokens } of [a, b]) ok(cached_tokens > 0.8 * prompt_tokens);
      }
      const scores = (events: typeof first) => events.map(({ a, b }) => [a.risk_score, b.risk_score]);
      deepEqual(scores(await report()), scores(first));
    } finally {
      store.close();
    }
  });
});
