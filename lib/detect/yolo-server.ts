/** Detection by a YOLO26 or RT-DETRv2 server over HTTP. */
import type { IncomingHttpHeaders } from "node:http";
import { basename } from "node:path";
import { unescape as percentDecode } from "node:querystring";
import { Agent, errors, request } from "undici";
import { z } from "zod";
import type { Frame } from "../domain/detection.ts";
import { asError, ConfigError, ReplyError, ServerError, type VigilError } from "../resilience/errors.ts";
import { isUnreachable, retryAfterMs } from "../resilience/http.ts";
import { oneLine } from "../resilience/one-line.ts";
import { type Detector, detectOneByOne, type Picture, type PictureFault, type Sighting } from "./detector.ts";
import { multipartForm } from "./multipart.ts";
import { readPictureFrame } from "./picture-frame.ts";
import { ErrorReply, YoloReply } from "./yolo-reply.ts";

/** A full reply has about 100 bytes a box; this is room for 80,000. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** As long as a file's name can be. */
const MAX_FILE_NAME = 255;

/** Characters of a server's own words that an error repeats. */
const MAX_QUOTE = 200;

export interface YoloServerOptions {
  /** Where the server listens, as `http://192.168.1.10:8095` or, behind a gateway, `http://192.168.1.10:8090/yolo26`. */
  readonly url: string;
  /** For one picture, connecting included. */
  readonly timeoutMs: number;
  /** Pictures under way at once, each on its own connection. */
  readonly concurrency: number;
}

/** `POST <url>/detect`, the picture as multipart field `file`. Holds its own keep-alive connections until closed. */
export class YoloServer implements Detector {
  /** The server's address, without credentials. */
  readonly name: string;
  readonly inProcess = false;
  readonly concurrency: number;
  readonly #endpoint: URL;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #agent: Agent;

  /** Throws `ConfigError` DETECTOR_URL. A user name and password in the URL are sent as basic authentication. */
  constructor({ url, timeoutMs, concurrency }: YoloServerOptions) {
    const endpoint = URL.parse(url);
    if (!endpoint || !/^https?:$/.test(endpoint.protocol)) {
      throw new ConfigError("DETECTOR_URL", "The detector's address must be a URL such as http://192.168.1.10:8095");
    }
    const base = endpoint.pathname.replace(/\/+$/, "");
    this.name = endpoint.origin + base;
    this.concurrency = concurrency;
    this.#headers = basicAuthorization(endpoint);
    endpoint.username = "";
    endpoint.password = "";
    endpoint.pathname = `${base}/detect`;
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
    // The deadline of each picture stands in for undici's own timeouts, which would cut a slow server short at 300 s.
    this.#agent = new Agent({
      connections: concurrency,
      maxResponseSize: MAX_REPLY_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * See `Detector`. `ServerError` DETECTOR_UNREACHABLE, DETECTOR_TIMEOUT, DETECTOR_BUSY (429, 503), DETECTOR_FAILED
   * (other 5xx), DETECTOR_REPLY (not this interface: a redirect, no JSON, another shape, too large); `ReplyError`
   * DETECTOR_REFUSED (other 4xx); `MediaError` UNREADABLE_IMAGE where neither the server nor the picture states a size.
   */
  async detect(picture: Picture, signal: AbortSignal): Promise<Sighting> {
    const answer = await this.#post(picture, signal);
    if (answer.status >= 300) throw this.#statusError(answer);
    const reply = this.#parse(answer);
    const frame = await this.#frame(reply, picture);
    signal.throwIfAborted();
    return { frame, boxes: reply.detections, inferenceMs: reply.inference_time_ms };
  }

  async detectMany(pictures: readonly Picture[], signal: AbortSignal): Promise<(Sighting | PictureFault)[]> {
    return detectOneByOne(this, pictures, signal);
  }

  /** The server keeps nothing between pictures. */
  reset(): void {}

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(picture: Picture, signal: AbortSignal): Promise<Answer> {
    // A server may drop the connection over a control character in a multipart header.
    const fileName = oneLine(basename(picture.fileName), MAX_FILE_NAME);
    const { headers, body } = multipartForm([{ name: "file", fileName, bytes: picture.bytes }]);
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await request(this.#endpoint, {
        method: "POST",
        headers: { ...this.#headers, ...headers },
        body,
        signal: AbortSignal.any([signal, deadline]),
        dispatcher: this.#agent,
      });
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    } catch (cause) {
      signal.throwIfAborted();
      throw this.#connectionError(cause, deadline.aborted);
    }
  }

