import assert from "node:assert/strict";
import { LLAMA_DEFAULTS, LlamaClient } from "../../../lib/analyze/llama-client.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import { type AnalysisOptions, analysisStage } from "../../../lib/site/analysis.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { DailyLimit } from "../../../lib/site/daily-limit.ts";
import { NodePrompts } from "../../../lib/site/node-prompts.ts";
import { Site } from "../../../lib/site/site.ts";
import type { Job, Output } from "../../../lib/site/stage.ts";
import { BATCH_AT, EMPTY_BATCH } from "../../support/empty-batch.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type LlmServer, startLlmServer } from "../../support/llm-server.ts";

describe("analysisStage", () => {
  const clock = new FakeClock(Date.parse(BATCH_AT));
  let site: Site;
  let llm: LlmServer;
  let client: LlamaClient;

  beforeEach(async () => {
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    site = new Site({ config: SiteConfig.parse({}), dataDir: null, clock, logger, onMqttState: () => {} });
    llm = await startLlmServer();
    client = new LlamaClient({ ...LLAMA_DEFAULTS, url: llm.url, api: "completion", model: null, apiKey: null });
  });
  afterEach(async () => {
    await client.close();
    await llm.close();
    await site.close();
  });

  /** Works on the batch; `estimates` fills with what leaves before the end. */
  const work = (estimate: AnalysisOptions["estimate"], batch = EMPTY_BATCH) => {
    const prompts = new NodePrompts({
      site,
      nodeId: "analyze",
      form: { household: "", house_rules: "" },
      contextSize: 8192,
      answerTokens: LLAMA_DEFAULTS.maxTokens,
      tokens: null,
    });
    const limit = new DailyLimit({ site, nodeId: "analyze", limit: null, onChange: () => {} });
    const stage = analysisStage({
      site,
      nodeId: "analyze",
      client,
      prompts,
      limit,
      concurrency: 1,
      estimate,
      waitMs: null,
      publish: true,
    });
    const estimates: SecurityEvent[] = [];
    const store = (commit: Parameters<Job["interim"]>[0]) =>
      site.store.transaction(commit).map((output: Output) => output.payload as SecurityEvent);
    const job: Job = { message: { payload: batch }, interim: (commit) => estimates.push(...store(commit)) };
    const result = stage.work(batch, job, new AbortController().signal);
    return { estimates, result, ended: result.then(({ commit }) => store(commit)[0]) };
  };

  it("estimates when the model has not answered for ten seconds, and once", async () => {
    const answer = Promise.withResolvers<object>();
    llm.answer(() => answer.promise);
    const { estimates, ended } = work("away");
    await eventually(() => llm.requests.length === 1, "the request");
    clock.advance(9_999);
    assert.deepEqual(estimates, []);
    clock.advance(1);
    clock.advance(60_000);
    assert.deepEqual(
      estimates.map(({ analysis, final, revision }) => [analysis, final, revision]),
      [["rules", false, 1]],
    );
    answer.resolve({ reasoning: "r", summary: "s", risk_score: 20, recommended_action: "" });
    const verdict = await ended;
    assert.deepEqual([verdict?.analysis, verdict?.final, verdict?.revision], ["model", true, 2]);
  });

  it("does not estimate when the model answers in time", async () => {
    const { estimates, ended } = work("away");
    assert.equal((await ended)?.revision, 1);
    clock.advance(60_000);
    assert.deepEqual(estimates, []);
  });

  it("estimates at once when the model is away, and once however often the job is tried", async () => {
    llm.misbehave(503);
    for (const tried of [1, 0]) {
      const { estimates, ended } = work("away");
      await assert.rejects(ended, { code: "LLM_BUSY", retryable: true });
      assert.equal(estimates.length, tried);
    }
  });

  it("always estimates first when told to", async () => {
    const answer = Promise.withResolvers<object>();
    llm.answer(() => answer.promise);
    const { estimates, ended } = work("always");
    await eventually(() => llm.requests.length === 1, "the request");
    assert.equal(estimates.length, 1);
    answer.resolve({ reasoning: "r", summary: "s", risk_score: 20, recommended_action: "" });
    assert.equal((await ended)?.revision, 2);
  });

  it("never estimates when told not to", async () => {
    llm.misbehave(503);
    const { estimates, ended } = work("never");
    clock.advance(60_000);
    await assert.rejects(ended);
    assert.deepEqual(estimates, []);
  });

  it("has the model mend an answer that cannot be used", async () => {
    const answers = ["Nothing to see here.", { reasoning: "r", summary: "s", risk_score: 20, confidence: 0.4 }];
    llm.answer(() => answers.shift() ?? "");
    const { result, ended } = work("never");
    const event = await ended;
    assert.deepEqual([event?.analysis, event?.risk_score, event?.confidence], ["model", 20, 0.4]);
    assert.equal((await result).failure, undefined);
    const asked = llm.requests.map(({ prompt }) => Math.ceil(prompt.length / 4));
    assert.equal(asked.length, 2);
    assert.equal(event?.prompt_tokens, (asked[0] ?? 0) + (asked[1] ?? 0));
  });

  it("asks with a shorter prompt where the first is too long for the server", async () => {
    await llm.close();
    llm = await startLlmServer({ contextSize: 3100 });
    client = new LlamaClient({ ...LLAMA_DEFAULTS, url: llm.url, api: "completion", model: null, apiKey: null });
    const told = Array.from({ length: 12 }, (_, n) => ({ zone: `gate ${n}`, notes: Array(6).fill("n".repeat(150)) }));
    const { result, ended } = work("never", { ...EMPTY_BATCH, context: { zones: told } });
    assert.equal((await ended)?.analysis, "model");
    assert.equal((await result).failure, undefined);
    const [first = "", second = ""] = llm.requests.map(({ prompt }) => prompt);
    assert.equal(llm.requests.length, 2);
    assert.match(first, /gate 11/);
    assert.match(second, /left out for lack of room: Zones/);
  });

  it("says that nobody judged where no prompt is short enough", async () => {
    await llm.close();
    llm = await startLlmServer({ contextSize: 100 });
    client = new LlamaClient({ ...LLAMA_DEFAULTS, url: llm.url, api: "completion", model: null, apiKey: null });
    const { result, ended } = work("never");
    const event = await ended;
    assert.deepEqual([event?.analysis, event?.risk_score], ["none", null]);
    assert.equal((await result).failure?.code, "LLM_CONTEXT_SMALL");
    assert.equal(llm.requests.length, 1);
  });

  it("says that nobody judged where that cannot be used either, and what it took", async () => {
    llm.answer({ reasoning: "r", summary: "s", risk_score: "20" });
    const { result, ended } = work("never");
    const event = await ended;
    assert.deepEqual([event?.analysis, event?.risk_score, event?.risk_level], ["none", null, null]);
    assert.equal(event?.reasoning, (await result).failure?.message);
    assert.match(event?.reasoning ?? "", /risk_score: /);
    assert.equal(event?.model, "test-model.gguf");
    assert.ok((event?.completion_tokens ?? 0) > 0);
    assert.equal(llm.requests.length, 2);
  });
});
