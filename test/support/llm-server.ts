/** A llama-server for tests: the routes, shapes and errors of the real one, the answers and the faults a test asks for. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { asEvent, fail, failBlind, failTooLong, send, sendChunks } from "./llm-replies.ts";
import { LLM_ROUTES, type LlmRoute, MODEL, type Numbers, STRICT_ROUTES } from "./llm-routes.ts";

/** A request for a verdict that reached one of the two answering routes with a body it takes. */
export interface LlmRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
  /** All the text the model would read. */
  readonly prompt: string;
  /** The pictures it would see. */
  readonly pictures: readonly Buffer[];
  /** The client went away before it had its answer; the real server then frees its slot. */
  readonly abandoned: boolean;
}

/** What the model writes: as it stands, or an object to be written as JSON. */
export type LlmAnswer = string | object;

/**
 * - a number: that HTTP status, with the error the real server has for it (503: loading the model)
 * - `refuse`: 400, the prompt is longer than the context; `confused`: 500, it does not understand what its model wrote
 * - `slow`: the right answer after that many milliseconds; `never`: none, the connection stays open
 * - `hangup`: closes the connection instead of answering; `cut`: in the middle of the answer
 * - `dribble`: the headers, then a space now and then without an end
 * - `whole`: the right answer in one piece, though a stream was asked for
 * - `garbage`: not JSON; `html`: a web page; `huge`: 2 MiB of JSON
 * - `redirect`: to the same place, for a client that follows
 * - `truncated`: the answer ends at the token limit
 * - `raw`: this body as it is
 * - `chunks`: these pieces of a stream one by one, each after the one before is on its way; then the end of the reply, the
 *   end of the connection, or nothing more
 */
export type Misbehaviour =
  | 401
  | 429
  | 500
  | 503
  | "refuse"
  | "confused"
  | "whole"
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
  | { readonly raw: string; readonly status?: number }
  | { readonly chunks: Iterable<string | Uint8Array>; readonly ending: "end" | "hangup" | "silence" };

export interface LlmServer {
  /** `http://127.0.0.1:PORT`, and the prefix. */
  readonly url: string;
  readonly requests: readonly LlmRequest[];
  /** How often somebody tried whether the schema is enforced. */
  readonly proofs: number;
  /** Paths of the requests about the server itself. */
  readonly questions: readonly string[];
  /** From now on; without it a harmless verdict. A function may look at the request and take its time. */
  answer(answer: LlmAnswer | ((request: LlmRequest) => LlmAnswer | Promise<LlmAnswer>)): void;
  /** From now on, on the answering routes; `null` behaves again. */
  misbehave(mode: Misbehaviour | null): void;
  /** Whether the schema of a request is enforced, as it is at first. */
  enforce(on: boolean): void;
  /** Changes the model. */
  load(model: string): void;
  /** Drops every connection. */
  close(): Promise<void>;
}

export interface LlmServerOptions {
  readonly port?: number;
  readonly apiKey?: string;
  /** What stands before every path: `/llm`. */
  readonly prefix?: string;
  /** `llama.cpp` at first; `vllm` and `plain` have only the chat endpoint and refuse fields that they do not know. */
  readonly kind?: "llama.cpp" | "vllm" | "plain";
  /** Paths that the server does not have. */
  readonly without?: readonly string[];
  /** Whether the model takes pictures, and llama.cpp says so; absent: it does, and is too old to say. */
  readonly sees?: boolean;
  /** Tokens that each picture takes, 256 at first. */
  readonly pictureTokens?: number;
  /** Tokens that a prompt may have; a longer one is refused. Without it, prompts may have any length. */
  readonly contextSize?: number;
}

const HARMLESS = {
  reasoning: "One person by day who comes and goes.",
  summary: "A person at the door.",
  risk_score: 12,
  recommended_action: "",
};
export const CONTEXT_SIZE = 4096;
const SLOTS = 2;
const CONFUSED = "The model produced output that does not match the expected peg-native format";
const Tokenize = z.object({ content: z.string(), prompt: z.string() });

