import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { LlamaOptions } from "../../../lib/analyze/llama-client.ts";
import { ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { asEvent } from "../../support/llm-replies.ts";
import { APIS, failure, LlmRig, never, PROMPT, VERDICT } from "./llm-rig.ts";

const word = (content: string) => asEvent({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const THOUGHT = asEvent({ choices: [{ index: 0, delta: { reasoning_content: "Hm." }, finish_reason: null }] });
const ROLE = asEvent({ choices: [{ index: 0, delta: { role: "assistant", content: null }, finish_reason: null }] });
const STOP = asEvent({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const CUT = asEvent({ choices: [{ index: 0, delta: {}, finish_reason: "length" }] });
const DONE = asEvent("[DONE]");
const error = (error: unknown) => asEvent({ error });

describe("LlamaClient, with a streamed answer", () => {
  let rig: LlmRig;

  beforeEach(async () => {
    rig = await LlmRig.start();
  });
  afterEach(() => rig.close());

  const stream = (chunks: Iterable<string | Uint8Array>, ending: "end" | "hangup" | "silence" = "end") =>
    rig.server.misbehave({ chunks, ending });

  for (const api of APIS) {
    it(`counts the tokens as they come (${api})`, async () => {
      const progress: number[] = [];
      const seen = new Set<number>();
      const client = rig.connect({ api, onChange: () => seen.add(client.tokensUnderWay) });
      const reply = await client.judge(PROMPT, never(), (tokens) => progress.push(tokens));
      deepEqual(JSON.parse(reply.content), VERDICT);
      equal(progress.length, Math.ceil(JSON.stringify(VERDICT).length / 4));
      deepEqual(
        progress,
        [...progress.keys()].map((index) => index + 1),
      );
      deepEqual([...seen], progress);
      equal(client.tokensUnderWay, 0);
    });

    it(`takes an answer in one piece as well (${api})`, async () => {
      rig.server.misbehave("whole");
      const progress: number[] = [];
      const reply = await rig.connect({ api }).judge(PROMPT, never(), (tokens) => progress.push(tokens));
      deepEqual(JSON.parse(reply.content), VERDICT);
      ok(reply.completionTokens);
      deepEqual(progress, []);
    });

    it(`says how much of the prompt the server had kept, and how long it took (${api})`, async () => {
      const client = rig.connect({ api });
      const first = await client.judge(PROMPT, never());
      const second = await client.judge(PROMPT, never());
      equal(first.cachedTokens, 0);
      equal(second.promptTokens, first.promptTokens);
      equal(second.cachedTokens, (first.promptTokens ?? 0) - 1);
      ok(Number.isInteger(first.latencyMs) && first.latencyMs >= 0);
    });
  }

  it("says that the answer was cut at the token limit", async () => {
    stream([word("a"), CUT, DONE]);
    const { content, isCut } = await rig.connect().judge(PROMPT, never());
    deepEqual([content, isCut], ["a", true]);
  });

  it("measures the time on the monotonic clock", async () => {
    const clock = new FakeClock();
    rig.server.answer(() => {
      clock.setWall(0);
      clock.advance(1_234);
      return VERDICT;
    });
    equal((await rig.connect({ clock }).judge(PROMPT, never())).latencyMs, 1_234);
  });

  describe("of a shape of its own", () => {
    const good: [string, string[], ("end" | "hangup")?][] = [
      ["a role first", [ROLE, word("a"), word("b"), STOP, DONE]],
      ["thinking", [THOUGHT, THOUGHT, word("ab"), STOP, DONE]],
      ["no [DONE]", [word("a"), word("b"), STOP]],
      ["the end in the event of the last token", [word("a"), word("b").replace("null", '"stop"')]],
      ["the connection lost after the end", [word("a"), word("b"), STOP], "hangup"],
      ["garbage after the end", [word("ab"), STOP, asEvent("}{")]],
      ["pings and comments", [":\n\n", word("a"), ": ping\n\n", ":\n\n", word("b"), STOP, DONE]],
      ["garbage between the events", ["Segmentation fault\n", word("a"), "\n<html>\r\n", word("b"), STOP, DONE]],
      ["CRLF", [[word("a"), word("b"), STOP, DONE].join("").replaceAll("\n", "\r\n")]],
      ["events in pieces", [...[word("a"), word("b"), STOP, DONE].join("")]],
    ];
    for (const [what, chunks, then] of good) {
      it(`${what}: taken`, async () => {
        stream(chunks, then);
        const { content, promptTokens, completionTokens, cachedTokens, model } = await rig
          .connect()
          .judge(PROMPT, never());
        deepEqual([content, promptTokens, completionTokens, cachedTokens, model], ["ab", null, null, null, null]);
      });
    }

    it("takes the numbers from wherever they stand", async () => {
      const usage = { prompt_tokens: 30, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 20 } };
      stream([word("a"), STOP, asEvent({ choices: [], model: "nano", usage }), DONE]);
      const { model, promptTokens, completionTokens, cachedTokens } = await rig.connect().judge(PROMPT, never());
      deepEqual([model, promptTokens, completionTokens, cachedTokens], ["nano", 30, 2, 20]);
    });
  });

  describe("that is at fault", () => {
    type Fault = [string, string[], "end" | "hangup", typeof ServerError | typeof ReplyError, string, RegExp];
    const faults: Fault[] = [
      ["nothing", [], "end", ServerError, "LLM_FAILED", /ended its answer before it was complete/],
      ["no end", [word("a"), DONE], "end", ServerError, "LLM_FAILED", /ended its answer before it was complete/],
      ["the connection lost", [word("a")], "hangup", ServerError, "LLM_FAILED", /closed the connection/],
      ["an event that is cut", [word("a").slice(0, 20)], "end", ServerError, "LLM_FAILED", /ended its answer/],
      ["garbage for an event", [word("a"), asEvent("}{")], "end", ServerError, "LLM_REPLY", /It said "\}\{"/],
      ["an event of another shape", [asEvent({ choices: 1 })], "end", ServerError, "LLM_REPLY", /It said/],
      [
        "an error",
        [word("a"), error({ code: 500, message: "Compute error" })],
        "end",
        ServerError,
        "LLM_FAILED",
        /Compute/,
      ],
      ["an error in words", [word("a"), error("boom")], "end", ServerError, "LLM_FAILED", /"boom"/],
      ["an error without a code", [error({ message: "boom", code: null })], "end", ServerError, "LLM_FAILED", /"boom"/],
      [
        "an answer that the server does not understand",
        [word("a"), error({ code: 500, message: "The model produced output that does not match the expected format" })],
        "end",
        ReplyError,
        "LLM_REPLY_UNUSABLE",
        /does not match/,
      ],
      [
        "an error of an older llama.cpp",
        ['error: {"code":400,"message":"the request exceeds the available context size"}\n\n', DONE],
        "end",
        ReplyError,
        "LLM_CONTEXT",
        /exceeds/,
      ],
      ["too busy in the middle", [error({ code: 503, message: "no slot" })], "end", ServerError, "LLM_BUSY", /no slot/],
    ];
    for (const [what, chunks, then, type, code, message] of faults) {
      it(`${what}: ${code}`, async () => {
        stream(chunks, then);
        const thrown = await failure(rig.connect());
        ok(thrown instanceof type, String(thrown));
        equal(thrown.code, code);
        ok(message.test(thrown.message), thrown.message);
      });
    }

    const endless: [string, string][] = [
      ["tokens", word("a")],
      ["comments", `: ${"x".repeat(1_000)}\n\n`],
      ["one line", "x".repeat(1_000)],
      ["thoughts", THOUGHT],
    ];
    for (const [what, chunk] of endless) {
      it(`endless ${what}: LLM_REPLY`, async () => {
        stream(
          (function* () {
            for (;;) yield chunk;
          })(),
        );
        const thrown = await failure(rig.connect());
        equal(thrown.code, "LLM_REPLY");
        ok(/more than 1024 KiB/.test(thrown.message), thrown.message);
      });
    }
  });

  describe("that stalls", () => {
    const start = (options: Partial<LlamaOptions> = {}) => {
      const clock = new FakeClock();
      const client = rig.connect({ clock, stallMs: 30_000, timeoutMs: 120_000, ...options });
      const progress: number[] = [];
      const judged = client.judge(PROMPT, never(), (tokens) => progress.push(tokens));
      let isOver = false;
      judged
        .catch(() => {})
        .finally(() => {
          isOver = true;
        });
      const came = (tokens: number) => eventually(() => progress.length === tokens, `${tokens} tokens`);
      const stillWaits = async () => {
        for (let n = 0; n < 5; n++) await turn();
        equal(isOver, false);
      };
      return { clock, judged, came, stillWaits };
    };

    it("is LLM_STALLED when no further token has come for so long", async () => {
      stream([word("a"), word("b")], "silence");
      const { clock, judged, came, stillWaits } = start();
      await came(2);
      clock.advance(29_999);
      await stillWaits();
      clock.advance(1);
      await rejects(judged, { name: "ServerError", code: "LLM_STALLED", message: /fell silent for 30 s/ });
      await eventually(() => rig.server.requests[0]?.abandoned === true, "the client to go");
    });

    it("may be silent for as long as the whole may take before the first token", async () => {
      stream([ROLE, ":\n\n"], "silence");
      const { clock, judged, stillWaits } = start();
      await eventually(() => clock.pending > 0 && rig.server.requests.length === 1, "the request");
      clock.advance(119_999);
      await stillWaits();
      clock.advance(1);
      await rejects(judged, { code: "LLM_TIMEOUT", message: /within 120 s/ });
    });

    it("is no failure once the model has ended", async () => {
      stream([word("a"), STOP], "silence");
      const { clock, judged } = start({ stallMs: 3_600_000, timeoutMs: 3_600_000 });
      await eventually(async () => {
        clock.advance(1_000);
        return Promise.race([judged, Promise.resolve(undefined)]);
      }, "the answer");
      equal((await judged).content, "a");
    });

    it("fails at the end of its time though tokens keep coming", async () => {
      stream([word("a"), word("b")], "silence");
      const { clock, judged, came } = start({ stallMs: 3_600_000 });
      await came(2);
      clock.advance(120_000);
      await rejects(judged, { code: "LLM_TIMEOUT" });
    });
  });

  it("rejects with the signal's reason when it is cancelled between two tokens", async () => {
    stream([word("a")], "silence");
    const controller = new AbortController();
    const judged = rig.connect().judge(PROMPT, controller.signal, () => controller.abort(new Error("removed")));
    await rejects(judged, /removed/);
    await eventually(() => rig.server.requests[0]?.abandoned === true, "the client to go");
  });
});
