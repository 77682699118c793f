/** A llama-server for tests: the routes, shapes and errors of the real one, the answers and the faults a test asks for. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** A request that reached one of the two answering routes with a body it takes. */
export interface LlmRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
  /** All the text the model would read. */
  readonly prompt: string;
  /** The client went away before it had its answer; the real server then frees its slot. */
  readonly abandoned: boolean;
}

/** What the model writes: as it stands, or an object to be written as JSON. */
export type LlmAnswer = string | object;

/**
 * - a number: that HTTP status, with the error the real server has for it (503: loading the model)
 * - `refuse`: 400, the prompt is longer than the context
 * - `slow`: the right answer after that many milliseconds; `never`: none, the connection stays open
 * - `hangup`: closes the connection instead of answering; `cut`: in the middle of the answer
 * - `dribble`: the headers, then a space now and then without an end
 * - `garbage`: not JSON; `html`: a web page; `huge`: 2 MiB of JSON
 * - `redirect`: to the same place, for a client that follows
 * - `truncated`: the answer ends at the token limit
 * - `raw`: this body as it is
 */
export type Misbehaviour =
  | 401
  | 429
  | 500
  | 503
  | "refuse"
  | "never"
  | "hangup"
  | "cut"
  | "dribble"
  | "garbage"
  | "html"
  | "huge"
  | "redirect"
  | "truncated"
  | { readonly slow: number }
  | { readonly raw: string; readonly status?: number };

export interface LlmServer {
  /** `http://127.0.0.1:PORT`, and the prefix. */
  readonly url: string;
  readonly requests: readonly LlmRequest[];
  /** From now on; without it a harmless verdict. A function may look at the request and take its time. */
  answer(answer: LlmAnswer | ((request: LlmRequest) => LlmAnswer | Promise<LlmAnswer>)): void;
  /** From now on, on the answering routes; `null` behaves again. */
  misbehave(mode: Misbehaviour | null): void;
  /** Drops every connection. */
  close(): Promise<void>;
}

export interface LlmServerOptions {
  readonly port?: number;
  readonly apiKey?: string;
  /** What stands before every path: `/llm`. */
  readonly prefix?: string;
}

const HARMLESS = {
  reasoning: "One person by day who comes and goes.",
  summary: "A person at the door.",
  risk_score: 12,
  recommended_action: "",
};
const MODEL = "test-model.gguf";

const Sampling = z.looseObject({ temperature: z.literal(0), stream: z.literal(false) });
const Schema = z.looseObject({ type: z.literal("object"), properties: z.record(z.string(), z.unknown()) });
const ChatBody = Sampling.extend({
  messages: z.array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() })).min(1),
  max_tokens: z.int().positive(),
  response_format: z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ name: z.string().min(1), strict: z.literal(true), schema: Schema }),
  }),
});
const CompletionBody = Sampling.extend({
  prompt: z.string().min(1),
  n_predict: z.int().positive(),
  json_schema: Schema,
  cache_prompt: z.literal(true),
});

interface Route {
  /** Takes only what Vigil must send: a schema and temperature 0. */
  readonly body: z.ZodType<Record<string, unknown>>;
  prompt(body: Record<string, unknown>): string;
  reply(content: string, cut: boolean, tokens: { prompt: number; completion: number }): object;
}

const ROUTES: Readonly<Record<string, Route>> = {
  "/v1/chat/completions": {
    body: ChatBody,
    prompt: (body) =>
      ChatBody.parse(body)
        .messages.map(({ content }) => content)
        .join("\n"),
    reply: (content, cut, tokens) => ({
      choices: [{ finish_reason: cut ? "length" : "stop", index: 0, message: { role: "assistant", content } }],
      created: Math.floor(Date.now() / 1000),
      model: MODEL,
      system_fingerprint: "b11669",
      object: "chat.completion",
      usage: {
        completion_tokens: tokens.completion,
        prompt_tokens: tokens.prompt,
        total_tokens: tokens.prompt + tokens.completion,
      },
      id: "chatcmpl-1",
    }),
  },
  "/completion": {
    body: CompletionBody,
    prompt: (body) => CompletionBody.parse(body).prompt,
    reply: (content, cut, tokens) => ({
      index: 0,
      content,
      stop: true,
      model: MODEL,
      tokens_predicted: tokens.completion,
      tokens_evaluated: tokens.prompt,
      truncated: false,
      stop_type: cut ? "limit" : "eos",
      stopping_word: "",
      tokens_cached: tokens.prompt + tokens.completion - 1,
      timings: { prompt_n: tokens.prompt, predicted_n: tokens.completion },
    }),
  },
};

