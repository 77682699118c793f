/** The way to a server over HTTP: address, connections, deadlines, limits, and a name for each failure. */
import type { IncomingHttpHeaders } from "node:http";
import { unescape as percentDecode } from "node:querystring";
import { Readable } from "node:stream";
import { Agent, errors, request } from "undici";
import { z } from "zod";
import { asError, ConfigError, ReplyError, reasonOf, ServerError, type VigilError } from "./errors.ts";
import { isUnreachable, retryAfterMs } from "./http.ts";
import { jsonIn } from "./json.ts";
import { oneLine } from "./one-line.ts";

/** Characters of a server's own words that an error repeats. */
const MAX_QUOTE = 200;

/** What errors say of a server that is none of the kind that was expected. */
export interface ServerKind {
  /** Its errors' codes begin with it: `DETECTOR`. */
  readonly code: string;
  /** `detector` */
  readonly name: string;
  /** What it answers with: `detections`. */
  readonly answers: string;
  /** Such as `http://192.168.1.10:8095`. */
  readonly example: string;
}

export interface ConnectionOptions {
  /** Where the server listens, as `http://192.168.1.10:8095` or, behind a gateway, `http://192.168.1.10:8090/yolo26`. */
  readonly url: string;
  /** For one request, connecting included. */
  readonly timeoutMs: number;
  /** Requests under way at once, each on its own connection. */
  readonly concurrency: number;
  /** The longest reply. */
  readonly maxReplyBytes: number;
}

