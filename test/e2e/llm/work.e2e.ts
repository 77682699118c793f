/** A node's work at a real llama-server, which is killed while it does it. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LLAMA_DEFAULTS, LlamaClient } from "../../../lib/analyze/llama-client.ts";
import { EventRecord } from "../../../lib/domain/event.ts";
import { ServerGate } from "../../../lib/resilience/server-gate.ts";
import { analysisStage } from "../../../lib/site/analysis.ts";
import { DailyLimit } from "../../../lib/site/daily-limit.ts";
import { NodePrompts } from "../../../lib/site/node-prompts.ts";
import { RunningSite } from "../../lib/site/running-site.ts";
import { EMPTY_BATCH } from "../../support/empty-batch.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { CONTEXT_SIZE, LlamaServer } from "./llama-server.ts";
import { provideLlamaServer } from "./provision.ts";
import { SLOW } from "./tiny-model.ts";

describe("analysisStage, at a real llama-server", function () {
  this.timeout(120_000);
  let running: RunningSite;
  let server: LlamaServer;

  before(async function () {
    this.timeout(600_000);
    await provideLlamaServer();
  });
  beforeEach(async () => {
    running = new RunningSite();
    server = await LlamaServer.start({ manner: SLOW });
  });
  afterEach(async () => {
    await running.close();
    await server.kill();
    removeTempFolders();
  });

  it("keeps what the server was killed over, and has it judged when the server is back", async () => {
    const { site, clock } = running;
    const gate = new ServerGate(clock);
    const first = server;
    const killed = Promise.withResolvers<void>();
    const client: LlamaClient = new LlamaClient({
      ...LLAMA_DEFAULTS,
      url: server.url,
      api: "chat",
      model: null,
      apiKey: null,
      onChange: () => client.tokensUnderWay > 0 && killed.resolve(first.kill()),
    });
    const { node, sent, put } = running.start("analyze", "nemotron-analyze", ({ nodeId }) => ({
      stage: analysisStage({
        site,
        nodeId,
        client,
        prompts: new NodePrompts({
          site,
          nodeId,
          form: { household: "", house_rules: "" },
          contextSize: CONTEXT_SIZE,
          answerTokens: LLAMA_DEFAULTS.maxTokens,
          tokens: client,
        }),
        limit: new DailyLimit({ site, nodeId, limit: null, onChange: () => {} }),
        gate,
        concurrency: 1,
        estimate: "away",
        waitMs: null,
        publish: false,
      }),
      close: () => client.close(),
    }));
    const events = () => sent.map(({ payload }) => EventRecord.parse(payload));

    await put({ payload: EMPTY_BATCH });
    await killed.promise;
    await eventually(() => node.load.waitingFor !== null, "the outage");
    equal(node.load.depth, 1);
    await eventually(() => events().length === 1, "the estimate");

    server = await LlamaServer.start({ port: first.port });
    await eventually(
      async () => {
        await running.pass(5);
        return node.load.depth === 0;
      },
      "the verdict",
      60_000,
    );
    deepEqual(
      events().map(({ analysis, final, revision }) => [analysis, final, revision]),
      [
        ["rules", false, 1],
        ["model", true, 2],
      ],
    );
    ok(events()[1]?.summary.includes("somebody walks by the gate"));
  });
});
