/** Asks a llama.cpp server for a verdict: one HTTP request, bounded in time and size, every fault with its own code. */
import { STATUS_CODES } from "node:http";
import { addAbortSignal } from "node:stream";
import { Agent, errors, request } from "undici";
import { z } from "zod";
import { asError, ConfigError, ReplyError, ServerError } from "../resilience/errors.ts";
import { isUnreachable, retryAfterMs } from "../resilience/http.ts";
import { type Completion, LLAMA_APIS, type LlamaApi } from "./llama-api.ts";
import type { Prompt } from "./prompts/prompt.ts";
import { asData } from "./sanitise.ts";

export interface LlamaOptions {
  /** The server's address, with or without `/v1`: `http://192.168.1.10:8080`. */
  readonly url: string;
  readonly api: keyof typeof LLAMA_APIS;
  /** For servers that hold several; null asks for none in particular. */
  readonly model: string | null;
  readonly apiKey: string | null;
  /** Milliseconds that one answer may take once the server has the request. */
  readonly timeoutMs: number;
  /** The longest verdict, in tokens. */
  readonly maxTokens: number;
  /** Requests at a time; further ones wait here, and their time does not run yet. */
  readonly concurrency: number;
}

/**
 * Two minutes suit a large model on a CPU. The schema allows a verdict of 3500 characters: about 900 tokens of English,
 * more in other languages; most take a quarter of it. A home server mostly answers one request at a time.
 */
export const LLAMA_DEFAULTS = { timeoutMs: 120_000, maxTokens: 1536, concurrency: 1 } as const;

/** What the model wrote, before anybody has looked whether it is a verdict. */
export type LlamaReply = Completion;

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_REPLY_BYTES = 2 ** 20;
const EXCERPT_LENGTH = 200;

export class LlamaClient {
  /** The model that is asked for. */
  readonly model: string | null;
  readonly #options: LlamaOptions;
  readonly #api: LlamaApi;
  readonly #endpoint: string;
  readonly #headers: Record<string, string>;
  readonly #agent: Agent;

  /** @throws ConfigError `LLM_URL`, `LLM_API_KEY` */
  constructor(options: LlamaOptions) {
    const { timeoutMs, concurrency, apiKey } = options;
    // It is sent in a header, which takes visible ASCII only.
    if (apiKey !== null && !/^[\x21-\x7e]+$/.test(apiKey)) {
      throw new ConfigError("LLM_API_KEY", "The language model's API key may have no spaces and no special characters");
    }
    this.model = options.model;
    this.#options = options;
    this.#api = LLAMA_APIS[options.api];
    this.#endpoint = baseAddress(options.url) + this.#api.path;
    this.#headers = {
      "content-type": "application/json",
      accept: "application/json",
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    };
    this.#agent = new Agent({
      connections: concurrency,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      // Without streaming the headers come only when the whole answer is written.
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: MAX_REPLY_BYTES,
    });
  }

  /**
   * Has the model judge. Rejects with the signal's reason as soon as it is aborted.
   * @throws ServerError `LLM_UNREACHABLE`, `LLM_TIMEOUT`, `LLM_BUSY`, `LLM_FAILED`, or `LLM_REPLY` where what answers is
   *   not such a server
   * @throws ReplyError `LLM_REFUSED` for a request the server does not take
   */
  async judge(prompt: Prompt, signal: AbortSignal): Promise<LlamaReply> {
    const answer = await this.#post(this.#api.body(prompt, this.model, this.#options.maxTokens), signal);
    const { status, text } = answer;
    if (status >= 300) throw this.#refusal(answer);

    const reply = this.#api.reply.safeParse(parseJson(text));
    if (!reply.success) {
      throw new ServerError(
        "LLM_REPLY",
        `${this.#endpoint} does not answer like a llama.cpp server, is the address right? It said ${this.#quote(text)}`,
      );
    }
    return { ...reply.data, model: reply.data.model ?? this.model };
  }

  /** Ends every request that is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(body: unknown, signal: AbortSignal): Promise<Answer> {
    try {
      const response = await request(this.#endpoint, {
        dispatcher: this.#agent,
        method: "POST",
        headers: this.#headers,
        body: JSON.stringify(body),
        signal,
      });
      // The agent's own limit is between two pieces of the body, and there may be many pieces.
      addAbortSignal(AbortSignal.timeout(this.#options.timeoutMs), response.body);
      const retryAfter = retryAfterMs(response.headers["retry-after"]);
      return { status: response.statusCode, retryAfter, text: await response.body.text() };
    } catch (thrown) {
      signal.throwIfAborted();
      throw this.#fault(asError(thrown));
    }
  }

  /** The server could not be asked, or did not answer in full. */
  #fault(cause: Error): ServerError {
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
    const error = (vigilCode: string, what: string, unreachable = false) =>
      new ServerError(vigilCode, `The language model at ${this.#endpoint} ${what}`, { cause, unreachable });
    switch (code) {
      case "UND_ERR_HEADERS_TIMEOUT":
      case "UND_ERR_BODY_TIMEOUT":
      case "ABORT_ERR":
        return error("LLM_TIMEOUT", `did not answer within ${this.#options.timeoutMs / 1000} s`);
      case "UND_ERR_SOCKET":
      case "ECONNRESET":
      case "EPIPE":
        return error("LLM_FAILED", "closed the connection before it had answered");
      case "UND_ERR_RES_EXCEEDED_MAX_SIZE":
        return error("LLM_REPLY", `answered more than ${MAX_REPLY_BYTES / 1024} KiB`);
      default:
        if (cause instanceof errors.HTTPParserError) return error("LLM_REPLY", "does not speak HTTP");
        return error("LLM_UNREACHABLE", `cannot be reached: ${cause.message || code}`, isUnreachable(cause));
    }
  }

  /** The server answered, and not with a completion. */
  #refusal({ status, retryAfter, text }: Answer): ServerError | ReplyError {
    const words = errorMessage(text) || text || STATUS_CODES[status] || "";
    const said = `${this.#endpoint} answered ${status}: ${this.#quote(words)}`;
    if (status === 429 || status === 503) {
      return new ServerError("LLM_BUSY", `The language model is busy, ${said}`, { retryAfterMs: retryAfter });
    }
    if (status >= 500) return new ServerError("LLM_FAILED", `The language model failed, ${said}`);
    return new ReplyError("LLM_REFUSED", `The language model refused the request, ${said}`);
  }

  /** The start of what the server said. Some servers repeat the API key in their complaint. */
  #quote(text: string): string {
    const { apiKey } = this.#options;
    return `"${asData(apiKey === null ? text : text.replaceAll(apiKey, "***"), EXCERPT_LENGTH)}"`;
  }
}

interface Answer {
  readonly status: number;
  /** How long the server asks to be left alone, in milliseconds; null where it does not say. */
  readonly retryAfter: number | null;
  readonly text: string;
}

/** Scheme, host, port and path prefix, without the `/v1` that the endpoints bring themselves. */
function baseAddress(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username !== "" || parsed.password !== "") {
    throw new ConfigError(
      "LLM_URL",
      "The language model's address must be http:// or https:// and a host, without a password in it, like http://192.168.1.10:8080",
    );
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ErrorReply = z.object({ error: z.object({ message: z.string() }) });

function errorMessage(text: string): string | undefined {
  return ErrorReply.safeParse(parseJson(text)).data?.error.message;
}
