/** HTTP to a language model's server: bounded in time and size, every fault with its own code. */
import { Readable } from "node:stream";
import { Agent, errors, request } from "undici";
import type { Clock } from "../resilience/clock.ts";
import { asError, ConfigError, reasonOf, ServerError, VigilError } from "../resilience/errors.ts";
import { isUnreachable, retryAfterMs } from "../resilience/http.ts";
import { errorOf, type Refusal } from "./llama-errors.ts";
import { asData } from "./sanitise.ts";

export interface ConnectionOptions {
  /** The server's address, with or without `/v1`. */
  readonly url: string;
  readonly apiKey: string | null;
  /** Questions at a time; further ones wait here, and their time does not run yet. */
  readonly concurrency: number;
  readonly clock: Clock;
}

export interface Request {
  /** Under the server's base address. */
  readonly path: string;
  /** To be sent as JSON; absent for a GET. */
  readonly body?: object;
  /** Milliseconds that the answer may take once the server has the request. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** A question about the server itself does not wait for those to the model. */
  readonly beside?: boolean;
}

/** The beginning of an answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly isEventStream: boolean;
  readonly body: AsyncIterable<Uint8Array> & { text(): Promise<string> };
  /** From now on until it is called again: how many milliseconds of silence end the answer with `LLM_STALLED`. */
  expectWithin(ms: number): void;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A streamed token takes 250 to 300 of them. */
const MAX_REPLY_BYTES = 2 ** 20;
const EXCERPT_LENGTH = 200;

export class LlamaConnection {
  /** Without a slash at its end. */
  readonly address: string;
  readonly #apiKey: string | null;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;
  readonly #toModel: Agent;
  readonly #toServer: Agent;

  /** @throws ConfigError `LLM_URL`, `LLM_API_KEY` */
  constructor({ url, apiKey, concurrency, clock }: ConnectionOptions) {
    // It is sent in a header, which takes visible ASCII only.
    if (apiKey !== null && !/^[\x21-\x7e]+$/.test(apiKey)) {
      throw new ConfigError("LLM_API_KEY", "The language model's API key may have no spaces and no special characters");
    }
    this.address = baseAddress(url);
    this.#apiKey = apiKey;
    this.#headers = {
      accept: "application/json, text/event-stream",
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    };
    this.#clock = clock;
    this.#toModel = agent(concurrency);
    this.#toServer = agent(null);
  }

  /**
   * Asks, and has `read` read the answer. Rejects with the signal's reason as soon as that is aborted.
   * @throws ServerError `LLM_UNREACHABLE`, `LLM_TIMEOUT`, `LLM_STALLED`, `LLM_FAILED`, `LLM_REPLY` (not HTTP, too much),
   *   and what `read` throws
   */
  async ask<T>({ path, body, timeoutMs, signal, beside }: Request, read: (answer: Answer) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const endAfter = (ms: number, code: string, what: string) =>
      this.#clock.after(ms, () =>
        limit.abort(new ServerError(code, `The language model at ${this.address + path} ${what}`)),
      );
    let hasBegun = false;
    let cancelTimeout = () => {};
    let cancelSilence = () => {};
    const begin = () => {
      cancelTimeout = endAfter(timeoutMs, "LLM_TIMEOUT", `did not answer within ${timeoutMs / 1000} s`);
    };
    if (!body) begin();
    try {
      const response = await request(this.address + path, {
        dispatcher: beside ? this.#toServer : this.#toModel,
        // llama.cpp closes a connection that has had a stream, and does not say so beforehand.
        reset: true,
        signal: AbortSignal.any([signal, limit.signal]),
        ...(body ? this.#post(body, begin) : { headers: this.#headers }),
      });
      hasBegun = true;
      return await read({
        status: response.statusCode,
        retryAfterMs: retryAfterMs(response.headers["retry-after"]),
        isEventStream: String(response.headers["content-type"]).startsWith("text/event-stream"),
        body: response.body,
        expectWithin: (ms) => {
          cancelSilence();
          cancelSilence = endAfter(ms, "LLM_STALLED", `fell silent for ${ms / 1000} s in the middle of its answer`);
        },
      });
    } catch (thrown) {
      signal.throwIfAborted();
      throw this.#fault(asError(thrown), path, hasBegun);
    } finally {
      cancelTimeout();
      cancelSilence();
    }
  }

  /** The error for an answer that is a refusal. */
  refused(refusal: Refusal, path: string): VigilError {
    return errorOf(refusal, this.address + path, (text) => this.#quote(text));
  }

  /** The error for an answer of another shape than such a server gives. */
  unlike(text: string, path: string): ServerError {
    return new ServerError(
      "LLM_REPLY",
      `${this.address + path} does not answer like a llama.cpp server, is the address right? It said ${this.#quote(text)}`,
    );
  }

  /** Ends every request that is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#toModel.destroy(), this.#toServer.destroy()]);
  }

  /** `onSend` is called when the request has got a connection, and goes out. */
  #post(body: object, onSend: () => void) {
    const bytes = Buffer.from(JSON.stringify(body));
    async function* send() {
      onSend();
      yield bytes;
    }
    return {
      method: "POST",
      headers: { ...this.#headers, "content-type": "application/json", "content-length": String(bytes.length) },
      body: Readable.from(send()),
    } as const;
  }

  /** The server could not be asked, or did not answer in full though it `hasBegun` to. */
  #fault(cause: Error, path: string, hasBegun: boolean): VigilError {
    if (cause instanceof VigilError) return cause;
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
    const error = (vigilCode: string, what: string, unreachable = false) =>
      new ServerError(vigilCode, `The language model at ${this.address + path} ${what}`, { cause, unreachable });
    if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") {
      return error("LLM_REPLY", `answered more than ${MAX_REPLY_BYTES / 1024} KiB`);
    }
    if (hasBegun || ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(code)) {
      return error("LLM_FAILED", "closed the connection before it had answered");
    }
    if (cause instanceof errors.HTTPParserError) return error("LLM_REPLY", "does not speak HTTP");
    return error("LLM_UNREACHABLE", `cannot be reached: ${reasonOf(cause)}`, isUnreachable(cause));
  }

  /** The start of what the server said. Some servers repeat the API key in their complaint. */
  #quote(text: string): string {
    const withoutKey = this.#apiKey === null ? text : text.replaceAll(this.#apiKey, "***");
    return `"${asData(withoutKey, EXCERPT_LENGTH)}"`;
  }
}

/** The deadline of each request stands in for undici's own timeouts. */
function agent(connections: number | null): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
  });
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