/** What is posted, in pieces to be sent one after the other. */
export interface Body {
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Buffer[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Holds its own keep-alive connections until closed. Follows no redirects, and inflates nothing. */
export class ServerConnection {
  /** The server's address, without credentials. */
  readonly name: string;
  readonly #kind: ServerKind;
  readonly #base: URL;
  readonly #path: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #maxReplyBytes: number;
  readonly #agent: Agent;
  /** Beside the work: a server that is busy with it still says how it is. */
  readonly #sideAgent: Agent;

  /** Throws `ConfigError` …_URL. A user name and password in the URL are sent as basic authentication. */
  constructor(kind: ServerKind, { url, timeoutMs, concurrency, maxReplyBytes }: ConnectionOptions) {
    const base = URL.parse(url);
    if (!base || !/^https?:$/.test(base.protocol)) {
      throw new ConfigError(`${kind.code}_URL`, `The ${kind.name}'s address must be a URL such as ${kind.example}`);
    }
    this.#kind = kind;
    this.#headers = basicAuthorization(base);
    base.username = "";
    base.password = "";
    this.#base = base;
    this.#path = base.pathname.replace(/\/+$/, "");
    this.name = base.origin + this.#path;
    this.#timeoutMs = timeoutMs;
    this.#maxReplyBytes = maxReplyBytes;
    this.#agent = newAgent(concurrency, maxReplyBytes);
    this.#sideAgent = newAgent(1, maxReplyBytes);
  }

  /**
   * Posts below the server's address. Throws `ServerError` …_UNREACHABLE, …_TIMEOUT, or …_REPLY for what is no HTTP or too
   * much of it; or the signal's reason.
   */
  async post(path: string, body: Body, signal: AbortSignal, timeoutMs = this.#timeoutMs): Promise<Answer> {
    return this.#send(this.#agent, { method: "POST", path, body, timeoutMs }, signal);
  }

  /** Gets something small, such as the server's health; null where nothing comes. Throws the signal's reason. */
  async look(path: string, signal: AbortSignal): Promise<Answer | null> {
    const sending = { method: "GET", path, body: null, timeoutMs: this.#timeoutMs } as const;
    return this.#send(this.#sideAgent, sending, signal).catch((thrown: unknown) => {
      if (thrown instanceof ServerError) return null;
      throw thrown;
    });
  }

  /**
   * The reply in an answer. Throws `ServerError` …_BUSY (429, 503), …_FAILED (other 5xx), …_TIMEOUT (408), …_DENIED (401,
   * 403), …_REPLY (not this interface: 404, 405, a redirect, no JSON, another shape); `ReplyError` …_REFUSED (other 4xx),
   * which is about what was sent.
   */
  parse<T>(answer: Answer, schema: z.ZodType<T>): T {
    if (answer.status >= 300) throw this.#statusError(answer);
    const json = jsonIn(answer.text);
    const reply = schema.safeParse(json);
    if (reply.success) return reply.data;
    const [issue] = reply.error.issues;
    const wrong = json === undefined ? "not JSON" : `${issue?.path.join(".") || "reply"}: ${issue?.message}`;
    const type = answer.headers["content-type"] ?? "no content type";
    throw this.wrongReply(`did not answer with ${this.#kind.answers} (${wrong}), but: ${type}, ${quote(answer.text)}`);
  }

  /** The error for a server that cannot be one of this interface. */
  wrongReply(what: string, cause?: unknown): ServerError {
    return this.#fault("REPLY", `${this.name} ${what}`, { cause });
  }

  /** Abandons what is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#sideAgent.destroy()]);
  }

  async #send(dispatcher: Agent, { method, path, body, timeoutMs }: Sending, signal: AbortSignal): Promise<Answer> {
    const url = new URL(this.#base);
    url.pathname = `${this.#path}/${path}`;
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(url, {
        method,
        headers: { ...this.#headers, ...body?.headers },
        body: body && Readable.from(body.pieces),
        signal: AbortSignal.any([signal, deadline]),
        dispatcher,
      });
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#connectionError(cause, deadline.aborted ? timeoutMs : null);
    }
  }

  #connectionError(cause: unknown, lateMs: number | null): ServerError {
    if (lateMs !== null) {
      return this.#fault("TIMEOUT", `${this.name} did not answer within ${lateMs / 1000} s`, { cause });
    }
    if (cause instanceof errors.ResponseExceededMaxSizeError) {
      const what = `answers more than ${this.#maxReplyBytes} bytes, too many for ${this.#kind.answers}`;
      return this.wrongReply(what, cause);
    }
    if (cause instanceof errors.HTTPParserError) return this.wrongReply(`does not speak HTTP: ${cause.message}`, cause);
    const message = `No connection to ${this.name}: ${reasonOf(asError(cause))}`;
    return this.#fault("UNREACHABLE", message, { cause, unreachable: isUnreachable(cause) });
  }

  #statusError(answer: Answer): VigilError {
    const { status, headers } = answer;
    const { code, name } = this.#kind;
    const said = `${this.name} answered ${status}: ${explanationIn(answer.text)}`;
    if (status < 400) {
      const to = oneLine(String(headers.location), MAX_QUOTE);
      return this.wrongReply(`redirects to ${to}; give the address it listens on itself`);
    }
    // A wrong address, or a server that has not started this work yet: no request's fault.
    if (isMissing(answer)) {
      return this.#fault("REPLY", `${said}; give the address and the interface of a ${name} that runs`);
    }
    switch (status) {
      case 401:
      case 403:
        return this.#fault("DENIED", said);
      case 408:
        return this.#fault("TIMEOUT", said);
      case 429:
      case 503:
        return this.#fault("BUSY", said, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
    }
    return status >= 500 ? this.#fault("FAILED", said) : new ReplyError(`${code}_REFUSED`, said);
  }

  #fault(code: string, message: string, fault: ConstructorParameters<typeof ServerError>[2] = {}): ServerError {
    return new ServerError(`${this.#kind.code}_${code}`, message, fault);
  }
}

interface Sending {
  readonly method: "GET" | "POST";
  /** Below the server's address. */
  readonly path: string;
  readonly body: Body | null;
  readonly timeoutMs: number;
}

/** The deadline of each request stands in for undici's own timeouts, which would cut a slow server short at 300 s. */
function newAgent(connections: number, maxResponseSize: number): Agent {
  return new Agent({ connections, maxResponseSize, headersTimeout: 0, bodyTimeout: 0 });
}

function basicAuthorization({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const credentials = `${percentDecode(username)}:${percentDecode(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

/** Whether a server has no such endpoint. */
export function isMissing({ status }: Answer): boolean {
  return status === 404 || status === 405;
}

/** A server's own words, fit for an error. */
export function quote(text: string): string {
  return oneLine(text, MAX_QUOTE) || "no explanation";
}

/** FastAPI's error body, a text or a list of what is wrong with which field; or that of DeepStack's interface. */
const ErrorReply = z.union([
  z.object({ detail: z.union([z.string(), z.array(z.unknown())]) }).transform(({ detail }) => detail),
  z.object({ error: z.string() }).transform(({ error }) => error),
]);

/** What an error reply says, or whatever text came. */
function explanationIn(text: string): string {
  const said = ErrorReply.safeParse(jsonIn(text)).data ?? text;
  return quote(typeof said === "string" ? said : JSON.stringify(said));
}
