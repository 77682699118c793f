/** The client against a real llama-server. */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { LLAMA_DEFAULTS, LlamaClient, type LlamaOptions } from "../../../lib/analyze/llama-client.ts";
import { ContextError } from "../../../lib/analyze/llama-errors.ts";
import { parseVerdict } from "../../../lib/analyze/reply.ts";
import { ServerError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { CONTEXT_SIZE, LlamaServer, type LlamaServerOptions, SLOTS } from "./llama-server.ts";
import { provideLlamaServer } from "./provision.ts";
import { SLOW } from "./tiny-model.ts";

const PROMPT = { system: "You judge.", user: "A person at the door." };
const APIS = ["chat", "completion"] as const;
const never = () => new AbortController().signal;

describe("LlamaClient, at a real llama-server", function () {
  this.timeout(120_000);
  const servers: LlamaServer[] = [];
  const clients: LlamaClient[] = [];

  const serve = async (options?: LlamaServerOptions) => {
    const server = await LlamaServer.start(options);
    servers.push(server);
    return server;
  };
  const connect = ({ url }: LlamaServer, options: Partial<LlamaOptions> = {}) => {
    const client = new LlamaClient({
      ...LLAMA_DEFAULTS,
      maxTokens: 2_000,
      url,
      api: "chat",
      model: null,
      apiKey: null,
      ...options,
    });
    clients.push(client);
    return client;
  };
  const proven = (client: LlamaClient) =>
    eventually(() => client.schemaEnforced !== null, "the schema's proof", 60_000);

  before(async function () {
    this.timeout(600_000);
    await provideLlamaServer();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(servers.splice(0).map((server) => server.kill()));
    removeTempFolders();
  });

  for (const api of APIS) {
    it(`proves that the schema is enforced, and knows the server (${api})`, async () => {
      const client = connect(await serve(), { api });
      await client.ready();
      await proven(client);
      deepEqual([client.schemaEnforced, client.contextSize, client.slots], [true, CONTEXT_SIZE, SLOTS]);
    });

    it(`gets a verdict token by token, and the same prompt from the cache (${api})`, async () => {
      const client = connect(await serve(), { api });
      const progress: number[] = [];
      const reply = await client.judge(PROMPT, never(), (tokens) => progress.push(tokens));
      const { reasoning, summary, risk_score } = parseVerdict(reply.content);
      ok(reasoning.includes("somebody walks by the gate") && summary.length <= 200 && risk_score <= 100);
      ok(progress.length > 50, `${progress.length} tokens`);
      deepEqual(
        progress,
        progress.map((_tokens, index) => index + 1),
      );
      const { model, promptTokens, completionTokens, cachedTokens, latencyMs } = reply;
      equal(model, "tiny");
      equal(cachedTokens, 0);
      ok(promptTokens !== null && promptTokens > 30 && completionTokens !== null && latencyMs > 0);
      // The server holds some tokens back until it knows what they are part of.
      ok(completionTokens >= progress.length, `${completionTokens} tokens`);

      const again = await client.judge(PROMPT, never());
      equal(again.content, reply.content);
      equal(again.promptTokens, promptTokens);
      ok(again.cachedTokens !== null && again.cachedTokens > promptTokens / 2, `${again.cachedTokens} cached`);
    });

    it(`says by how much a prompt is too long (${api})`, async () => {
      const client = connect(await serve(), { api });
      const user = "A person. ".repeat(CONTEXT_SIZE / 5);
      const error = await client.judge({ ...PROMPT, user }, never()).catch((thrown) => thrown);
      ok(error instanceof ContextError, String(error));
      equal(error.code, "LLM_CONTEXT");
      equal(error.contextSize, CONTEXT_SIZE);
      ok(error.promptTokens !== null && error.promptTokens >= user.length, `${error.promptTokens} tokens`);
      ok(parseVerdict((await client.judge(PROMPT, never())).content));
    });

    it(`frees the slot when it is cancelled (${api})`, async () => {
      const server = await serve({ manner: SLOW });
      const client = connect(server, { api });
      const controller = new AbortController();
      const begun = Promise.withResolvers<void>();
      const judged = client.judge(PROMPT, controller.signal, () => begun.resolve());
      await begun.promise;
      equal(await server.busySlots(), 1);
      controller.abort(new Error("the node was removed"));
      await rejects(judged, /the node was removed/);
      await eventually(async () => (await server.busySlots()) === 0, "a free slot", 2_000);
    });

    it(`fails when the server is killed in the middle of its answer, and works when it is back (${api})`, async () => {
      const server = await serve({ manner: SLOW });
      const client = connect(server, { api });
      const killed = Promise.withResolvers<void>();
      const judged = client.judge(PROMPT, never(), () => killed.resolve(server.kill()));
      await rejects(judged, { name: "ServerError", code: "LLM_FAILED", retryable: true });
      await killed.promise;
      await rejects(client.judge(PROMPT, never()), { code: "LLM_UNREACHABLE", unreachable: true });
      await serve({ port: server.port });
      ok(parseVerdict((await client.judge(PROMPT, never())).content));
    });
  }

  it("finds out that the server has the chat endpoint", async () => {
    const client = connect(await serve(), { api: "auto" });
    await client.ready();
    ok(parseVerdict((await client.judge(PROMPT, never())).content));
  });

  it("counts tokens as the server does", async () => {
    const client = connect(await serve());
    equal(await client.countTokens("A person."), 9);
    equal(await client.countTokens("Ein Mensch vor der Tür."), 24);
    equal(await client.countTokens(""), 0);
  });

  it("frees the slot when it closes", async () => {
    const server = await serve({ manner: SLOW });
    const client = connect(server);
    const begun = Promise.withResolvers<void>();
    const judged = client.judge(PROMPT, never(), () => begun.resolve());
    await begun.promise;
    await Promise.all([client.close(), rejects(judged, ServerError)]);
    await eventually(async () => (await server.busySlots()) === 0, "a free slot", 2_000);
  });

  it("knows a server that loads its model from one that is ready", async () => {
    const gone = await serve();
    await gone.kill();
    const loading = await LlamaServer.startLoading(gone.port);
    servers.push(loading);
    equal(await loading.health(), 503);
    const client = connect(loading);
    await client.ready();
    equal(client.contextSize, null);
    await rejects(client.judge(PROMPT, never()), { code: "LLM_BUSY", retryable: true });
    await loading.kill();

    const loaded = await serve({ port: gone.port });
    equal(await loaded.health(), 200);
    await client.ready();
    equal(client.contextSize, CONTEXT_SIZE);
    ok(await client.judge(PROMPT, never()));
  });

  it("proves it again when another model has come", async () => {
    const first = await serve({ model: "one" });
    const client = connect(first);
    await client.ready();
    await proven(client);
    await first.kill();
    await serve({ port: first.port, model: "other" });
    equal((await client.judge(PROMPT, never())).model, "other");
    equal(client.schemaEnforced, null);
    await proven(client);
    equal(client.schemaEnforced, true);
  });
});