  #connectionError(cause: unknown, late: boolean): ServerError {
    if (late) {
      const message = `${this.name} did not answer within ${this.#timeoutMs / 1000} s`;
      return new ServerError("DETECTOR_TIMEOUT", message, { cause });
    }
    if (cause instanceof errors.ResponseExceededMaxSizeError) {
      const message = `${this.name} answers more than ${MAX_REPLY_BYTES} bytes: that is no list of detections`;
      return new ServerError("DETECTOR_REPLY", message, { cause });
    }
    if (cause instanceof errors.HTTPParserError) {
      return new ServerError("DETECTOR_REPLY", `${this.name} does not speak HTTP: ${cause.message}`, { cause });
    }
    const message = `No connection to ${this.name}: ${reasonOf(cause)}`;
    return new ServerError("DETECTOR_UNREACHABLE", message, { cause, unreachable: isUnreachable(cause) });
  }

  #statusError({ status, headers, text }: Answer): VigilError {
    const said = `${this.name} answered ${status}: ${detailOf(text)}`;
    if (status < 400) {
      const to = oneLine(String(headers.location), MAX_QUOTE);
      return new ServerError(
        "DETECTOR_REPLY",
        `${this.name} redirects to ${to}; give the address it listens on itself`,
      );
    }
    if (status === 408) return new ServerError("DETECTOR_TIMEOUT", said);
    if (status === 429 || status === 503) {
      return new ServerError("DETECTOR_BUSY", said, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
    }
    if (status >= 500) return new ServerError("DETECTOR_FAILED", said);
    return new ReplyError("DETECTOR_REFUSED", said);
  }

  #parse({ headers, text }: Answer): YoloReply {
    try {
      return YoloReply.parse(JSON.parse(text));
    } catch (cause) {
      const [issue] = cause instanceof z.ZodError ? cause.issues : [];
      const wrong = issue ? `${issue.path.join(".") || "reply"}: ${issue.message}` : "not JSON";
      const came = `${headers["content-type"] ?? "no content type"}, ${oneLine(text, MAX_QUOTE)}`;
      const message = `${this.name} did not answer with detections (${wrong}), but: ${came}`;
      throw new ServerError("DETECTOR_REPLY", message, { cause });
    }
  }

  /**
   * The picture the boxes are measured in: the server must mean the one it was sent, as it is or with the sides swapped
   * (a server that does not turn pictures by their EXIF orientation). Another one would put every box out of place.
   */
  async #frame({ image_width: width, image_height: height }: YoloReply, { bytes }: Picture): Promise<Frame> {
    if (!width || !height) return await readPictureFrame(bytes);
    const stated = { width, height };
    // The server may take formats that we cannot read, such as BMP.
    const own = await readPictureFrame(bytes).catch(() => stated);
    const same = width === own.width && height === own.height;
    const swapped = width === own.height && height === own.width;
    if (same || swapped) return stated;
    const message = `${this.name} says the picture is ${width} x ${height}, where it is ${own.width} x ${own.height}`;
    throw new ServerError("DETECTOR_REPLY", message);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
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

/** What an error reply says: FastAPI's `detail`, or whatever text came. */
function detailOf(text: string): string {
  let detail: unknown = text;
  try {
    detail = ErrorReply.parse(JSON.parse(text)).detail;
  } catch {
    // Not FastAPI's form: the text itself is all there is.
  }
  return oneLine(typeof detail === "string" ? detail : JSON.stringify(detail), MAX_QUOTE) || "no explanation";
}
