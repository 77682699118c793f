import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { LlamaOptions } from "../../../lib/analyze/llama-client.ts";
import { ContextError } from "../../../lib/analyze/llama-errors.ts";
import { verdictJsonSchema } from "../../../lib/analyze/verdict.ts";
import { ConfigError, ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import type { Misbehaviour } from "../../support/llm-server.ts";
import { APIS, failure, LlmRig, never, PROMPT, VERDICT } from "./llm-rig.ts";

const KEY = "sk-very-secret-0123456789";

describe("LlamaClient", () => {
  let rig: LlmRig;

  beforeEach(async () => {
    rig = await LlmRig.start();
  });
  afterEach(() => rig.close());

  const connect = (options?: Partial<LlamaOptions>) => rig.connect(options);
  const lastBody = () => rig.server.requests.at(-1)?.body;

  it("asks the chat endpoint for JSON by the schema, repeatably", async () => {
    await connect({ model: "nano", maxTokens: 400 }).judge(PROMPT, never());
    deepEqual(lastBody(), {
      model: "nano",
      messages: [
        { role: "system", content: "You judge." },
        { role: "user", content: "A person." },
      ],
      response_format: {
        type: "json_schema",
        json_schema: { name: "verdict", strict: true, schema: verdictJsonSchema },
      },
      temperature: 0,
      seed: 1,
      max_tokens: 400,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it("asks the completion endpoint for the same", async () => {
    await connect({ api: "completion", maxTokens: 400 }).judge(PROMPT, never());
    deepEqual(lastBody(), {
      prompt: "You judge.\n\nA person.\n",
      json_schema: verdictJsonSchema,
      temperature: 0,
      seed: 1,
      n_predict: 400,
      cache_prompt: true,
      stream: true,
    });
  });

  it("names no model where none is configured", async () => {
    await connect().judge(PROMPT, never());
    equal("model" in (lastBody() ?? {}), false);
  });

  for (const api of APIS) {
    it(`hands back what the model wrote, its name and the token counts (${api})`, async () => {
      const reply = await connect({ api }).judge(PROMPT, never());
      deepEqual(JSON.parse(reply.content), VERDICT);
      equal(reply.isCut, false);
      equal(reply.model, "test-model.gguf");
      ok(reply.promptTokens !== null && reply.promptTokens > 0);
      ok(reply.completionTokens !== null && reply.completionTokens > 0);
    });

    it(`says where the model reached the token limit (${api})`, async () => {
      rig.server.misbehave("truncated");
      const { content, isCut } = await connect({ api }).judge(PROMPT, never());
      equal(isCut, true);
      ok(JSON.stringify(VERDICT).startsWith(content));
    });

    it(`leaves empty and odd content to the parser (${api})`, async () => {
      for (const content of ["", "no idea"]) {
        rig.server.answer(content);
        equal((await connect({ api }).judge(PROMPT, never())).content, content);
      }
    });
  }

  const urls: [string, string][] = [
    ["", ""],
    ["", "/"],
    ["", "/v1"],
    ["", "/v1/"],
    ["/llm", ""],
    ["/llm", "/"],
    ["/llm", "/v1/"],
    ["/v1/llm", "//v1//"],
  ];
  for (const [prefix, ending] of urls) {
    for (const [api, path] of [
      ["chat", "/v1/chat/completions"],
      ["completion", "/completion"],
    ] as const) {
      it(`finds ${path} under "${prefix}${ending}"`, async () => {
        await rig.serve({ prefix });
        await connect({ url: rig.server.url + ending, api }).judge(PROMPT, never());
        equal(rig.server.requests.at(-1)?.path, prefix + path);
      });
    }
  }

  describe("faults", () => {
    type Fault = [Misbehaviour, typeof ServerError | typeof ReplyError, string, RegExp];
    const faults: Fault[] = [
      [503, ServerError, "LLM_BUSY", /503: "Loading model"/],
      [429, ServerError, "LLM_BUSY", /429: "Too many requests"/],
      [500, ServerError, "LLM_FAILED", /500: "Compute error"/],
      [401, ReplyError, "LLM_REFUSED", /401: "Invalid API Key"/],
      ["refuse", ReplyError, "LLM_CONTEXT", /400: "request \(9001 tokens\) exceeds/],
      ["confused", ReplyError, "LLM_REPLY_UNUSABLE", /500: "The model produced output that does not match/],
      ["redirect", ReplyError, "LLM_REFUSED", /307: "Temporary Redirect"/],
      ["garbage", ServerError, "LLM_REPLY", /It said "Segmentation fault/],
      ["html", ServerError, "LLM_REPLY", /It said "\(!doctype html\)/],
      ["huge", ServerError, "LLM_REPLY", /more than 1024 KiB/],
      ["hangup", ServerError, "LLM_FAILED", /closed the connection/],
      ["cut", ServerError, "LLM_FAILED", /closed the connection/],
      ["never", ServerError, "LLM_TIMEOUT", /within 0\.2 s/],
      ["dribble", ServerError, "LLM_TIMEOUT", /within 0\.2 s/],
      [{ slow: 60_000 }, ServerError, "LLM_TIMEOUT", /within 0\.2 s/],
    ];
    for (const [mode, type, code, message] of faults) {
      for (const api of APIS) {
        it(`${JSON.stringify(mode)} is ${code} (${api})`, async () => {
          rig.server.misbehave(mode);
          const error = await failure(connect({ api, timeoutMs: 200, apiKey: KEY }));
          ok(error instanceof type, String(error));
          equal(error.code, code);
          equal(error.retryable, type === ServerError);
          ok(message.test(error.message), error.message);
          equal(rig.server.requests.length, 1);
        });
      }
    }

    const tooLong: [string, object | string, number | null, number | null][] = [
      ["llama.cpp", { code: 400, type: "exceed_context_size_error", message: "m", n_prompt_tokens: 9, n_ctx: 8 }, 9, 8],
      ["an older llama.cpp", { code: 400, message: "the request exceeds the available context size" }, null, null],
      ["vLLM", { code: 400, message: "This model's maximum context length is 8 tokens" }, null, null],
      [
        "senseless numbers",
        { type: "exceed_context_size_error", message: "m", n_prompt_tokens: -1, n_ctx: "8" },
        null,
        null,
      ],
    ];
    for (const [whose, error, promptTokens, contextSize] of tooLong) {
      it(`a prompt that is too long is LLM_CONTEXT, in the words of ${whose}`, async () => {
        rig.server.misbehave({ raw: JSON.stringify({ error }), status: 400 });
        const thrown = await failure(connect());
        ok(thrown instanceof ContextError, String(thrown));
        deepEqual([thrown.code, thrown.promptTokens, thrown.contextSize], ["LLM_CONTEXT", promptTokens, contextSize]);
      });
    }

    it("works again as soon as the server does", async () => {
      const client = connect({ timeoutMs: 200 });
      for (const mode of ["hangup", "never", 503, null] as const) {
        rig.server.misbehave(mode);
        if (mode !== null) await failure(client);
      }
      ok(await client.judge(PROMPT, never()));
    });

    it("waits for a slow model up to the timeout", async () => {
      rig.server.misbehave({ slow: 100 });
      ok(await connect({ timeoutMs: 5_000 }).judge(PROMPT, never()));
    });

    it("a closed port is LLM_UNREACHABLE, and says which address", async () => {
      const client = connect();
      await rig.server.close();
      const error = await failure(client);
      equal(error.code, "LLM_UNREACHABLE");
      ok(error.retryable);
      ok(error.message.includes(`${rig.server.url}/v1/chat/completions cannot be reached: `), error.message);
      await rig.serve({});
    });

    it("an unknown host is LLM_UNREACHABLE", async () => {
      equal((await failure(connect({ url: "http://nowhere.invalid" }))).code, "LLM_UNREACHABLE");
    });

    it("a server that does not speak HTTP is LLM_REPLY", async () => {
      const ftp = createServer((socket) => socket.end("220 ready\r\n")).listen(0, "127.0.0.1");
      try {
        await once(ftp, "listening");
        const address = ftp.address();
        ok(address !== null && typeof address === "object");
        equal((await failure(connect({ url: `http://127.0.0.1:${address.port}` }))).code, "LLM_REPLY");
      } finally {
        ftp.close();
      }
    });
  });

  describe("replies of another shape", () => {
    const replies: [string, unknown, string | null][] = [
      ["no choices", { choices: [] }, "LLM_REPLY"],
      ["no message", { choices: [{ finish_reason: "stop" }] }, "LLM_REPLY"],
      ["content that is no text", { choices: [{ message: { content: 7 } }] }, "LLM_REPLY"],
      ["an error with status 200", { error: { message: "no model" } }, "LLM_FAILED"],
      ["an error that is a text", { error: "no model" }, "LLM_FAILED"],
      ["no content", { choices: [{ message: { content: null } }] }, null],
      ["senseless counts", { choices: [{ message: { content: "x" } }], usage: { prompt_tokens: -1 }, model: 7 }, null],
      ["only what is needed", { choices: [{ message: { content: "x" } }] }, null],
    ];
    for (const [what, reply, code] of replies) {
      it(`${what}: ${code ?? "taken"}`, async () => {
        rig.server.misbehave({ raw: JSON.stringify(reply) });
        const client = connect({ model: "configured" });
        if (code !== null) {
          equal((await failure(client)).code, code);
          return;
        }
        const { model, promptTokens, completionTokens } = await client.judge(PROMPT, never());
        deepEqual([model, promptTokens, completionTokens], ["configured", null, null]);
      });
    }
  });

  describe("cancelling", () => {
    const modes: Misbehaviour[] = ["never", "dribble"];
    for (const mode of modes) {
      it(`rejects with the signal's reason and drops the connection (${JSON.stringify(mode)})`, async () => {
        rig.server.misbehave(mode);
        const controller = new AbortController();
        const reason = new Error("the node was removed");
        const judged = connect().judge(PROMPT, controller.signal);
        await eventually(() => rig.server.requests.length === 1, "the request");
        controller.abort(reason);
        await rejects(judged, reason);
        await eventually(() => rig.server.requests[0]?.abandoned === true, "the client to go");
      });
    }

    it("asks nothing when it is cancelled beforehand", async () => {
      await rejects(connect().judge(PROMPT, AbortSignal.abort(new Error("too late"))), /too late/);
      equal(rig.server.requests.length, 0);
    });

    it("close ends what is under way, and may be called twice", async () => {
      rig.server.misbehave("never");
      const client = connect();
      const failed = rejects(client.judge(PROMPT, never()), ServerError);
      await eventually(() => rig.server.requests.length === 1, "the request");
      await client.close();
      await client.close();
      await failed;
    });
  });

  it("sends no more requests at a time than it may; waiting does not count against the timeout", async () => {
    let running = 0;
    let most = 0;
    rig.server.answer(async () => {
      most = Math.max(most, ++running);
      await sleep(100);
      running--;
      return VERDICT;
    });
    const client = connect({ concurrency: 2, timeoutMs: 500 });
    const replies = await Promise.all(Array.from({ length: 16 }, () => client.judge(PROMPT, never())));
    equal(replies.length, 16);
    equal(most, 2);
  });

  describe("the API key", () => {
    it("goes to the server", async () => {
      await rig.serve({ apiKey: KEY });
      ok(await connect({ apiKey: KEY }).judge(PROMPT, never()));
      equal((await failure(connect())).code, "LLM_REFUSED");
    });

    it("stays out of errors, even where the server repeats it", async () => {
      const leaks: Misbehaviour[] = [
        { raw: `Your key ${KEY} is wrong` },
        { raw: JSON.stringify({ key: KEY }) },
        { raw: JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}` } }), status: 401 },
        "hangup",
        503,
      ];
      for (const mode of leaks) {
        rig.server.misbehave(mode);
        const error = await failure(connect({ apiKey: KEY }));
        for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
          ok(!`${cause.stack} ${JSON.stringify(cause)}`.includes(KEY), cause.stack);
        }
      }
    });
  });

  describe("settings that cannot work", () => {
    const settings: [string, Partial<LlamaOptions>, string][] = [
      ["no scheme", { url: "192.168.1.10:8080" }, "LLM_URL"],
      ["another scheme", { url: "ftp://host" }, "LLM_URL"],
      ["nothing", { url: "" }, "LLM_URL"],
      ["a password in the address", { url: `http://user:${KEY}@host` }, "LLM_URL"],
      ["a key that no header takes", { apiKey: `${KEY}\n` }, "LLM_API_KEY"],
      ["an empty key", { apiKey: "" }, "LLM_API_KEY"],
    ];
    for (const [what, options, code] of settings) {
      it(`${what}: ${code}`, () => {
        throws(
          () => connect(options),
          (error) => {
            ok(error instanceof ConfigError);
            equal(error.code, code);
            ok(!error.message.includes(KEY));
            return true;
          },
        );
      });
    }
  });
});
