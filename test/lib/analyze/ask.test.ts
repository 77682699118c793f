import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type Answer, askForVerdict } from "../../../lib/analyze/ask.ts";
import { LLAMA_DEFAULTS, LlamaClient, type LlamaOptions, type LlamaReply } from "../../../lib/analyze/llama-client.ts";
import { type LlmAnswer, type LlmServer, startLlmServer } from "../../support/llm-server.ts";

const PROMPT = { system: "You judge.", user: "A person." };
const VERDICT = {
  reasoning: "A person by day.",
  entities: [{ type: "person", description: "Rings the bell.", threat_level: "low" }],
  flags: [],
  summary: "A visitor.",
  risk_score: 7,
  confidence: 0.9,
  recommended_action: "",
};
const READ = { ...VERDICT, recommended_action: null };

describe("askForVerdict", () => {
  let server: LlmServer;

  beforeEach(async () => {
    server = await startLlmServer();
  });
  afterEach(() => server.close());

  async function ask(api: LlamaOptions["api"]): Promise<Answer> {
    const client = new LlamaClient({ ...LLAMA_DEFAULTS, url: server.url, api, model: null, apiKey: null });
    try {
      return await askForVerdict(client, PROMPT, new AbortController().signal);
    } finally {
      await client.close();
    }
  }
  /** What comes of it when the model gives these answers in turn. */
  function answered(api: LlamaOptions["api"], ...answers: LlmAnswer[]): Promise<Answer> {
    server.answer(() => answers.shift() ?? "");
    return ask(api);
  }
  const failureOf = (answer: Answer) => ("failure" in answer ? answer.failure.message : undefined);

  it("asks once for what can be read", async () => {
    const answer = await answered("chat", VERDICT);
    ok("verdict" in answer);
    deepEqual(answer.verdict, READ);
    equal(answer.model, "test-model.gguf");
    equal(server.requests.length, 1);
    const { prompt_tokens, completion_tokens } = answer.usage;
    // The server of the tests counts four characters a token.
    equal(prompt_tokens, Math.ceil("You judge.\nA person.".length / 4));
    equal(completion_tokens, Math.ceil(JSON.stringify(VERDICT).length / 4));
  });

  it("tells the model what was wrong, as further turns", async () => {
    const answer = await answered("chat", "<|im_end|>[61] it\nis", VERDICT);
    ok("verdict" in answer);
    deepEqual(server.requests[1]?.body.messages, [
      { role: "system", content: "You judge." },
      { role: "user", content: "A person." },
      { role: "assistant", content: "(|im_end|)(61) it is" },
      {
        role: "user",
        content:
          "Your answer cannot be used: it holds no JSON object. Answer again, with one complete JSON object of the shape " +
          "you were given and nothing else.",
      },
    ]);
  });

  it("tells it in one text where there are no turns", async () => {
    const answer = await answered("completion", `{"risk_score": 300}`, VERDICT);
    ok("verdict" in answer);
    const { prompt = "" } = server.requests[1] ?? {};
    ok(prompt.startsWith(`${server.requests[0]?.prompt}\nYour answer was: "{\\"risk_score\\": 300}"\n`), prompt);
    ok(/cannot be used: reasoning: .*risk_score: /.test(prompt), prompt);
  });

  it("shows no more than the beginning of a long answer, and something for an empty one", async () => {
    const turns = (n: number) => JSON.stringify(server.requests[n]?.body.messages);
    await answered("chat", "long ".repeat(2_000), VERDICT);
    ok(turns(1).length < 1_500, turns(1));
    await answered("chat", "", VERDICT);
    ok(turns(3).includes(`{"role":"assistant","content":"(nothing)"}`), turns(3));
  });

  it("adds up what both requests took", async () => {
    const answer = await answered("chat", "no", VERDICT);
    const tokens = server.requests.map(({ prompt }) => Math.ceil(prompt.length / 4));
    equal(answer.usage.prompt_tokens, (tokens[0] ?? 0) + (tokens[1] ?? 0));
    equal(answer.usage.completion_tokens, 1 + Math.ceil(JSON.stringify(VERDICT).length / 4));
  });

  it("asks no third time, and says what is wrong with the second answer", async () => {
    const answer = await answered("chat", "no", { ...VERDICT, risk_score: 640 }, VERDICT);
    equal(server.requests.length, 2);
    ok(/risk_score: /.test(failureOf(answer) ?? ""), failureOf(answer));
    equal(answer.model, "test-model.gguf");
    ok((answer.usage.completion_tokens ?? 0) > 1);
  });

  it("asks for a shorter answer where the token limit was reached", async () => {
    server.misbehave("truncated");
    const answer = await answered("chat", VERDICT, VERDICT);
    ok(/cut off at the token limit/.test(failureOf(answer) ?? ""), failureOf(answer));
    ok(/must be shorter/.test(server.requests[1]?.prompt ?? ""), server.requests[1]?.prompt);
  });

  it("keeps the first answer's fault where the server refuses the longer prompt", async () => {
    server.answer(() => {
      server.misbehave("refuse");
      return "no";
    });
    const answer = await ask("chat");
    equal(server.requests.length, 2);
    ok(/holds no JSON object/.test(failureOf(answer) ?? ""), failureOf(answer));
    equal(answer.usage.completion_tokens, 1);
  });

  it("leaves a server that goes away between the two to the caller", async () => {
    server.answer(() => {
      server.misbehave(503);
      return "no";
    });
    await rejects(ask("chat"), { code: "LLM_BUSY" });
  });

  it("adds up what only some servers count, and invents no sum where one request was not measured", async () => {
    const usage = { promptTokens: 100, completionTokens: 10, cachedTokens: 80, latencyMs: 1_500 };
    const counted: LlamaReply = { content: "no", model: null, isCut: false, ...usage };
    const usageOf = async (...replies: LlamaReply[]) => {
      const judge = async () => replies.shift() ?? counted;
      return (await askForVerdict({ judge }, PROMPT, new AbortController().signal)).usage;
    };
    const both = { prompt_tokens: 200, completion_tokens: 20, cached_tokens: 160, latency_ms: 3_000 };
    deepEqual(await usageOf(counted, counted), both);
    deepEqual(await usageOf({ ...counted, cachedTokens: null }, counted), { ...both, cached_tokens: null });
    deepEqual(await usageOf(counted, { ...counted, promptTokens: null }), { ...both, prompt_tokens: null });
  });
});
