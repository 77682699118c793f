/** The way to a detector's server over HTTP: address, connections, deadlines, limits, and a name for each failure. */
import type { IncomingHttpHeaders } from "node:http";
import { basename } from "node:path";
import { unescape as percentDecode } from "node:querystring";
import { Readable } from "node:stream";
import { Agent, errors, request } from "undici";
import { z } from "zod";
import { asError, ConfigError, ReplyError, ServerError, type VigilError } from "../resilience/errors.ts";
import { isUnreachable, retryAfterMs } from "../resilience/http.ts";
import { jsonIn } from "../resilience/json.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { Picture } from "./detector.ts";
import { type Form, multipartForm, type Part } from "./multipart.ts";

/** A full reply has about 100 bytes a box; this is room for 80,000. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** As long as a file's name can be. */
const MAX_FILE_NAME = 255;

/** Characters of a server's own words that an error repeats. */
const MAX_QUOTE = 200;

export interface ServerOptions {
  /** Where the server listens, as `http://192.168.1.10:8095` or, behind a gateway, `http://192.168.1.10:8090/yolo26`. */
  readonly url: string;
  /** For one picture, connecting included. */
  readonly timeoutMs: number;
  /** Pictures under way at once, each on its own connection. */
  readonly concurrency: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Pictures as a form, each in a field of this name, and what else is asked for. */
export function pictureForm(field: string, pictures: readonly Picture[], others: readonly Part[] = []): Form {
  const files = pictures.map(({ bytes, fileName }) => ({
    name: field,
    // A server may drop the connection over a control character in a multipart header.
    fileName: oneLine(basename(fileName), MAX_FILE_NAME),
    bytes,
  }));
  return multipartForm([...files, ...others]);
}

/** Holds its own keep-alive connections until closed. Follows no redirects, and inflates nothing. */
export class DetectorConnection {
  /** The server's address, without credentials. */
  readonly name: string;
  readonly #base: URL;
  readonly #path: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #agent: Agent;
  /** Beside the pictures: a server that is busy with them still says how it is. */
  readonly #sideAgent: Agent;

  /** Throws `ConfigError` DETECTOR_URL. A user name and password in the URL are sent as basic authentication. */
  constructor({ url, timeoutMs, concurrency }: ServerOptions) {
    const base = URL.parse(url);
    if (!base || !/^https?:$/.test(base.protocol)) {
      throw new ConfigError("DETECTOR_URL", "The detector's address must be a URL such as http://192.168.1.10:8095");
    }
    this.#headers = basicAuthorization(base);
    base.username = "";
    base.password = "";
    this.#base = base;
    this.#path = base.pathname.replace(/\/+$/, "");
    this.name = base.origin + this.#path;
    this.#timeoutMs = timeoutMs;
    this.#agent = newAgent(concurrency);
    this.#sideAgent = newAgent(1);
  }

  /**
   * Posts a form with so many pictures, for which the server has as many times the timeout. Throws `ServerError`
   * DETECTOR_UNREACHABLE, DETECTOR_TIMEOUT, or DETECTOR_REPLY for what is no HTTP or too much of it; or the signal's
   * reason.
   */
  async post(path: string, form: Form, signal: AbortSignal, pictures = 1): Promise<Answer> {
    return this.#send(this.#agent, { method: "POST", path, form, timeoutMs: this.#timeoutMs * pictures }, signal);
  }

  /** Gets something small, such as the server's health; null where nothing comes. Throws the signal's reason. */
  async look(path: string, signal: AbortSignal): Promise<Answer | null> {
    const sending = { method: "GET", path, form: null, timeoutMs: this.#timeoutMs } as const;
    return this.#send(this.#sideAgent, sending, signal).catch((thrown: unknown) => {
      if (thrown instanceof ServerError) return null;
      throw thrown;
    });
  }

