/** What `nemotron-analyze` shows of the language model and its server. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { EMPTY_BATCH } from "../support/empty-batch.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { asEvent } from "../support/llm-replies.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

describe("the status of nemotron-analyze", () => {
  let llm: LlmServer;
  let flow: Flow | null = null;

  beforeEach(async () => {
    llm = await startLlmServer();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await llm.close();
  });
  after(removeTempFolders);

  const start = async (url: string, form: object = {}) => {
    const analyze = { id: "analyze", type: "nemotron-analyze", site: "site", url, ...form, wires: [[], []] };
    flow = await startFlow([{ id: "site", type: "vigil-site", dataDir: join(tempFolder(), "data") }, analyze]);
    return flow;
  };
  /** Without its editor the runtime has no catalogue, and shows the keys. */
  const shown = (running: Flow, key: string) =>
    eventually(() => running.statuses("analyze").at(-1)?.endsWith(`status.${key}`), `the status "${key}"`);

  it("is ready where the server enforces the schema, or where rules judge", async () => {
    await shown(await start(llm.url), "ready");
    await flow?.stop();
    await shown(await start(""), "ready");
  });

  it("says where the schema is not enforced", async () => {
    llm.enforce(false);
    const running = await start(llm.url);
    await shown(running, "schemaIgnored");
  });

  it("says where nobody knows, because the server is away", async () => {
    llm.misbehave(503);
    await shown(await start(llm.url), "schemaUnproven");
  });

  it("says where the model takes no pictures, if it should be shown some", async () => {
    await llm.close();
    llm = await startLlmServer({ sees: false });
    await shown(await start(llm.url, { pictures: 2 }), "noPictures");
    await flow?.stop();
    await shown(await start(llm.url), "ready");
  });

  it("refuses to send pictures by an interface that takes none", async () => {
    await shown(await start(llm.url, { pictures: "1", api: "completion" }), "refusing");
  });

  it("counts the tokens of an answer", async () => {
    const running = await start(llm.url);
    await shown(running, "ready");
    const token = asEvent({ choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }] });
    llm.misbehave({ chunks: [token, token, token], ending: "silence" });
    running.send("analyze", { payload: EMPTY_BATCH });
    await shown(running, "writing");
    assert.equal(llm.requests.length, 1);
  });
});