/** Resolves when the server, on 127.0.0.1, accepts connections. */
export async function startLlmServer({
  port = 0,
  apiKey,
  prefix = "",
  kind = "llama.cpp",
  without = [],
  contextSize = Number.POSITIVE_INFINITY,
  sees,
  pictureTokens = 256,
}: LlmServerOptions = {}): Promise<LlmServer> {
  const requests: LlmRequest[] = [];
  const questions: string[] = [];
  let proofs = 0;
  let answer: Parameters<LlmServer["answer"]>[0] = HARMLESS;
  let mode: Misbehaviour | null = null;
  let enforced = true;
  let model = MODEL;
  /** The prompt that is in the cache. */
  let lastPrompt = "";
  const closing = new AbortController();

  const server = createServer((request, response) => {
    handle(request, response).catch((error) => response.destroy(error));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://server");
    const path = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : "";
    if (path === "/health") return mode === 503 ? fail(response, 503) : send(response, 200, { status: "ok" });
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) return fail(response, 401);
    const body = parseJson(await text(request));
    const route = (kind === "llama.cpp" ? LLM_ROUTES : STRICT_ROUTES)[path];
    if (without.includes(path)) return fail(response, 404);
    if (route && request.method === "POST") return answerTo(pathname, request, route, body, response);

    questions.push(path);
    const said = facts(path, body);
    if (mode === 503) fail(response, 503);
    else if (said) send(response, 200, said);
    else fail(response, 404);
  }

  /** What the server says of itself; undefined where it does not know the path. */
  function facts(path: string, body: unknown): object | undefined {
    if (path === "/v1/models") {
      const entry = { id: model, object: "model", ...(kind === "vllm" && { max_model_len: CONTEXT_SIZE }) };
      return { object: "list", data: [{ id: "another", object: "model" }, entry].slice(kind === "vllm" ? 0 : 1) };
    }
    if (path === "/slots" && kind === "llama.cpp") {
      return Array.from({ length: SLOTS }, (_, id) => ({ id, n_ctx: CONTEXT_SIZE, is_processing: id === 0 }));
    }
    const { content, prompt } = Tokenize.safeParse(body).data ?? {};
    if (path === "/tokenize" && kind === "llama.cpp") return { tokens: tokensOf(content ?? "") };
    if (path === "/tokenize" && kind === "vllm")
      return { count: tokensOf(prompt ?? "").length, tokens: tokensOf(prompt ?? "") };
    if (path === "/props" && kind === "llama.cpp") {
      return {
        default_generation_settings: { params: {}, n_ctx: CONTEXT_SIZE },
        total_slots: SLOTS,
        model_alias: model,
        ...(sees !== undefined && { modalities: { vision: sees, audio: false } }),
      };
    }
    return undefined;
  }

  async function answerTo(
    path: string,
    { headers }: IncomingMessage,
    route: LlmRoute,
    sent: unknown,
    response: ServerResponse,
  ): Promise<void> {
    const body = route.body.safeParse(sent);
    if (!body.success) return fail(response, 400, "invalid_request_error", z.prettifyError(body.error));
    const prompt = route.prompt(body.data);
    const [constant] = Object.entries(route.schema(body.data).properties).filter(
      ([, field]) => field.enum?.length === 1,
    );
    if (constant) {
      proofs += 1;
      const [name, { enum: [value] = [] }] = constant;
      const content = enforced ? JSON.stringify({ [name]: value }) : "Sure! Which code do you mean?";
      return respond(response, route, prompt, async () => content);
    }
    const pictures = route.pictures(body.data);
    const received = { path, headers, body: body.data, prompt, pictures, abandoned: false };
    response.once("close", () => {
      received.abandoned = !response.writableFinished;
    });
    requests.push(received);
    if (sees === false && pictures.length > 0) return failBlind(response, kind, model);
    const length = tokensOf(prompt).length + pictures.length * pictureTokens;
    if (length > contextSize) return failTooLong(response, length, contextSize);
    const content = async () => {
      const given = typeof answer === "function" ? await answer(received) : answer;
      return typeof given === "string" ? given : JSON.stringify(given);
    };
    await respond(response, route, prompt, content);
  }

  async function respond(
    response: ServerResponse,
    route: LlmRoute,
    prompt: string,
    content: () => Promise<string>,
  ): Promise<void> {
    if (typeof mode === "number") return fail(response, mode);
    switch (mode) {
      case "refuse":
        return fail(response, 400);
      case "confused":
        return fail(response, 500, "server_error", CONFUSED);
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
    if (mode !== null && typeof mode === "object") {
      if ("raw" in mode) return send(response, mode.status ?? 200, mode.raw);
      if ("chunks" in mode) return sendChunks(response, mode.chunks, mode.ending);
      await sleep(mode.slow, undefined, { signal: closing.signal });
    }
    const isCut = mode === "truncated";
    const isWhole = mode === "whole";
    const all = await content();
    const written = isCut ? all.slice(0, all.length / 2) : all;
    const tokens = tokensOf(written);
    const numbers: Numbers = {
      prompt: tokensOf(prompt).length,
      completion: tokens.length,
      cached: prompt === lastPrompt ? tokensOf(prompt).length - 1 : 0,
    };
    lastPrompt = prompt;
    if (isWhole) return send(response, 200, route.whole(model, written, isCut, numbers));
    await sendChunks(response, route.events(model, tokens, isCut, numbers).map(asEvent), "end");
  }

  return {
    url: `http://127.0.0.1:${address.port}${prefix}`,
    requests,
    questions,
    get proofs() {
      return proofs;
    },
    answer: (next) => {
      answer = next;
    },
    misbehave: (next) => {
      mode = next;
    },
    enforce: (on) => {
      enforced = on;
    },
    load: (next) => {
      model = next;
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

/** Four characters a token, as English has them. */
function tokensOf(content: string): string[] {
  return content.match(/.{1,4}/gsu) ?? [];
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