  /**
   * The reply in an answer. Throws `ServerError` DETECTOR_BUSY (429, 503), DETECTOR_FAILED (other 5xx), DETECTOR_TIMEOUT
   * (408), DETECTOR_DENIED (401, 403), DETECTOR_REPLY (not this interface: 404, 405, a redirect, no JSON, another
   * shape); `ReplyError` DETECTOR_REFUSED (other 4xx), which is about the picture.
   */
  parse<T>(answer: Answer, schema: z.ZodType<T>): T {
    if (answer.status >= 300) throw this.#statusError(answer);
    const json = jsonIn(answer.text);
    const reply = schema.safeParse(json);
    if (reply.success) return reply.data;
    const [issue] = reply.error.issues;
    const wrong = json === undefined ? "not JSON" : `${issue?.path.join(".") || "reply"}: ${issue?.message}`;
    const type = answer.headers["content-type"] ?? "no content type";
    throw this.wrongReply(`did not answer with detections (${wrong}), but: ${type}, ${quote(answer.text)}`);
  }

  /** The error for a server that cannot be one of this interface. */
  wrongReply(what: string, cause?: unknown): ServerError {
    return new ServerError("DETECTOR_REPLY", `${this.name} ${what}`, { cause });
  }

  /** Abandons what is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#sideAgent.destroy()]);
  }

  async #send(dispatcher: Agent, { method, path, form, timeoutMs }: Sending, signal: AbortSignal): Promise<Answer> {
    const url = new URL(this.#base);
    url.pathname = `${this.#path}/${path}`;
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(url, {
        method,
        headers: { ...this.#headers, ...form?.headers },
        body: form && Readable.from(form.pieces),
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
      return new ServerError("DETECTOR_TIMEOUT", `${this.name} did not answer within ${lateMs / 1000} s`, { cause });
    }
    if (cause instanceof errors.ResponseExceededMaxSizeError) {
      return this.wrongReply(`answers more than ${MAX_REPLY_BYTES} bytes: that is no list of detections`, cause);
    }
    if (cause instanceof errors.HTTPParserError) return this.wrongReply(`does not speak HTTP: ${cause.message}`, cause);
    const message = `No connection to ${this.name}: ${reasonOf(cause)}`;
    return new ServerError("DETECTOR_UNREACHABLE", message, { cause, unreachable: isUnreachable(cause) });
  }

  #statusError(answer: Answer): VigilError {
    const { status, headers } = answer;
    const said = `${this.name} answered ${status}: ${explanationIn(answer.text)}`;
    if (status < 400) {
      const to = oneLine(String(headers.location), MAX_QUOTE);
      return this.wrongReply(`redirects to ${to}; give the address it listens on itself`);
    }
    // A wrong address, or a server that has not started its detection yet: no picture's fault.
    if (isMissing(answer)) {
      return new ServerError("DETECTOR_REPLY", `${said}; give the address and the interface of a detector that runs`);
    }
    switch (status) {
      case 401:
      case 403:
        return new ServerError("DETECTOR_DENIED", said);
      case 408:
        return new ServerError("DETECTOR_TIMEOUT", said);
      case 429:
      case 503:
        return new ServerError("DETECTOR_BUSY", said, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
    }
    return status >= 500 ? new ServerError("DETECTOR_FAILED", said) : new ReplyError("DETECTOR_REFUSED", said);
  }
}

interface Sending {
  readonly method: "GET" | "POST";
  /** Below the server's address. */
  readonly path: string;
  readonly form: Form | null;
  readonly timeoutMs: number;
}

/** The deadline of each request stands in for undici's own timeouts, which would cut a slow server short at 300 s. */
function newAgent(connections: number): Agent {
  return new Agent({ connections, maxResponseSize: MAX_REPLY_BYTES, headersTimeout: 0, bodyTimeout: 0 });
}

function basicAuthorization({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const credentials = `${percentDecode(username)}:${percentDecode(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

/** Why a connection failed. Where several addresses were tried, the error has only a code. */
function reasonOf(thrown: unknown): string {
  const error = asError(thrown);
  return error.message || ("code" in error ? String(error.code) : error.name);
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