const ERRORS = {
  400: ["exceed_context_size_error", "request (9001 tokens) exceeds the available context size (4096 tokens)"],
  401: ["authentication_error", "Invalid API Key"],
  404: ["not_found_error", "File Not Found"],
  429: ["rate_limit_error", "Too many requests"],
  500: ["server_error", "Compute error"],
  503: ["unavailable_error", "Loading model"],
} as const;

/** Resolves when the server, on 127.0.0.1, accepts connections. */
export async function startLlmServer({ port = 0, apiKey, prefix = "" }: LlmServerOptions = {}): Promise<LlmServer> {
  const requests: LlmRequest[] = [];
  let answer: Parameters<LlmServer["answer"]>[0] = HARMLESS;
  let mode: Misbehaviour | null = null;
  const closing = new AbortController();

  const server = createServer((request, response) => {
    handle(request, response).catch((error) => response.destroy(error));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://server").pathname;
    const route = path.startsWith(prefix) ? ROUTES[path.slice(prefix.length)] : undefined;
    if (path === `${prefix}/health`) return mode === 503 ? fail(response, 503) : send(response, 200, { status: "ok" });
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) return fail(response, 401);
    if (!route || request.method !== "POST") return fail(response, 404);

    const body = route.body.safeParse(parseJson(await text(request)));
    if (!body.success) return fail(response, 400, "invalid_request_error", z.prettifyError(body.error));
    const received = {
      path,
      headers: request.headers,
      body: body.data,
      prompt: route.prompt(body.data),
      abandoned: false,
    };
    response.once("close", () => {
      received.abandoned = !response.writableFinished;
    });
    requests.push(received);

    const content = async () => {
      const given = typeof answer === "function" ? await answer(received) : answer;
      return typeof given === "string" ? given : JSON.stringify(given);
    };
    await respond(response, route, received.prompt, content);
  }

  async function respond(
    response: ServerResponse,
    route: Route,
    prompt: string,
    content: () => Promise<string>,
  ): Promise<void> {
    if (typeof mode === "number") return fail(response, mode);
    switch (mode) {
      case "refuse":
        return fail(response, 400);
      case "never":
        return;
      case "hangup":
        response.destroy();
        return;
      case "cut":
        response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
        response.write('{"choices":[', () => response.destroy());
        return;
      case "dribble":
        response.writeHead(200, { "content-type": "application/json" });
        while (!response.destroyed) {
          response.write(" ");
          await sleep(20, undefined, { signal: closing.signal });
        }
        return;
      case "garbage":
        return send(response, 200, "Segmentation fault (core dumped)");
      case "html":
        return send(response, 200, "<!doctype html><title>Router login</title><h1>Welcome</h1>", "text/html");
      case "huge":
        return send(response, 200, JSON.stringify("x".repeat(2 * 2 ** 20)));
      case "redirect":
        response.writeHead(307, { location: response.req.url ?? "/" }).end();
        return;
    }
    const truncated = mode === "truncated";
    if (mode !== null && typeof mode === "object") {
      if ("raw" in mode) return send(response, mode.status ?? 200, mode.raw);
      await sleep(mode.slow, undefined, { signal: closing.signal });
    }
    const whole = await content();
    const written = truncated ? whole.slice(0, whole.length / 2) : whole;
    // Four characters a token, as English has them.
    const tokens = { prompt: Math.ceil(prompt.length / 4), completion: Math.ceil(written.length / 4) };
    send(response, 200, route.reply(written, truncated, tokens));
  }

  return {
    url: `http://127.0.0.1:${address.port}${prefix}`,
    requests,
    answer: (next) => {
      answer = next;
    },
    misbehave: (next) => {
      mode = next;
    },
    close: async () => {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, status: number, body: object | string, type = "application/json"): void {
  response.writeHead(status, { server: "llama.cpp", "content-type": `${type}; charset=utf-8` });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

function fail(
  response: ServerResponse,
  code: keyof typeof ERRORS,
  type: string = ERRORS[code][0],
  message: string = ERRORS[code][1],
): void {
  const size = type === "exceed_context_size_error" ? { n_prompt_tokens: 9001, n_ctx: 4096 } : {};
  send(response, code, { error: { code, message, type, ...size } });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
